#include "net/stream_listener.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "sluice/base/check.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kBufferBytes = 256 * 1024;
constexpr int kBacklog = 4096;
constexpr std::size_t kShownOctetsMax = 32;  // Enough to know a protocol by.
// A peer that answers none of so many probes, so far apart, is dead. (libuv's: 10, a second apart,
// which a short outage of the network outlasts.)
constexpr int kKeepAliveProbes = 3;
constexpr int kKeepAliveSecondsApart = 10;

// The beginning of `octets` for a log line, in printable ASCII.
std::string shown(std::string_view octets) {
  std::string text;
  for (const char c : octets.substr(0, kShownOctetsMax)) {
    const bool is_plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
    if (is_plain) text += c;
    if (!is_plain) text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return text;
}

std::string name_of(const Peer& peer) {
  return peer.is_local ? "a local program" : host_and_port(peer.text, peer.port);
}

std::optional<SocketAddress> peer_address(int fd) noexcept {
  SocketAddress address;
  address.length = sizeof address.storage;
  auto* const generic = reinterpret_cast<sockaddr*>(&address.storage);
  if (getpeername(fd, generic, &address.length) != 0) return std::nullopt;
  return address;
}

// Tells connections whose host died without a word, long before they could fill the table.
void keep_alive(uv_tcp_t& tcp, int fd, std::chrono::seconds silence) noexcept {
  uv_tcp_keepalive(&tcp, 1, static_cast<unsigned>(silence.count()));
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kKeepAliveSecondsApart, sizeof(int));
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &kKeepAliveProbes, sizeof(int));
}

std::uint64_t milliseconds_of(milliseconds time) noexcept {
  return static_cast<std::uint64_t>(time.count());
}

}  // namespace

struct StreamListener::Connection {
  Connection(StreamListener& owner, Peer from)
      : listener(owner), peer(std::move(from)), framer(owner.options_.framing) {}

  StreamListener& listener;
  Peer peer;
  Framer framer;
  std::size_t index = 0;      // In connections_.
  std::uint64_t turn = 0;     // In which it was read last.
  std::uint64_t read_at = 0;  // uv_now() of the last octets.
  std::uint64_t dropped = 0;  // Octets of its framer that the statistics have.
  bool has_ended = false;     // pause() came before what its end left was read.
  Handle<uv_any_stream_t> stream;
};

StreamListener::StreamListener(uv_loop_t* loop, Fd socket, StreamListenerOptions options,
                               StreamListenerCallbacks callbacks)
    : loop_(loop),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)),
      turn_end_(make_handle<uv_check_t>(loop, this, uv_check_init)),
      idle_timer_(make_handle<uv_timer_t>(loop, this, uv_timer_init)),
      server_(make_stream(this)) {
  int status = open_stream(*server_, socket.release());
  SLUICE_CHECK(status == 0, "the descriptor must be a stream socket that no handle has yet");
  status = uv_listen(&server_->stream, kBacklog, &on_connection);
  SLUICE_CHECK(status == 0, "a socket that listens can be listened on");
  uv_check_start(turn_end_.get(), &on_turn);
  uv_unref(as_handle(turn_end_.get()));  // Counts turns, but is no reason for another.
}

StreamListener::~StreamListener() = default;

void StreamListener::stop_accepting() noexcept { server_.reset(); }

Handle<uv_any_stream_t> StreamListener::make_stream(void* owner) const {
  return make_handle<uv_any_stream_t>(
      loop_, owner, [is_local = options_.is_local](uv_loop_t* loop, uv_any_stream_t* stream) {
        return is_local ? uv_pipe_init(loop, &stream->pipe, 0) : uv_tcp_init(loop, &stream->tcp);
      });
}

int StreamListener::open_stream(uv_any_stream_t& stream, int fd) const noexcept {
  return options_.is_local ? uv_pipe_open(&stream.pipe, fd) : uv_tcp_open(&stream.tcp, fd);
}

void StreamListener::accept(int status) {
  auto stream = make_stream(nullptr);
  if (status == 0) status = uv_accept(&server_->stream, &stream->stream);
  if (status == 0) return admit(std::move(stream));
  ++stats_.accept_errors;
  tell(
      EventKind::kAcceptError, Peer{},
      fmt::format("a connection could not be accepted: {}; is LimitNOFILE (ulimit -n) high enough?",
                  uv_strerror(status)));
}

// Connections that the kernel has completed but the loop has not seen. Closing the listening socket
// would reset them, and what their peers have already sent would be lost.
void StreamListener::accept_backlog(std::uint64_t end) {
  while (uv_hrtime() < end) {
    Fd fd(accept4(fd_of(server_.get()), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.is_open()) return;
    auto stream = make_stream(nullptr);
    if (open_stream(*stream, fd.get()) != 0) continue;
    (void)fd.release();
    admit(std::move(stream));
  }
}

void StreamListener::admit(Handle<uv_any_stream_t> stream) {
  auto peer = peer_of(*stream);
  if (!peer || !may_enter(*peer, fd_of(stream.get()))) return;
  if (callbacks_.pass_on && callbacks_.pass_on(fd_of(stream.get()))) return;
  add(std::move(stream), std::move(*peer));
}

void StreamListener::adopt(Fd connection) {
  auto stream = make_stream(nullptr);
  std::optional<Peer> peer;
  if (open_stream(*stream, connection.get()) == 0) {
    (void)connection.release();
    peer = peer_of(*stream);
  }
  if (peer && may_enter(*peer, fd_of(stream.get())))
    return add(std::move(stream), std::move(*peer));
  if (callbacks_.on_close) callbacks_.on_close();
}

std::optional<Peer> StreamListener::peer_of(uv_any_stream_t& stream) {
  if (options_.is_local) return options_.peers.local_peer();
  const auto address = peer_address(fd_of(&stream));
  if (address) return options_.peers.peer_of(*address->get());
  ++stats_.accept_errors;  // It was reset while it waited in the backlog.
  return std::nullopt;
}

bool StreamListener::may_enter(const Peer& peer, int fd) {
  if (!options_.is_local && !options_.peers.allows(peer.address)) {
    refuse(EventKind::kRefusedAllow, peer);
    return false;
  }
  if (connections_.size() >= options_.connections_max) {
    refuse(EventKind::kRefusedLimit, peer);
    return false;
  }
  if (fd < options_.descriptors_end) return true;
  refuse_for_descriptors(peer);
  return false;
}

void StreamListener::refuse(EventKind kind, const Peer& peer) {
  if (kind == EventKind::kRefusedAllow) {
    ++stats_.refused_allow;
    return tell(
        kind, peer,
        fmt::format("{} refused: \"allow\" of this listener does not list it", name_of(peer)));
  }
  ++stats_.refused_limit;
  tell(kind, peer,
       fmt::format(
           "{} refused: {} connections are open, as many as \"connections\" of this listener "
           "allows; does a sender open new ones without closing the old? ({})",
           name_of(peer), connections_.size(), peer.is_local ? "ss -xp" : "ss -tn"));
}

void StreamListener::refuse_for_descriptors(const Peer& peer) {
  ++stats_.refused_limit;
  tell(
      EventKind::kRefusedLimit, peer,
      fmt::format(
          "{} refused: {} connections are open here, and the files that the process may still open "
          "are kept for destinations, disk and page; raise LimitNOFILE (ulimit -n)",
          name_of(peer), connections_.size()));
}

void StreamListener::add(Handle<uv_any_stream_t> stream, Peer peer) {
  auto connection = std::make_unique<Connection>(*this, std::move(peer));
  connection->index = connections_.size();
  connection->stream = std::move(stream);
  connection->stream->handle.data = connection.get();
  if (!options_.is_local && options_.keep_alive.count() > 0) {
    keep_alive(connection->stream->tcp, fd_of(connection->stream.get()), options_.keep_alive);
  }
  connections_.push_back(std::move(connection));
  ++stats_.accepted;
  ++stats_.open;
  if (!is_paused_) start_reading(*connections_.back());
}

void StreamListener::start_reading(Connection& connection) {
  const int status = uv_read_start(&connection.stream->stream, &on_alloc, &on_read);
  if (status != 0 && status != UV_EALREADY) close(connection, stats_.closed_error);
}

void StreamListener::pause() noexcept {
  if (is_paused_) return;
  is_paused_ = true;
  ++stats_.pauses;
  for (const auto& connection : connections_) uv_read_stop(&connection->stream->stream);
}

void StreamListener::resume() {
  if (!is_paused_) return;
  is_paused_ = false;
  // What was read goes first: its buffer is needed for the others.
  if (Connection* const halted = std::exchange(halted_, nullptr)) go_on(*halted);
  for (std::size_t i = connections_.size(); i-- > 0 && !is_paused_;) {
    go_on(*connections_[i]);  // close() moves the last one.
  }
  if (!is_paused_) arm_idle_timer(milliseconds(0));
}

// After a pause: delivers what was read, reads what its end left, and reads on.
void StreamListener::go_on(Connection& connection) {
  if (!deliver(connection, {}) || is_paused_) return;
  if (connection.has_ended) return end(connection);
  start_reading(connection);
}

// Destroys `connection` and counts why.
void StreamListener::close(Connection& connection, std::uint64_t& reason) {
  ++reason;
  --stats_.open;
  connection.framer.abandon();
  count_dropped(connection);
  if (halted_ == &connection) halted_ = nullptr;
  const std::size_t index = connection.index;
  std::swap(connections_[index], connections_.back());
  connections_[index]->index = index;
  connections_.pop_back();
  if (callbacks_.on_close) callbacks_.on_close();
}

// libuv reads a connection up to 32 times before it looks at the next; an empty buffer stops it
// after the first, and the next turn goes on.
uv_buf_t StreamListener::buffer_for(Connection& connection) noexcept {
  if (connection.turn == turn_) return uv_buf_init(nullptr, 0);
  connection.turn = turn_;
  return uv_buf_init(buffer_.get(), unsigned{kBufferBytes});
}

void StreamListener::receive(Connection& connection, ssize_t count) {
  if (count > 0) {
    take(connection, {buffer_.get(), static_cast<std::size_t>(count)});
  } else if (count == UV_EOF) {
    end(connection);
  } else if (count < 0 && count != UV_ENOBUFS) {
    if (connection.framer.has_partial()) ++stats_.cut_off;
    close(connection, stats_.closed_error);
  }
}

// False when the connection had to be closed.
bool StreamListener::take(Connection& connection, std::string_view chunk) {
  stats_.octets += chunk.size();
  connection.read_at = uv_now(loop_);
  connection.framer.feed(chunk);
  if (!deliver(connection, chunk)) return false;
  if (connection.framer.has_partial() && !uv_is_active(as_handle(idle_timer_.get()))) {
    arm_idle_timer(options_.idle_flush);
  }
  return true;
}

// Hands over every whole frame, or those up to a pause. False when the connection had to be closed.
bool StreamListener::deliver(Connection& connection, std::string_view chunk) {
  if (callbacks_.on_arrival) callbacks_.on_arrival();
  FrameStatus status;
  do {
    status = next_frames(connection.framer);
    if (!frames_.empty()) callbacks_.on_frames(frames_, connection.peer);
    if (is_paused_) {
      halted_ = &connection;
      return true;
    }
  } while (status == FrameStatus::kFrame);
  if (status != FrameStatus::kNeedMore) {
    close_misfit(connection, status, chunk);
    return false;
  }
  count_dropped(connection);
  return true;
}

// Fills `frames_`. Other than kFrame: there are no more.
FrameStatus StreamListener::next_frames(Framer& framer) {
  frames_.resize(options_.frames_at_once);
  std::size_t count = framer.next_plain(frames_);
  FrameStatus status = FrameStatus::kFrame;
  while (count < frames_.size()) {
    Frame& frame = frames_[count];
    if ((status = framer.next(frame)) != FrameStatus::kFrame) break;
    ++count;
    if (frame.truncated) ++stats_.truncated;
    if (frame.incomplete) ++stats_.incomplete;
    if (framer.keeps_last_frame()) break;
  }
  frames_.resize(count);
  stats_.frames += count;
  return status;
}

void StreamListener::count_dropped(Connection& connection) noexcept {
  const std::uint64_t dropped = connection.framer.dropped_octets();
  stats_.dropped_octets += dropped - connection.dropped;
  connection.dropped = dropped;
}

void StreamListener::close_misfit(Connection& connection, FrameStatus status,
                                  std::string_view chunk) {
  const std::string start =
      fmt::format("{} closed (last read begins \"{}\"): ", name_of(connection.peer), shown(chunk));
  if (status == FrameStatus::kTls) {
    tell(EventKind::kTls, connection.peer,
         start + "it speaks TLS and this port is plain; set the sender to plain TCP");
    return close(connection, stats_.closed_tls);
  }
  if (status == FrameStatus::kHttp) {
    tell(EventKind::kHttp, connection.peer,
         start + "it speaks HTTP, which this port does not take; a scanner or a wrong URL?");
    return close(connection, stats_.closed_http);
  }
  tell(EventKind::kBadCount, connection.peer,
       start + "an octet count is beyond any limit; does the sender mix framings? Try \"framing\"");
  close(connection, stats_.closed_bad_count);
}

// Reads past libuv, once.
StreamListener::ReadResult StreamListener::read_now(Connection& connection) {
  const ssize_t count =
      recv(fd_of(connection.stream.get()), buffer_.get(), kBufferBytes, MSG_DONTWAIT);
  if (count > 0) {
    const std::string_view chunk(buffer_.get(), static_cast<std::size_t>(count));
    return take(connection, chunk) ? ReadResult::kTook : ReadResult::kClosed;
  }
  if (count < 0 && errno == EAGAIN) return ReadResult::kEmpty;
  if (count < 0) {
    receive(connection, -errno);
    return ReadResult::kClosed;
  }
  connection.framer.finish();
  if (deliver(connection, {}) && !is_paused_) close(connection, stats_.closed_eof);
  return ReadResult::kClosed;
}

// libuv says EOF after a short read from a socket that is down, even when a reset stands behind the
// octets; the socket itself knows. A message cut by a reset must not pass for a whole one.
void StreamListener::end(Connection& connection) {
  connection.has_ended = true;
  ReadResult result;
  while ((result = read_now(connection)) == ReadResult::kTook) {
    if (is_paused_) return;  // go_on() comes back.
  }
  if (result == ReadResult::kEmpty) close(connection, stats_.closed_error);
}

void StreamListener::drain(milliseconds at_most) {
  const std::uint64_t end = uv_hrtime() + milliseconds_of(at_most) * 1'000'000;
  if (server_) accept_backlog(end);
  stop_accepting();
  std::vector<Connection*> unread;
  for (const auto& connection : connections_) unread.push_back(connection.get());
  while (!unread.empty() && uv_hrtime() < end) {
    std::erase_if(unread, [this, end](Connection* connection) {
      return uv_hrtime() < end && read_now(*connection) != ReadResult::kTook;
    });
  }
  while (!connections_.empty()) close_drained(*connections_.back());
}

void StreamListener::close_drained(Connection& connection) {
  connection.framer.flush_idle();  // What ends in a trailer only waited for the next to begin.
  if (!deliver(connection, {})) return;
  if (connection.framer.has_partial()) ++stats_.cut_off;
  close(connection, stats_.closed_drain);
}

void StreamListener::arm_idle_timer(milliseconds wait) noexcept {
  uv_timer_start(idle_timer_.get(), &on_idle_timer, milliseconds_of(wait), 0);
}

// Delivers what has waited long enough (and ends in a trailer), and comes back for the rest.
void StreamListener::flush_idle() {
  if (is_paused_) return;  // resume() arms the timer again.
  const std::uint64_t now = uv_now(loop_);
  const std::uint64_t limit = milliseconds_of(options_.idle_flush);
  std::optional<std::uint64_t> next;
  for (std::size_t i = connections_.size();
       i-- > 0;) {  // From the end: close() moves the last one.
    Connection& connection = *connections_[i];
    if (is_paused_) return;
    if (!connection.framer.has_partial()) continue;
    const std::uint64_t idle = now - connection.read_at;
    if (idle < limit) {
      next = std::min(next.value_or(limit), limit - idle);
      continue;
    }
    connection.framer.flush_idle();
    deliver(connection, {});
  }
  if (next) arm_idle_timer(milliseconds(*next));
}

void StreamListener::tell(EventKind kind, const Peer& peer, std::string text) const {
  if (callbacks_.on_event) callbacks_.on_event({kind, peer, std::move(text)});
}

void StreamListener::on_connection(uv_stream_t* server, int status) noexcept {
  auto* const self = static_cast<StreamListener*>(server->data);
  if (self != nullptr) self->accept(status);
}

void StreamListener::on_alloc(uv_handle_t* handle, std::size_t /*wanted*/,
                              uv_buf_t* buffer) noexcept {
  auto* const connection = static_cast<Connection*>(handle->data);
  *buffer = connection == nullptr ? uv_buf_init(nullptr, 0)
                                  : connection->listener.buffer_for(*connection);
}

void StreamListener::on_read(uv_stream_t* stream, ssize_t count,
                             const uv_buf_t* /*buffer*/) noexcept {
  auto* const connection = static_cast<Connection*>(stream->data);
  if (connection != nullptr) connection->listener.receive(*connection, count);
}

void StreamListener::on_turn(uv_check_t* check) noexcept {
  auto* const self = static_cast<StreamListener*>(check->data);
  if (self != nullptr) ++self->turn_;
}

void StreamListener::on_idle_timer(uv_timer_t* timer) noexcept {
  auto* const self = static_cast<StreamListener*>(timer->data);
  if (self != nullptr) self->flush_idle();
}

}  // namespace sluice
