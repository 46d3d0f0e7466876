#pragma once

#include <uv.h>

#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/log_limit.h"
#include "app/told_peers.h"
#include "config/config.h"
#include "net/connection_share.h"
#include "net/datagram_listener.h"
#include "net/fd.h"
#include "net/handle.h"
#include "net/stream_listener.h"
#include "net/unix_socket.h"
#include "sluice/base/stats.h"
#include "sluice/pipeline/ingest.h"
#include "sluice/values/zone.h"

namespace sluice {

// A bound socket and what the configuration says of its listener. The zones outlive the worker.
struct ListenSocket {
  ListenConfig config;
  Fd socket;
  SocketFile file;  // Of a unix socket.
  const Zone* zone = nullptr;
  std::vector<PeerZone> sender_zones;
  std::shared_ptr<ConnectionShare> share = nullptr;       // With other workers' listeners, if any.
  int descriptors_end = std::numeric_limits<int>::max();  // StreamListenerOptions.
};

// One ingest thread: its own loop, listeners, rules and aggregator. It shares nothing with the
// control loop but orders in and reports out.
class IngestWorker {
 public:
  // What a worker hands over once a tick.
  struct Report {
    Delta delta;
    Stats stats;                // Since the start.
    SenderReport senders;       // Since the last report.
    Observations observations;  // The same.
    bool is_last = false;       // It has drained its sockets and ended its loop.
  };

  // `on_report` is called in the worker's thread; take_reports() is then worth calling.
  IngestWorker(const IngestOptions& options, std::shared_ptr<const RuleSet> rules,
               std::vector<Network> trusted_peers, std::function<void()> on_report);
  // Ends the thread without draining if stop() has not been asked for.
  ~IngestWorker();
  IngestWorker(const IngestWorker&) = delete;
  IngestWorker& operator=(const IngestWorker&) = delete;

  // Starts the thread.
  void start(std::vector<ListenSocket> sockets);

  // Orders, from the control loop's thread. Each is carried out soon, in the worker's thread.
  void ask_report();
  void set_rules(std::shared_ptr<const RuleSet> rules);
  // Stops accepting, reads every socket until it is empty (at most `at_most` in all), and reports
  // for the last time.
  void stop(std::chrono::milliseconds at_most);

  // The reports that wait, oldest first.
  [[nodiscard]] std::vector<Report> take_reports();

 private:
  struct Orders {
    bool report = false;
    std::shared_ptr<const RuleSet> rules;
    std::optional<std::chrono::milliseconds> drain;
    bool end = false;
    // Connections that other workers have accepted, for the listener of this number in streams_.
    std::vector<std::pair<std::size_t, Fd>> connections;
  };
  // What a listener has joined.
  struct Membership {
    std::shared_ptr<ConnectionShare> share;
    std::size_t member = 0;
  };

  void run(std::vector<ListenSocket> sockets);
  void listen(ListenSocket socket);
  void listen_datagrams(ListenSocket socket, PeerPolicy peers);
  void listen_stream(ListenSocket socket, PeerPolicy peers);
  [[nodiscard]] std::string_view unescaped(std::string_view bytes);
  void join_share(std::shared_ptr<ConnectionShare> share, StreamListenerCallbacks& callbacks);
  [[nodiscard]] bool take_connection(std::size_t listener, int fd);
  void heed_full_tick();
  void resume();
  void obey();
  void report(bool is_last);
  void drain(std::chrono::milliseconds at_most);
  void give(const std::function<void(Orders&)>& change);
  [[nodiscard]] Stats stats() const;
  void log_malformed(ParseError error, const Message& message);
  void log_malformed_line(LineError error, const Message& line);
  void log_skewed(std::string_view host, const Message& message, const EventTime& time);
  void log_event(const StreamListenerEvent& event);

  uv_loop_t loop_{};
  Ingest ingest_;
  std::vector<Network> trusted_peers_;
  std::function<void()> on_report_;
  std::vector<std::unique_ptr<DatagramListener>> datagrams_;
  std::vector<std::unique_ptr<StreamListener>> streams_;
  std::vector<Membership> shares_;
  // Those of streams_ that wait while a tick is full.
  std::vector<StreamListener*> blocking_;
  std::vector<SocketFile> files_;  // Of the unix sockets among them; removed first.
  bool is_draining_ = false;
  std::vector<Message> messages_;  // Of the frames at hand.
  std::string unescaped_;          // The message at hand, of a listener that unescapes.
  Timestamp arrival_{};  // Of what is being read: the clock is asked once a read, not once a line.
  Handle<uv_async_t> wake_;
  LogLimit malformed_limit_{10};
  // By kind: what is refused by hundreds must not hide the one client that speaks TLS.
  std::vector<LogLimit> event_limits_{StreamListenerEvent::kKinds, LogLimit{10}};
  ToldPeers told_peers_;
  LogLimit refused_limit_{10};
  LogLimit skewed_limit_{10};
  LogLimit full_limit_{1};

  std::mutex mutex_;  // Guards what follows.
  Orders orders_;
  bool takes_connections_ = true;  // Until it has been told to drain or to end.
  std::vector<Report> reports_;

  std::thread thread_;
};

}  // namespace sluice
