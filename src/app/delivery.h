#pragma once

#include <uv.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include "app/async_spool.h"
#include "app/confirmation.h"
#include "app/store_thread.h"
#include "config/config.h"
#include "http/snapshot.h"
#include "net/carbon_client.h"
#include "net/carbon_watch.h"
#include "net/handle.h"
#include "sluice/base/stats.h"

namespace sluice {

// For a destination that comes while the relay runs. It is given nothing before its spool is open:
// only then is it known which changes of the journal the spool has not got.
struct LateStart {
  // Told the spool's last_sequence(); gives the first sequence that counts for this destination.
  // Null: it takes part from the relay's start.
  std::function<std::uint64_t(std::uint64_t last_sequence)> join;
  std::uint64_t published_before = 0;  // By the relay, since its start.
};

// Delivers to one destination: what is published goes into its spool, leaves batch by batch, and is
// removed by an acknowledgement alone (docs/delivery.md). Never more than one batch is in flight.
// The spool is used on the store's thread only.
//
// A destination that fails is tried again after a pause that doubles up to kRetryMax, with jitter,
// so that many relays do not come back at one moment. After an outage live windows go first; older
// ones go between them, at most one each kBacklogPause and never two in a row while live ones wait.
// Signs of the destination's death (the end of the watch connection, a refused or reset batch) have
// what it acknowledged within replay_window sent once more, with a pause between that grows while
// signs keep coming.
class Delivery {
 public:
  static constexpr std::chrono::milliseconds kRetryMin{500};
  static constexpr std::chrono::milliseconds kRetryMax{30'000};
  static constexpr std::chrono::milliseconds kBacklogPause{100};
  static constexpr std::chrono::milliseconds kReplayPauseMin{5000};
  // New series that wait for less than this come and go with every new host: no line in the log.
  static constexpr std::chrono::seconds kNewSeriesToldMin{60};
  // Datapoints on their way into the spool, some 100 MB. While there are more, the disk hangs, and
  // further publications are dropped and counted like those of a full spool. A single one may be
  // larger: a window of a great fleet is.
  static constexpr std::uint64_t kOnTheWayMax = 500'000;
  // While an earlier run's publications are restored, which can wait for the disk.
  static constexpr std::uint64_t kRestoredOnTheWayMax = 100'000;

  // `spool_file` as SpoolOptions::file.
  Delivery(uv_loop_t* loop, StoreThread& store, const DestinationConfig& config,
           const std::string& spool_file, LateStart late = {});
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // `sequence` is that of the journal's row (Spool::put), 0 for none. `then` is called on
  // the loop once the datapoints are in the spool, or were dropped.
  void publish(AsyncSpool::Datapoints datapoints, std::uint64_t sequence = 0,
               AsyncSpool::Then then = {});

  // The same for what an earlier run published and the spool has not got: it came out of
  // the journal. The caller runs the loop until may_restore() before the next one, so that
  // nothing of it is dropped.
  void restore(AsyncSpool::Datapoints datapoints, std::uint64_t sequence) {
    restored_ += datapoints->size();
    publish(std::move(datapoints), sequence);
  }

  [[nodiscard]] bool may_restore() const noexcept {
    return spool_.on_the_way() <= kRestoredOnTheWayMax;
  }

  // As Spool::sync, before a journal forgets what was published.
  void sync(AsyncSpool::Then then) { spool_.sync(std::move(then)); }

  // Another configuration of the same name: what waits stays and goes where that one says.
  // A batch in flight is sent again when the connection is another one now.
  // delivery_change.cc.
  void change(const DestinationConfig& config);

  // The relay stops: from now on failures are tried again soon, and nothing is paced.
  void hurry();

  // True when nothing waits but new series whose turn has not come, and nothing is in
  // flight.
  [[nodiscard]] bool is_done() const noexcept {
    return phase_ == Phase::kIdle && spool_.is_empty();
  }

  // The account balances at every moment: what is on its way into the spool counts as
  // waiting.
  [[nodiscard]] DestinationSnapshot snapshot() const;
  // Adds what the relay counts over all its destinations.
  void add_to(Stats& sum) const;
  [[nodiscard]] const std::string& name() const noexcept { return config_.name; }
  [[nodiscard]] const DestinationConfig& config() const noexcept { return config_; }
  [[nodiscard]] const AsyncSpool& spool() const noexcept { return spool_; }
  [[nodiscard]] std::uint64_t batches_acknowledged() const noexcept {
    return batches_acknowledged_;
  }
  [[nodiscard]] std::uint64_t batches_failed() const noexcept { return batches_failed_; }
  // Of datapoints beyond kOnTheWayMax.
  [[nodiscard]] std::uint64_t dropped_before_spool() const noexcept {
    return dropped_before_spool_;
  }

 private:
  enum class Phase : std::uint8_t {
    kIdle,      // Nothing to do, or something that another event starts.
    kTaking,    // The spool looks for the next batch.
    kSending,   // It is in flight.
    kDeciding,  // The spool notes what became of it.
    kPausing,   // After a failure.
  };

  void opened(std::uint64_t replayed);
  [[nodiscard]] bool takes_part(std::uint64_t sequence) const noexcept;
  void drop(std::uint64_t count);
  void send_next();
  void take_next();
  void taken(std::optional<Batch> batch, bool was_backlog_allowed);
  void finish(const SendOutcome& outcome);
  void succeed();
  void count_unanswered(const CarbonFailure& failure);
  void settle();
  void come_back();
  void retry_later(const CarbonFailure& failure);
  void pause();

  void connect();
  void break_off();
  void give_back_and_begin_anew();
  void begin_anew();
  void send_all_once_more(std::string reason);

  void tick();
  void tell_of_new_series();
  void suspect_death(const std::string& reason);
  void replay_if_due();
  void note_lag();
  [[nodiscard]] std::uint64_t now_ms() const noexcept;
  [[nodiscard]] std::uint64_t waiting_count() const noexcept;
  [[nodiscard]] std::string endpoint() const { return config_.carbon.to_string(); }

  static void on_pause_over(uv_timer_t* timer) noexcept;
  static void on_backlog_due(uv_timer_t* timer) noexcept;
  static void on_tick(uv_timer_t* timer) noexcept;

  uv_loop_t* loop_;
  DestinationConfig config_;
  Handle<uv_timer_t> pause_timer_;
  Handle<uv_timer_t> backlog_timer_;
  Handle<uv_timer_t> tick_timer_;
  std::minstd_rand jitter_;
  Phase phase_ = Phase::kIdle;
  Confirmation confirmation_;
  std::chrono::milliseconds retry_after_ = kRetryMin;
  bool is_hurried_ = false;
  bool is_tick_under_way_ = false;
  bool is_broken_off_ = false;  // By a change, while the spool was taking or deciding.

  // Times are of a monotonic clock.
  bool is_down_ = false;
  std::string last_error_;
  std::uint64_t attempt_began_ms_ = 0;            // Of the batch that is, or was last, in flight.
  std::uint64_t down_since_ms_ = 0;               // The beginning of the first attempt that failed.
  std::optional<std::uint64_t> behind_since_ms_;  // Since when something waits.

  std::uint64_t new_series_told_ = 0;  // How many waited when the log told of them; 0: none do.
  std::uint64_t new_series_since_ms_ = 0;
  std::uint64_t admitted_before_ = 0;

  bool was_last_backlog_ = true;  // So that the first batch is a live one.
  std::uint64_t next_backlog_ms_ = 0;

  bool has_news_for_replay_ = false;  // Something was acknowledged since the last one.
  std::optional<std::uint64_t> last_replay_ms_;
  std::chrono::milliseconds replay_pause_ = kReplayPauseMin;  // After the last one.
  std::string replay_reason_;  // Of the one that is due; empty when none is.

  std::function<std::uint64_t(std::uint64_t)> join_;  // Until it takes part.
  std::uint64_t first_sequence_ = 0;
  std::uint64_t published_before_ = 0;
  std::uint64_t restored_ = 0;
  std::uint64_t dropped_before_spool_ = 0;
  std::uint64_t batches_acknowledged_ = 0;
  std::uint64_t batches_failed_ = 0;
  AsyncSpool spool_;
  std::optional<CarbonClient> client_;  // Always one, made by connect().
  std::optional<CarbonWatch> watch_;    // None when nothing is ever sent once more.
};

}  // namespace sluice
