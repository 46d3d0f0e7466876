#include "net/carbon_watch.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sluice {
namespace {

// libuv then probes every second, ten times: a machine that vanished is noticed after 40 s.
constexpr unsigned kKeepAliveIdleSeconds = 30;

// A peer that says more than this is no carbon, and watching it tells nothing.
constexpr std::size_t kIgnoredOctetsMax = 64 * 1024;

// A connection that ends sooner does not shorten the pause again: a receiver that takes and closes
// connections at once is not asked twice a second.
constexpr std::uint64_t kStoodMs = 10'000;

std::string reason_of(int status) {
  switch (status) {
    case UV_EOF:
      return "it closed the watch connection";
    case UV_ECONNRESET:
    case UV_EPIPE:
      return "it reset the watch connection";
    default:
      return fmt::format("the watch connection broke: {}", uv_strerror(status));
  }
}

}  // namespace

CarbonWatch::CarbonWatch(uv_loop_t* loop, CarbonWatchOptions options, OnEnd on_end)
    : loop_(loop),
      options_(std::move(options)),
      on_end_(std::move(on_end)),
      jitter_(std::random_device{}()),
      retry_after_(options_.retry_min),
      retry_timer_(make_handle<uv_timer_t>(loop, this, uv_timer_init)) {
  dial();
}

CarbonWatch::~CarbonWatch() = default;

void CarbonWatch::dial() {
  if (dialer_) return;
  uv_timer_stop(retry_timer_.get());
  dialer_ = std::make_unique<CarbonDialer>(
      loop_, options_.host, options_.port, options_.connect_timeout,
      [this](CarbonDialer::Result result) { dialed(std::move(result)); });
}

void CarbonWatch::refresh() {
  const auto age_ms = uv_now(loop_) - standing_since_ms_;
  if (is_up() && age_ms < static_cast<std::uint64_t>(options_.fresh_for.count())) return;
  dial();
}

void CarbonWatch::dialed(CarbonDialer::Result result) {
  dialer_.reset();
  if (result) return stand(std::move(*result));
  const CarbonFailure failure = std::move(result).error();
  if (!is_up()) retry_later();
  // A port that refuses while the old connection stands is closing down; the old one's end follows.
  const bool is_news = failure.kind == CarbonFailure::Kind::kDied && std::exchange(was_up_, false);
  if (is_news) tell("it refuses connections");
}

// The old connection goes only now, so that there is none of the receiver's deaths that neither of
// the two sees; one that the loop has not read yet is looked for in the kernel.
void CarbonWatch::stand(Handle<CarbonSocket> socket) {
  std::string reason;
  const bool has_ended = is_up() && has_ended_unseen(reason);
  socket_ = std::move(socket);
  socket_->tcp.data = this;
  uv_tcp_keepalive(&socket_->tcp, 1, kKeepAliveIdleSeconds);
  uv_read_start(as_stream(&socket_->tcp), &on_alloc, &on_read);
  uv_update_time(loop_);
  standing_since_ms_ = uv_now(loop_);
  ignored_octets_ = 0;
  was_up_ = true;
  if (has_ended) tell(reason);
}

bool CarbonWatch::has_ended_unseen(std::string& reason) const {
  char octet = 0;
  const ssize_t count = recv(fd_of(&socket_->tcp), &octet, 1, MSG_PEEK | MSG_DONTWAIT);
  if (count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))) return false;
  reason = reason_of(count == 0 ? static_cast<int>(UV_EOF) : -errno);
  return true;
}

void CarbonWatch::retry_later() {
  const auto pause = static_cast<std::uint64_t>(retry_after_.count());
  const std::uint64_t wait = pause / 2 + jitter_() % (pause / 2 + 1);  // Half to all of it.
  retry_after_ = std::min(retry_after_ * 2, options_.retry_max);
  uv_update_time(loop_);
  uv_timer_start(retry_timer_.get(), &on_retry, wait, 0);
}

void CarbonWatch::receive(ssize_t count) {
  if (count < 0) return end(reason_of(static_cast<int>(count)));
  ignored_octets_ += static_cast<std::size_t>(count);
  if (ignored_octets_ > kIgnoredOctetsMax) drop();
}

void CarbonWatch::drop() {
  socket_.reset();
  retry_after_ = options_.retry_max;
  retry_later();
}

void CarbonWatch::end(const std::string& reason) {
  socket_.reset();
  uv_update_time(loop_);
  if (uv_now(loop_) - standing_since_ms_ >= kStoodMs) retry_after_ = options_.retry_min;
  if (!dialer_) retry_later();
  tell(reason);
}

// Last in every call chain: the callee may destroy this watch.
void CarbonWatch::tell(const std::string& reason) {
  const OnEnd on_end = on_end_;
  on_end(reason);
}

void CarbonWatch::on_alloc(uv_handle_t* handle, std::size_t /*wanted*/, uv_buf_t* buffer) noexcept {
  auto& ignored = reinterpret_cast<CarbonSocket*>(handle)->ignored;
  *buffer = uv_buf_init(ignored.data(), unsigned{sizeof ignored});
}

void CarbonWatch::on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* /*buffer*/) noexcept {
  auto* const self = static_cast<CarbonWatch*>(stream->data);
  if (self != nullptr && count != 0) self->receive(count);
}

void CarbonWatch::on_retry(uv_timer_t* timer) noexcept {
  auto* const self = static_cast<CarbonWatch*>(timer->data);
  if (self != nullptr) self->dial();
}

}  // namespace sluice
