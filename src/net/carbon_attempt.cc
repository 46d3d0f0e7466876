#include "net/carbon_attempt.h"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace sluice {
namespace {

using std::chrono::milliseconds;
using Kind = CarbonFailure::Kind;

// carbon never says anything. A few octets may be a banner; more is a peer that is not carbon.
constexpr std::size_t kIgnoredOctetsMax = 64 * 1024;

// Failures are told a moment later, so that an owner who tries again at once cannot keep the loop
// in one turn for ever.
constexpr milliseconds kFailureDelay{1};

// AwaitEnd::kBriefly: how often the kernel's queue is looked at, and how long an EOF may take after
// it is empty. A receiver that closes at all does so within milliseconds when it is not overloaded.
constexpr milliseconds kTakenPoll{10};
constexpr milliseconds kSettle{200};

// Has the kernel give up on a peer that no longer answers for its octets (RFC 5482).
void set_user_timeout(int fd, milliseconds timeout) noexcept {
  const auto value = static_cast<unsigned>(timeout.count());
  // A kernel that refuses it changes nothing: the timer of each phase bounds the wait as well.
  (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, sizeof value);
}

int pending_error(int fd) noexcept {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

double ack_seconds(const CarbonClientOptions& options) {
  return static_cast<double>(options.ack_timeout.count()) / 1000.0;
}

}  // namespace

CarbonAttempt::CarbonAttempt(uv_loop_t* loop, const CarbonClientOptions& options, Batch batch,
                             AwaitEnd await, Done done)
    : loop_(loop),
      options_(options),
      await_(await),
      done_(std::move(done)),
      batch_(std::move(batch)),
      timer_(make_handle<uv_timer_t>(loop, this, uv_timer_init)),
      dialer_(std::make_unique<CarbonDialer>(
          loop, options_.host, options_.port, options_.connect_timeout,
          [this](CarbonDialer::Result result) { connected(std::move(result)); })) {}

// Closing the socket comes before the batch goes (members are destroyed last to first); libuv does
// not read what it was given to write once uv_close() was called.
CarbonAttempt::~CarbonAttempt() = default;

void CarbonAttempt::connected(CarbonDialer::Result result) {
  dialer_.reset();
  if (!result) return finish(std::unexpected(std::move(result).error()));
  socket_ = std::move(*result);
  socket_->tcp.data = this;
  send_batch();
}

void CarbonAttempt::send_batch() {
  uv_tcp_t& tcp = socket_->tcp;
  set_user_timeout(fd_of(&tcp), options_.ack_timeout);
  enter(Phase::kWrite, options_.ack_timeout);
  const uv_buf_t buffer =
      uv_buf_init(batch_.lines.data(), static_cast<unsigned>(batch_.lines.size()));
  int status = uv_write(&socket_->write, as_stream(&tcp), &buffer, 1, &on_write);
  if (status == 0) status = uv_shutdown(&socket_->shutdown, as_stream(&tcp), &on_shutdown);
  if (status == 0) status = uv_read_start(as_stream(&tcp), &on_alloc, &on_read);
  if (status != 0) fail_with_status(status);
}

void CarbonAttempt::shut_down(int status) {
  if (status != 0) return fail_with_status(status);
  is_shut_ = true;
  if (await_ == AwaitEnd::kFully) return enter(Phase::kAwaitEof, options_.ack_timeout);
  enter(Phase::kAwaitTaken, kTakenPoll);
  taken_deadline_ms_ = uv_now(loop_) + static_cast<std::uint64_t>(options_.ack_timeout.count());
}

void CarbonAttempt::receive(ssize_t count) {
  if (count == UV_EOF) return judge_eof();
  if (count < 0) return fail_with_status(static_cast<int>(count));
  ignored_octets_ += static_cast<std::size_t>(count);
  if (ignored_octets_ > kIgnoredOctetsMax) {
    fail_with(
        Kind::kOther,
        "the peer talks back, which carbon's plaintext port never does; check the port number");
  }
}

// An EOF proves something only when nothing of ours (octets or FIN) is untaken, and when no error
// stands behind it: after a short read from a socket that is down, libuv reports an EOF of its own
// making, even when what follows in the socket is a reset.
void CarbonAttempt::judge_eof() {
  const std::size_t untaken = untaken_octets();
  if (untaken > 0) {
    return fail_with(Kind::kDied,
                     fmt::format("closed with {} of {} octets unread; did carbon stop, or run into "
                                 "a line it cannot read? (its log tells)",
                                 untaken, batch_.lines.size()));
  }
  const int error = pending_error(fd_of(&socket_->tcp));
  if (error != 0) return fail_with_status(-error);
  if (!is_shut_)
    return fail_with(Kind::kDied, "closed before we had ended the batch; did carbon stop?");
  finish({});
}

// What waits in our process and in the kernel's queue (SIOCOUTQ); our FIN counts as one there.
std::size_t CarbonAttempt::untaken_octets() const noexcept {
  int queued = 0;
  if (ioctl(fd_of(&socket_->tcp), SIOCOUTQ, &queued) != 0) return batch_.lines.size();
  return static_cast<std::size_t>(queued) + socket_->tcp.write_queue_size;
}

// A loop that was busy hears of its timers before it reads what has come meanwhile: an EOF that was
// in time is looked for in the kernel.
bool CarbonAttempt::has_ended_unseen() const noexcept {
  char octet = 0;
  return is_shut_ && socket_ && recv(fd_of(&socket_->tcp), &octet, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void CarbonAttempt::time_out() {
  if (has_ended_unseen()) return judge_eof();
  switch (phase_) {
    case Phase::kFailed:
      return finish(std::unexpected(std::move(failure_)));
    case Phase::kWrite:
      return fail_with(Kind::kOther,
                       fmt::format("left {} of {} octets unread for {} s; is carbon stopped, or "
                                   "paused by USE_FLOW_CONTROL with a full cache?",
                                   untaken_octets(), batch_.lines.size(), ack_seconds(options_)));
    case Phase::kAwaitEof:
      return time_out_awaiting_end();
    case Phase::kAwaitTaken:
      return poll_taken();
    case Phase::kSettle:
      return fail_with(Kind::kUnanswered, "took the batch, and does not close");
  }
}

// With octets or our FIN untaken it is the receiver's machine or the network that is stuck; with
// all of it taken, only the receiver itself.
void CarbonAttempt::time_out_awaiting_end() {
  const bool is_taken = untaken_octets() == 0 && pending_error(fd_of(&socket_->tcp)) == 0;
  fail_with(is_taken ? Kind::kUnanswered : Kind::kOther,
            fmt::format("did not close within {} s after the end of the batch, so nothing "
                        "tells that it was read; is carbon stopped or overloaded?",
                        ack_seconds(options_)));
}

void CarbonAttempt::poll_taken() {
  if (untaken_octets() == 0) return enter(Phase::kSettle, kSettle);
  if (uv_now(loop_) < taken_deadline_ms_) return enter(Phase::kAwaitTaken, kTakenPoll);
  time_out_awaiting_end();
}

void CarbonAttempt::enter(Phase phase, milliseconds timeout) {
  phase_ = phase;
  uv_update_time(loop_);  // The loop's clock stands still while callbacks run.
  uv_timer_start(timer_.get(), &on_timer, static_cast<std::uint64_t>(timeout.count()), 0);
}

void CarbonAttempt::fail_with(CarbonFailure::Kind kind, std::string what) {
  socket_.reset();
  failure_ = {{{}, std::move(what)}, kind};
  enter(Phase::kFailed, kFailureDelay);
}

void CarbonAttempt::fail_with_status(int status) {
  const Kind kind = kind_of_status(status);
  if (kind == Kind::kDied) {
    return fail_with(kind,
                     "the connection was reset before everything was read; did carbon stop, or run "
                     "into a line it cannot read? (its log tells)");
  }
  fail_with(kind, fmt::format("the connection broke: {}", uv_strerror(status)));
}

// Last in every call chain: the callee may destroy this attempt.
void CarbonAttempt::finish(SendOutcome outcome) {
  socket_.reset();
  timer_.reset();
  if (!outcome) outcome.error().where = host_and_port(options_.host, options_.port);
  const Done done = std::move(done_);
  done(std::move(batch_), std::move(outcome));
}

void CarbonAttempt::on_write(uv_write_t* request, int status) noexcept {
  auto* const self = static_cast<CarbonAttempt*>(request->handle->data);
  if (self != nullptr && status != 0) self->fail_with_status(status);
}

void CarbonAttempt::on_shutdown(uv_shutdown_t* request, int status) noexcept {
  auto* const self = static_cast<CarbonAttempt*>(request->handle->data);
  if (self != nullptr) self->shut_down(status);
}

void CarbonAttempt::on_alloc(uv_handle_t* handle, std::size_t /*wanted*/,
                             uv_buf_t* buffer) noexcept {
  auto& ignored = reinterpret_cast<CarbonSocket*>(handle)->ignored;
  *buffer = uv_buf_init(ignored.data(), unsigned{sizeof ignored});
}

void CarbonAttempt::on_read(uv_stream_t* stream, ssize_t count,
                            const uv_buf_t* /*buffer*/) noexcept {
  auto* const self = static_cast<CarbonAttempt*>(stream->data);
  if (self != nullptr) self->receive(count);
}

void CarbonAttempt::on_timer(uv_timer_t* timer) noexcept {
  auto* const self = static_cast<CarbonAttempt*>(timer->data);
  if (self != nullptr) self->time_out();
}

}  // namespace sluice
