#include "net/datagram_listener.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "sluice/base/check.h"

namespace sluice {
namespace {

// libuv cuts a buffer into pieces of 64 KiB, one per datagram, and reads at most 20 at once.
constexpr std::size_t kDatagramBytesMax = 64 * 1024;
constexpr std::size_t kBufferBytes = 20 * kDatagramBytesMax;

bool is_same(const SocketAddress& known, const sockaddr& from) noexcept {
  return known.family() == from.sa_family && std::memcmp(&known.storage, &from, known.length) == 0;
}

}  // namespace

DatagramListener::DatagramListener(uv_loop_t* loop, Fd socket, DatagramListenerOptions options,
                                   DatagramListenerCallbacks callbacks)
    : options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)),
      udp_(make_handle<uv_udp_t>(loop, this, uv_udp_init_ex, unsigned{UV_UDP_RECVMMSG})) {
  const int fd = socket.release();
  int status = uv_udp_open(udp_.get(), fd);
  SLUICE_CHECK(status == 0, "the descriptor must be a datagram socket that no handle has yet");
  // uv_udp_open() sets SO_REUSEADDR, by which another program could take our datagrams.
  if (options_.is_local) {
    sender_ = Sender{.address = {}, .peer = options_.peers.local_peer(), .is_allowed = true};
  }
  const int off = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &off, sizeof off);
  status = uv_udp_recv_start(udp_.get(), &on_alloc, &on_receive);
  SLUICE_CHECK(status == 0, "a bound socket can be read");
}

DatagramListener::~DatagramListener() = default;

int DatagramListener::fd() const noexcept { return fd_of(udp_.get()); }

void DatagramListener::drain(std::chrono::milliseconds at_most) {
  uv_udp_recv_stop(udp_.get());
  const std::uint64_t end = uv_hrtime() + static_cast<std::uint64_t>(at_most.count()) * 1'000'000;
  while (uv_hrtime() < end && receive_now()) {
  }
}

// Reads one datagram; false when none waits.
bool DatagramListener::receive_now() {
  if (callbacks_.on_arrival) callbacks_.on_arrival();
  SocketAddress from;
  from.length = sizeof from.storage;
  const ssize_t count = recvfrom(fd(), buffer_.get(), kDatagramBytesMax, MSG_DONTWAIT | MSG_TRUNC,
                                 reinterpret_cast<sockaddr*>(&from.storage), &from.length);
  if (count < 0) {
    if (errno == EAGAIN) return false;
    ++stats_.receive_errors;  // Each error is reported once, so this ends.
    return true;
  }
  const auto length = static_cast<std::size_t>(count);  // By MSG_TRUNC the length it had.
  const bool truncated = length > kDatagramBytesMax;
  receive({buffer_.get(), truncated ? kDatagramBytesMax : length}, truncated, *from.get());
  return true;
}

void DatagramListener::receive(std::string_view datagram, bool truncated, const sockaddr& from) {
  look_at(from);
  if (!sender_->is_allowed) {
    ++stats_.refused_allow;
    return;
  }
  ++stats_.datagrams;
  stats_.octets += datagram.size();
  truncated = truncated || datagram.size() > options_.max_message;
  datagram = datagram.substr(0, options_.max_message);
  if (truncated) ++stats_.truncated;
  callbacks_.on_datagram(datagram, truncated, sender_->peer);
}

void DatagramListener::look_at(const sockaddr& from) {
  // Writers to a unix socket have no name, and then `from` is whatever was there before.
  if (options_.is_local || (sender_ && is_same(sender_->address, from))) return;
  sender_.emplace();
  if (const auto address = copy_address(from)) sender_->address = *address;
  sender_->peer = options_.peers.peer_of(from);
  sender_->is_allowed = options_.peers.allows(sender_->peer.address);
  if (!sender_->is_allowed && callbacks_.on_refused) callbacks_.on_refused(sender_->peer);
}

void DatagramListener::on_alloc(uv_handle_t* handle, std::size_t /*wanted*/,
                                uv_buf_t* buffer) noexcept {
  auto* const self = static_cast<DatagramListener*>(handle->data);
  if (self != nullptr && self->callbacks_.on_arrival) self->callbacks_.on_arrival();
  *buffer = self == nullptr ? uv_buf_init(nullptr, 0)
                            : uv_buf_init(self->buffer_.get(), unsigned{kBufferBytes});
}

void DatagramListener::on_receive(uv_udp_t* udp, ssize_t count, const uv_buf_t* buffer,
                                  const sockaddr* from, unsigned flags) noexcept {
  auto* const self = static_cast<DatagramListener*>(udp->data);
  if (self == nullptr) return;
  if (count < 0) {
    ++self->stats_.receive_errors;
    return;
  }
  if (from == nullptr) return;  // Nothing is left to read, or the buffer is ours again.
  const std::string_view datagram(buffer->base, static_cast<std::size_t>(count));
  self->receive(datagram, (flags & UV_UDP_PARTIAL) != 0, *from);
}

}  // namespace sluice
