#pragma once

#include <uv.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cap_watch.h"
#include "app/delivery.h"
#include "app/fleet_views.h"
#include "app/forget_orders.h"
#include "app/freed_memory.h"
#include "app/history_feed.h"
#include "app/ingest_worker.h"
#include "app/map_watcher.h"
#include "app/observation_table.h"
#include "app/service_manager.h"
#include "app/setup.h"
#include "app/state_keeper.h"
#include "app/stop_guard.h"
#include "app/store_thread.h"
#include "app/text_explainer.h"
#include "http/snapshot.h"
#include "http/status_server.h"
#include "net/handle.h"
#include "sluice/base/error.h"
#include "sluice/base/stats.h"
#include "sluice/base/time.h"
#include "sluice/pipeline/publisher.h"
#include "sluice/pipeline/sender_counts.h"
#include "sluice/values/zone.h"
#include "store/state_lock.h"

namespace sluice {

struct DaemonOptions {
  SetupOptions setup;  // For reloads.
  bool print = false;  // Print what is published on standard output.
};

// The relay: builds and owns everything, in order, and runs the control loop. Once a tick it takes
// every worker's delta, merges them, publishes what is due, and hands it to every destination.
class Daemon {
 public:
  // `guard` hears the signals that stop it, and outlives it.
  Daemon(Setup setup, DaemonOptions options, StopGuard& guard);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Opens the sockets and starts the workers. An error is one line for the operator.
  [[nodiscard]] Expected<void> start();

  // Runs until SIGTERM or SIGINT and all that follows them is done.
  void run();

 private:
  enum class Phase : std::uint8_t {
    kStarting,
    kRunning,
    kDraining,    // The workers read their sockets empty.
    kDelivering,  // What was published last is on its way out.
    kDone,
  };

  Expected<std::vector<std::vector<ListenSocket>>> open_listeners();
  Expected<std::vector<ListenSocket>> open_listener(const ListenConfig& config,
                                                    std::vector<Fd> given);
  Expected<std::vector<PeerZone>> sender_zones_of(const ListenConfig& config);
  Expected<const Zone*> zone_of(const std::string& name);
  void start_workers(std::vector<std::vector<ListenSocket>> sockets);
  void start_signals();
  void take_stop_signals();
  void log_start() const;

  void arm_tick();
  void begin_tick();
  void collect_reports();
  void end_tick();
  void publish(std::vector<Datapoint> datapoints, std::uint64_t sequence);
  void hand_out(std::vector<Datapoint> datapoints, std::uint64_t sequence);

  // daemon_state.cc: what outlives the process.
  void open_state_folder();
  [[nodiscard]] std::string spool_file_of(const DestinationConfig& destination) const;
  void restore(const Paths& paths);
  void find_orphaned_spools();
  void await_spools();
  void log_past(std::chrono::duration<double> took) const;
  void go_on_from_past();
  void change_clusters();
  void commit(StateChange::Kind kind);
  void commit(StateChange change, std::move_only_function<void(StateChange, std::uint64_t)> then);
  void make(StateChange change, std::uint64_t sequence);
  void take_forget_orders();
  void log_notices();
  [[nodiscard]] std::string state_trouble() const;
  [[nodiscard]] std::string history_trouble() const;
  [[nodiscard]] std::string names_trouble() const;
  void log_crowding(const Snapshot& standing);
  void log_caps(const Snapshot& standing);

  // daemon_reload.cc: what a running relay takes of a changed configuration.
  void reload();
  void take_new_setup();
  void change_destinations(const std::vector<DestinationConfig>& wanted);
  std::unique_ptr<Delivery> take_delivery(const DestinationConfig& config);
  std::unique_ptr<Delivery> add_delivery(const DestinationConfig& config, std::uint64_t published);
  void remove_delivery(const Delivery& delivery);
  void watch_map();

  // daemon_status.cc: what it tells of itself.
  void publish_relay_series(const Snapshot& snapshot);
  void stop(int signal_number, bool is_again);
  void note_risk(std::string_view doing);
  void begin_delivering();
  void sync_if_due();
  void check_done();
  void close();
  void open_history();
  void start_status_server();
  void stop_status_server();
  Snapshot publish_status();
  [[nodiscard]] Snapshot served_snapshot();
  void refresh_attention(Timestamp now);
  void give_fleet_view();
  void tell_service_manager(const Snapshot& snapshot);
  [[nodiscard]] Snapshot snapshot() const;
  [[nodiscard]] Stats stats() const;
  // The senders of all workers, for the stop summary and the status page.
  [[nodiscard]] SenderReport senders() const { return senders_.snapshot(); }
  void log_stop() const;

  static void on_tick(uv_timer_t* timer) noexcept;
  static void on_stop_timer(uv_timer_t* timer) noexcept;
  static void on_wake(uv_async_t* async) noexcept;
  static void on_reload(uv_signal_t* handle, int signal_number) noexcept;

  // A signal on its way from the guard's thread.
  struct StopSignal {
    int number = 0;
    bool is_again = false;
  };
  // What the guard says when the stop takes too long. Outlives the daemon.
  struct Risk {
    std::mutex mutex;
    std::string words;
    std::shared_ptr<const DiskGauge> disk;
  };

  Setup setup_;
  DaemonOptions options_;
  StopGuard& guard_;
  MapWatcher map_watcher_;
  uv_loop_t loop_{};
  ServiceManager service_;
  std::vector<std::pair<std::string, std::unique_ptr<const Zone>>> zones_;
  std::optional<StateLock> state_lock_;
  std::string state_folder_;  // Empty: nothing outlives the process,
  std::string state_error_;   // and this is why.
  std::vector<OrphanedSpool> orphaned_spools_;
  std::unique_ptr<Publisher> publisher_;
  bool is_restored_ = true;  // False: stopped before that; the publisher is empty and stays so.
  Stats restored_stats_;     // What it had counted in earlier lives.
  std::unique_ptr<StateKeeper> keeper_;  // Null without a state folder.
  std::unique_ptr<StoreThread> store_;   // Outlives those that give it jobs.
  std::vector<std::unique_ptr<Delivery>> deliveries_;
  Stats departed_;  // What was counted of destinations that a reload took away,
  std::uint64_t datapoints_removed_ = 0;  // and what waited for them in memory.
  Handle<uv_async_t> wake_;               // Reports of workers, orders of the status server.
  Handle<uv_timer_t> tick_timer_;
  Handle<uv_timer_t> stop_timer_;
  Handle<uv_signal_t> reload_signal_;
  std::vector<std::unique_ptr<IngestWorker>> workers_;
  std::vector<Stats> worker_stats_;
  SenderTable senders_;
  ObservationTable observations_;
  ForgetOrders forget_orders_{[this] { uv_async_send(wake_.get()); }};
  FleetViews fleet_views_{[this] { uv_async_send(wake_.get()); }};
  TextExplainer explainer_;
  std::shared_ptr<const Attention> attention_;  // Null until a status server may be asked for it.
  FreedMemory freed_memory_;
  std::unique_ptr<HistoryFeed> history_;  // Null when it is off. Outlives the status server.
  std::unique_ptr<StatusServer> status_;  // Null when it is off, or its port is taken.
  std::string config_error_;              // Of the last reload, when it was refused.
  Timestamp started_{};
  std::string relay_path_;
  Seconds relay_window_{};  // The one that the relay's own series are told of at its end.
  std::uint64_t relay_datapoints_ = 0;  // Published of them,
  std::uint64_t relay_refused_ = 0;     // and refused, because carbon would not take them.
  bool is_crowded_ = false;             // The tables of names are full, and the log said so.
  CapWatch caps_;
  std::vector<std::string> binds_;  // Where it listens, in words.
  bool is_ready_ = false;           // The service manager was told.
  std::vector<Delta> deltas_;       // Of the tick that is under way.
  std::size_t reports_awaited_ = 0;
  bool is_committing_ = false;                // A tick is on its way into the journal.
  bool is_flushing_ = false;                  // The last one is.
  std::uint64_t samples_at_risk_ = 0;         // Reported by workers, and not in the journal yet.
  std::optional<std::uint64_t> sync_due_ms_;  // In a stop, until it is done.
  std::uint64_t shown_ms_ = 0;                // When a stop that goes on was last told of.
  int stop_signal_ = 0;                       // That came while the relay started.
  bool is_reload_due_ = false;                // The same of a SIGHUP.
  std::shared_ptr<Risk> risk_ = std::make_shared<Risk>();
  std::mutex stop_mutex_;  // Guards what follows.
  std::vector<StopSignal> stop_signals_;
  Phase phase_ = Phase::kStarting;
  std::uint64_t stop_deadline_ms_ = 0;  // Of the loop's clock.
};

}  // namespace sluice
