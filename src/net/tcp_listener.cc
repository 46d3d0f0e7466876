#include "net/tcp_listener.h"

#include <fmt/format.h>
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
constexpr std::size_t kShownOctetsMax = 24;  // Enough to know a protocol by.

// Tells connections whose host died without a word after about a minute and ten probes, long before
// they could fill the table.
constexpr unsigned kKeepAliveSeconds = 60;

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

std::string name_of(const Peer& peer) { return host_and_port(peer.text, peer.port); }

std::optional<SocketAddress> peer_address(const uv_tcp_t* tcp) noexcept {
  SocketAddress address;
  int length = sizeof address.storage;
  if (uv_tcp_getpeername(tcp, reinterpret_cast<sockaddr*>(&address.storage), &length) != 0) {
    return std::nullopt;
  }
  address.length = static_cast<socklen_t>(length);
  return address;
}

std::uint64_t milliseconds_of(milliseconds time) noexcept {
  return static_cast<std::uint64_t>(time.count());
}

}  // namespace

struct TcpListener::Connection {
  Connection(TcpListener& owner, Peer from)
      : listener(owner), peer(std::move(from)), framer(owner.options_.framing) {}

  TcpListener& listener;
  Peer peer;
  Framer framer;
  std::size_t index = 0;      // In connections_.
  std::uint64_t turn = 0;     // In which it was read last.
  std::uint64_t read_at = 0;  // uv_now() of the last octets.
  Handle<uv_tcp_t> tcp;
};

TcpListener::TcpListener(uv_loop_t* loop, Fd socket, TcpListenerOptions options,
                         TcpListenerCallbacks callbacks)
    : loop_(loop),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)),
      turn_end_(make_handle<uv_check_t>(loop, this, uv_check_init)),
      idle_timer_(make_handle<uv_timer_t>(loop, this, uv_timer_init)),
      server_(make_handle<uv_tcp_t>(loop, this, uv_tcp_init)) {
  int status = uv_tcp_open(server_.get(), socket.release());
  SLUICE_CHECK(status == 0, "the descriptor must be a stream socket that no handle has yet");
  status = uv_listen(as_stream(server_.get()), kBacklog, &on_connection);
  SLUICE_CHECK(status == 0, "a socket that listens can be listened on");
  uv_check_start(turn_end_.get(), &on_turn);
  uv_unref(as_handle(turn_end_.get()));  // Counts turns, but is no reason for another.
}

TcpListener::~TcpListener() = default;

void TcpListener::stop_accepting() noexcept { server_.reset(); }

void TcpListener::accept(int status) {
  auto tcp = make_handle<uv_tcp_t>(loop_, nullptr, uv_tcp_init);
  if (status == 0) status = uv_accept(as_stream(server_.get()), as_stream(tcp.get()));
  if (status == 0) return admit(std::move(tcp));
  ++stats_.accept_errors;
  tell(
      EventKind::kAcceptError, Peer{},
      fmt::format("a connection could not be accepted: {}; is LimitNOFILE (ulimit -n) high enough?",
                  uv_strerror(status)));
}

// Connections that the kernel has completed but the loop has not seen. Closing the listening socket
// would reset them, and what their peers have already sent would be lost.
void TcpListener::accept_backlog(std::uint64_t end) {
  while (uv_hrtime() < end) {
    Fd fd(accept4(fd_of(server_.get()), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.is_open()) return;
    auto tcp = make_handle<uv_tcp_t>(loop_, nullptr, uv_tcp_init);
    if (uv_tcp_open(tcp.get(), fd.get()) != 0) continue;
    (void)fd.release();
    admit(std::move(tcp));
  }
}

void TcpListener::admit(Handle<uv_tcp_t> tcp) {
  const auto address = peer_address(tcp.get());
  if (!address) {  // It was reset while it waited in the backlog.
    ++stats_.accept_errors;
    return;
  }
  Peer peer = options_.peers.peer_of(*address->get());
  if (!options_.peers.allows(peer.address)) return refuse(EventKind::kRefusedAllow, peer);
  if (connections_.size() >= options_.connections_max)
    return refuse(EventKind::kRefusedLimit, peer);
  add(std::move(tcp), std::move(peer));
}

void TcpListener::refuse(EventKind kind, const Peer& peer) {
  if (kind == EventKind::kRefusedAllow) {
    ++stats_.refused_allow;
    return tell(
        kind, peer,
        fmt::format("{} refused: \"allow\" of this listener does not list it", name_of(peer)));
  }
  ++stats_.refused_limit;
  tell(
      kind, peer,
      fmt::format("{} refused: {} connections are open, as many as allowed; does a sender open new "
                  "ones without closing the old? (ss -tn)",
                  name_of(peer), connections_.size()));
}

void TcpListener::add(Handle<uv_tcp_t> tcp, Peer peer) {
  auto connection = std::make_unique<Connection>(*this, std::move(peer));
  connection->index = connections_.size();
  connection->tcp = std::move(tcp);
  uv_tcp_t* const raw = connection->tcp.get();
  raw->data = connection.get();
  uv_tcp_keepalive(raw, 1, kKeepAliveSeconds);
  connections_.push_back(std::move(connection));
  ++stats_.accepted;
  ++stats_.open;
  if (uv_read_start(as_stream(raw), &on_alloc, &on_read) != 0) {
    close(*connections_.back(), stats_.closed_error);
  }
}

// Destroys `connection` and counts why.
void TcpListener::close(Connection& connection, std::uint64_t& reason) {
  ++reason;
  --stats_.open;
  stats_.dropped_octets += connection.framer.dropped_octets();
  const std::size_t index = connection.index;
  std::swap(connections_[index], connections_.back());
  connections_[index]->index = index;
  connections_.pop_back();
}

// libuv reads a connection up to 32 times before it looks at the next; an empty buffer stops it
// after the first, and the next turn goes on.
uv_buf_t TcpListener::buffer_for(Connection& connection) noexcept {
  if (connection.turn == turn_) return uv_buf_init(nullptr, 0);
  connection.turn = turn_;
  return uv_buf_init(buffer_.get(), unsigned{kBufferBytes});
}

void TcpListener::receive(Connection& connection, ssize_t count) {
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
bool TcpListener::take(Connection& connection, std::string_view chunk) {
  stats_.octets += chunk.size();
  connection.read_at = uv_now(loop_);
  connection.framer.feed(chunk);
  if (!deliver(connection, chunk)) return false;
  if (connection.framer.has_partial() && !uv_is_active(as_handle(idle_timer_.get()))) {
    arm_idle_timer(options_.idle_flush);
  }
  return true;
}

// Hands over every whole frame. False when the connection had to be closed.
bool TcpListener::deliver(Connection& connection, std::string_view chunk) {
  Frame frame;
  FrameStatus status;
  while ((status = connection.framer.next(frame)) == FrameStatus::kFrame) {
    ++stats_.frames;
    if (frame.truncated) ++stats_.truncated;
    if (frame.incomplete) ++stats_.incomplete;
    callbacks_.on_frame(frame, connection.peer);
  }
  if (status == FrameStatus::kNeedMore) return true;
  close_misfit(connection, status, chunk);
  return false;
}

void TcpListener::close_misfit(Connection& connection, FrameStatus status, std::string_view chunk) {
  const std::string start =
      fmt::format("{} closed (last read begins \"{}\"): ", name_of(connection.peer), shown(chunk));
  if (status == FrameStatus::kTls) {
    tell(EventKind::kTls, connection.peer,
         start + "it speaks TLS and this port is plain; set the sender to plain TCP");
    return close(connection, stats_.closed_tls);
  }
  if (status == FrameStatus::kHttp) {
    tell(EventKind::kHttp, connection.peer,
         start + "it speaks HTTP and this port takes syslog; a scanner or a wrong URL?");
    return close(connection, stats_.closed_http);
  }
  tell(EventKind::kBadCount, connection.peer,
       start + "an octet count is beyond any limit; does the sender mix framings? Try \"framing\"");
  close(connection, stats_.closed_bad_count);
}

// Reads past libuv, once.
TcpListener::ReadResult TcpListener::read_now(Connection& connection) {
  const ssize_t count =
      recv(fd_of(connection.tcp.get()), buffer_.get(), kBufferBytes, MSG_DONTWAIT);
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
  if (deliver(connection, {})) close(connection, stats_.closed_eof);
  return ReadResult::kClosed;
}

// libuv says EOF after a short read from a socket that is down, even when a reset stands behind the
// octets; the socket itself knows. A message cut by a reset must not pass for a whole one.
void TcpListener::end(Connection& connection) {
  ReadResult result;
  while ((result = read_now(connection)) == ReadResult::kTook) {
  }
  if (result == ReadResult::kEmpty) close(connection, stats_.closed_error);
}

void TcpListener::drain(milliseconds at_most) {
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

void TcpListener::close_drained(Connection& connection) {
  connection.framer.flush_idle();  // What ends in a trailer only waited for the next to begin.
  if (!deliver(connection, {})) return;
  if (connection.framer.has_partial()) ++stats_.cut_off;
  close(connection, stats_.closed_drain);
}

void TcpListener::arm_idle_timer(milliseconds wait) noexcept {
  uv_timer_start(idle_timer_.get(), &on_idle_timer, milliseconds_of(wait), 0);
}

// Delivers what has waited long enough (and ends in a trailer), and comes back for the rest.
void TcpListener::flush_idle() {
  const std::uint64_t now = uv_now(loop_);
  const std::uint64_t limit = milliseconds_of(options_.idle_flush);
  std::optional<std::uint64_t> next;
  for (std::size_t i = connections_.size();
       i-- > 0;) {  // From the end: close() moves the last one.
    Connection& connection = *connections_[i];
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

void TcpListener::tell(EventKind kind, const Peer& peer, std::string text) const {
  if (callbacks_.on_event) callbacks_.on_event({kind, peer, std::move(text)});
}

void TcpListener::on_connection(uv_stream_t* server, int status) noexcept {
  auto* const self = static_cast<TcpListener*>(server->data);
  if (self != nullptr) self->accept(status);
}

void TcpListener::on_alloc(uv_handle_t* handle, std::size_t /*wanted*/, uv_buf_t* buffer) noexcept {
  auto* const connection = static_cast<Connection*>(handle->data);
  *buffer = connection == nullptr ? uv_buf_init(nullptr, 0)
                                  : connection->listener.buffer_for(*connection);
}

void TcpListener::on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* /*buffer*/) noexcept {
  auto* const connection = static_cast<Connection*>(stream->data);
  if (connection != nullptr) connection->listener.receive(*connection, count);
}

void TcpListener::on_turn(uv_check_t* check) noexcept {
  auto* const self = static_cast<TcpListener*>(check->data);
  if (self != nullptr) ++self->turn_;
}

void TcpListener::on_idle_timer(uv_timer_t* timer) noexcept {
  auto* const self = static_cast<TcpListener*>(timer->data);
  if (self != nullptr) self->flush_idle();
}

}  // namespace sluice
