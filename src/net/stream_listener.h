#pragma once

#include <uv.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/fd.h"
#include "net/handle.h"
#include "net/listener_stats.h"
#include "sluice/syslog/framer.h"
#include "sluice/values/peer.h"

namespace sluice {

struct StreamListenerOptions {
  PeerPolicy peers;
  FramerOptions framing;
  // Each costs a descriptor and what it left unfinished. Above, new ones are closed and counted.
  std::size_t connections_max = 10'000;
  // A connection whose descriptor is not below this is closed and counted too: the kernel gives the
  // lowest that is free, so those above stay for whatever else the process must open.
  int descriptors_end = std::numeric_limits<int>::max();
  std::chrono::seconds keep_alive{60};  // Idle time before TCP probes a peer; 0: never.
  bool is_local = false;                // The socket is a unix one.
  std::size_t frames_at_once = 1;       // How many on_frames() is given at most.
  // How long after its last octet a message counts as whole, if it may be (Framer::flush_idle()).
  std::chrono::milliseconds idle_flush{100};
};

// Something that the operator may want to read in the log. The owner limits how often that is.
struct StreamListenerEvent {
  enum class Kind : std::uint8_t {
    kRefusedAllow,
    kRefusedLimit,
    kAcceptError,  // `peer` is empty.
    kTls,
    kHttp,
    kBadCount,
  } kind;
  static constexpr std::size_t kKinds = 6;
  const Peer& peer;
  std::string text;  // A whole sentence: peer, reason, first octets, what to do.
};

struct StreamListenerCallbacks {
  // Something was read, or has waited long enough; the frames that come now are of this moment. May
  // be empty.
  std::function<void()> on_arrival;
  // Messages of one read, in order; all views die with the call.
  std::function<void(std::span<const Frame> frames, const Peer& peer)> on_frames;
  std::function<void(const StreamListenerEvent& event)> on_event;  // May be empty.
  // Offers a connection that is about to be opened to others; true when one of them has duplicated
  // the descriptor, and ours is closed. May be empty.
  std::function<bool(int fd)> pass_on;
  // One that was not passed on, or was adopted, has ended. May be empty.
  std::function<void()> on_close;
};

// Accepts connections and cuts their streams into frames. In one turn of the loop a connection is
// read once (256 KiB), however fast its peer is, so that each gets its turn. Callbacks must not
// destroy the listener, but may pause it.
class StreamListener {
 public:
  // Takes a listening socket (open_tcp_listener(), open_unix_socket()). Accepting begins at once.
  StreamListener(uv_loop_t* loop, Fd socket, StreamListenerOptions options,
                 StreamListenerCallbacks callbacks);
  ~StreamListener();  // Closes everything; no callback comes any more.
  StreamListener(const StreamListener&) = delete;
  StreamListener& operator=(const StreamListener&) = delete;

  // Opens a connection that another listener has accepted and passed on.
  void adopt(Fd connection);

  // Closes the listening socket; connections go on.
  void stop_accepting() noexcept;

  // Stops reading, also in the middle of what was read already: on_frames() is not called
  // before resume(). Peers notice by a full window. Connections are accepted all the same.
  void pause() noexcept;
  void resume();  // Not from within a callback.
  [[nodiscard]] bool is_paused() const noexcept { return is_paused_; }

  // For the end, and not while paused: takes the connections that wait in the backlog, stops
  // accepting, reads here and now what each connection's kernel queue holds, by turns, until all
  // are empty or `at_most` has passed, then closes them. An unfinished message is not delivered:
  // half a number would be a wrong one. Not from within a callback.
  void drain(std::chrono::milliseconds at_most);

  [[nodiscard]] const StreamListenerStats& stats() const noexcept { return stats_; }

 private:
  struct Connection;
  enum class ReadResult : std::uint8_t { kTook, kEmpty, kClosed };
  using EventKind = StreamListenerEvent::Kind;

  void accept(int status);
  void accept_backlog(std::uint64_t end);
  void admit(Handle<uv_any_stream_t> stream);
  [[nodiscard]] std::optional<Peer> peer_of(uv_any_stream_t& stream);
  void refuse(EventKind kind, const Peer& peer);
  void refuse_for_descriptors(const Peer& peer);
  [[nodiscard]] bool may_enter(const Peer& peer, int fd);
  void add(Handle<uv_any_stream_t> stream, Peer peer);
  [[nodiscard]] Handle<uv_any_stream_t> make_stream(void* owner) const;
  [[nodiscard]] int open_stream(uv_any_stream_t& stream, int fd) const noexcept;
  void close(Connection& connection, std::uint64_t& reason);

  [[nodiscard]] uv_buf_t buffer_for(Connection& connection) noexcept;
  void receive(Connection& connection, ssize_t count);
  bool take(Connection& connection, std::string_view chunk);
  bool deliver(Connection& connection, std::string_view chunk);
  FrameStatus next_frames(Framer& framer);
  void count_dropped(Connection& connection) noexcept;
  void close_misfit(Connection& connection, FrameStatus status, std::string_view chunk);
  ReadResult read_now(Connection& connection);
  void end(Connection& connection);
  void go_on(Connection& connection);
  void start_reading(Connection& connection);
  void close_drained(Connection& connection);

  void arm_idle_timer(std::chrono::milliseconds wait) noexcept;
  void flush_idle();
  void tell(EventKind kind, const Peer& peer, std::string text) const;

  static void on_connection(uv_stream_t* server, int status) noexcept;
  static void on_alloc(uv_handle_t* handle, std::size_t wanted, uv_buf_t* buffer) noexcept;
  static void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) noexcept;
  static void on_turn(uv_check_t* check) noexcept;
  static void on_idle_timer(uv_timer_t* timer) noexcept;

  uv_loop_t* loop_;
  std::vector<Frame> frames_;  // Scratch.
  StreamListenerOptions options_;
  StreamListenerCallbacks callbacks_;
  StreamListenerStats stats_;
  std::unique_ptr<char[]> buffer_;  // One read at a time, of whichever connection.
  bool is_paused_ = false;
  // The one connection that pause() has stopped within what was read; its framer points into
  // buffer_, which nobody overwrites before it has gone on.
  Connection* halted_ = nullptr;
  std::uint64_t turn_ = 1;  // Of the loop.
  Handle<uv_check_t> turn_end_;
  // Runs while a connection that was read of late holds a message back.
  Handle<uv_timer_t> idle_timer_;
  Handle<uv_any_stream_t> server_;  // Null once accepting has stopped.
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace sluice
