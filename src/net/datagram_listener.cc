#include "net/datagram_listener.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "net/socket.h"
#include "sluice/base/check.h"

namespace sluice {
namespace {

constexpr std::size_t kDatagramBytesMax = 64 * 1024;
constexpr std::size_t kBatch = 64;
constexpr std::size_t kBatchesPerTurn = 16;
// Places of a batch are three cache lines more than 64 KiB apart: at whole powers of two all
// datagrams would begin in the same few places of the processor's caches.
constexpr std::size_t kPlaceBytes = kDatagramBytesMax + 192;

// So many in a turn are a stream of datagrams, and the next turn is a millisecond later. A million
// a second, 1 KiB of the kernel's memory each, take 1 MiB meanwhile (of twice what is asked for).
constexpr std::size_t kStream = 16;
constexpr std::uint64_t kLookMilliseconds = 1;
// A stream that flags for less is still one: to go back and forth costs more than to look in vain.
constexpr unsigned kQuietLooksMax = 8;
constexpr std::size_t kStreamBufferBytes = 2 * 1024 * 1024;

constexpr std::size_t kSenders = 4096;  // A power of two.

bool is_same(const SocketAddress& known, const SocketAddress& from) noexcept {
  return known.length == from.length &&
         std::memcmp(&known.storage, &from.storage, known.length) == 0;
}

// FNV-1a of address and port.
std::size_t hash_of(const SocketAddress& from) noexcept {
  const Address address = address_of(*from.get());
  std::uint64_t hash = 0xcbf29ce484222325 ^ from.port();
  for (const std::uint8_t octet : address) hash = (hash ^ octet) * 0x100000001b3;
  return static_cast<std::size_t>(hash ^ (hash >> 32));
}

}  // namespace

DatagramListener::DatagramListener(uv_loop_t* loop, Fd socket, DatagramListenerOptions options,
                                   DatagramListenerCallbacks callbacks)
    : options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      buffer_(std::make_unique_for_overwrite<char[]>(kBatch * kPlaceBytes)),
      from_(kBatch),
      pieces_(kBatch),
      headers_(kBatch),
      senders_(options_.is_local ? 1 : kSenders),
      // A unix socket's queue holds a fixed number of datagrams, 10 by default.
      may_look_later_(!options_.is_local &&
                      receive_buffer_bytes(socket.get()) >= kStreamBufferBytes),
      socket_(std::move(socket)),
      poll_(make_handle<uv_poll_t>(loop, this, uv_poll_init, socket_.get())),
      timer_(make_handle<uv_timer_t>(loop, this, uv_timer_init)) {
  batch_.reserve(kBatch);
  for (std::size_t i = 0; i < kBatch; ++i) {
    pieces_[i] = {buffer_.get() + (i * kPlaceBytes), kDatagramBytesMax};
    headers_[i].msg_hdr.msg_iov = &pieces_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
    if (options_.is_local) continue;
    headers_[i].msg_hdr.msg_name = &from_[i].storage;
    headers_[i].msg_hdr.msg_namelen = sizeof from_[i].storage;
  }
  if (options_.is_local) {
    senders_[0] = std::make_unique<Sender>(
        Sender{.address = {}, .peer = options_.peers.local_peer(), .is_allowed = true});
  }
  wait_for_datagrams();
}

DatagramListener::~DatagramListener() = default;

int DatagramListener::fd() const noexcept { return socket_.get(); }

void DatagramListener::drain(std::chrono::milliseconds at_most) {
  uv_poll_stop(poll_.get());
  uv_timer_stop(timer_.get());
  const std::uint64_t end = uv_hrtime() + (static_cast<std::uint64_t>(at_most.count()) * 1'000'000);
  for (Read read{.datagrams = 1}; uv_hrtime() < end && (read.datagrams > 0 || read.failed);)
    read = read_batch();
}

void DatagramListener::wait_for_datagrams() {
  is_looking_ = false;
  uv_timer_stop(timer_.get());
  // On an error of the socket libuv calls back once and stops polling; reading tells the error.
  const uv_poll_cb on_ready = [](uv_poll_t* poll, int status, int /*events*/) {
    auto* const self = static_cast<DatagramListener*>(poll->data);
    if (self == nullptr) return;
    if (status < 0) self->look_soon();
    self->read_turn();
  };
  const int status = uv_poll_start(poll_.get(), UV_READABLE, on_ready);
  SLUICE_CHECK(status == 0, "a bound socket can be polled");
}

void DatagramListener::look_soon() {
  is_looking_ = true;
  quiet_looks_ = 0;
  uv_poll_stop(poll_.get());
  const uv_timer_cb on_time = [](uv_timer_t* timer) {
    if (timer->data != nullptr) static_cast<DatagramListener*>(timer->data)->read_turn();
  };
  uv_timer_start(timer_.get(), on_time, kLookMilliseconds, kLookMilliseconds);
}

void DatagramListener::read_turn() {
  std::size_t total = 0;
  Read read{.datagrams = kBatch};
  for (std::size_t i = 0; i < kBatchesPerTurn && read.datagrams == kBatch; ++i) {
    read = read_batch();
    total += read.datagrams;
  }
  // After a full last batch more is waiting, and poll says so at once.
  const bool has_more = read.datagrams == kBatch;
  const bool is_stream = may_look_later_ && total >= kStream;
  const bool looks = !has_more && (is_stream || read.failed);
  quiet_looks_ = looks ? 0 : quiet_looks_ + 1;
  if (looks && !is_looking_) look_soon();
  if (is_looking_ && (has_more || quiet_looks_ > kQuietLooksMax)) wait_for_datagrams();
}

// Reads what waits, up to a batch, and hands it over.
DatagramListener::Read DatagramListener::read_batch() {
  if (callbacks_.on_arrival) callbacks_.on_arrival();
  const int count =
      recvmmsg(socket_.get(), headers_.data(), unsigned{kBatch}, MSG_DONTWAIT, nullptr);
  if (count < 0) {
    if (errno == EAGAIN) return {};
    ++stats_.receive_errors;
    return {.failed = true};
  }
  hand_over(static_cast<std::size_t>(count));
  return {.datagrams = static_cast<std::size_t>(count)};
}

void DatagramListener::hand_over(std::size_t count) {
  batch_.clear();
  for (std::size_t i = 0; i < count; ++i) {
    const Sender& sender = options_.is_local ? *senders_[0] : sender_of(take_from(i));
    if (!sender.is_allowed) {
      ++stats_.refused_allow;
      continue;
    }
    const std::string_view bytes(static_cast<const char*>(pieces_[i].iov_base),
                                 headers_[i].msg_len);
    const bool truncated =
        (headers_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0 || bytes.size() > options_.max_message;
    ++stats_.datagrams;
    stats_.octets += bytes.size();
    if (truncated) ++stats_.truncated;
    batch_.push_back({bytes.substr(0, options_.max_message), truncated, sender.peer});
  }
  if (!batch_.empty()) callbacks_.on_datagrams(batch_);
  replaced_.clear();
}

// Whose the datagram is; the kernel needs the room told anew for the next one.
const SocketAddress& DatagramListener::take_from(std::size_t i) {
  SocketAddress& from = from_[i];
  from.length = std::exchange(headers_[i].msg_hdr.msg_namelen, sizeof from.storage);
  return from;
}

const DatagramListener::Sender& DatagramListener::sender_of(const SocketAddress& from) {
  const Sender& sender =
      last_ != nullptr && is_same(last_->address, from) ? *last_ : known_sender(from);
  if (&sender != last_ && !sender.is_allowed && callbacks_.on_refused)
    callbacks_.on_refused(sender.peer);
  last_ = &sender;
  return sender;
}

const DatagramListener::Sender& DatagramListener::known_sender(const SocketAddress& from) {
  std::unique_ptr<Sender>& place = senders_[hash_of(from) % kSenders];
  if (place != nullptr && is_same(place->address, from)) return *place;
  if (place != nullptr) replaced_.push_back(std::move(place));
  place = std::make_unique<Sender>(
      Sender{.address = from, .peer = options_.peers.peer_of(*from.get())});
  place->is_allowed = options_.peers.allows(place->peer.address);
  return *place;
}

}  // namespace sluice
