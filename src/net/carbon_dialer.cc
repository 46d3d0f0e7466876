#include "net/carbon_dialer.h"

#include <fmt/format.h>

#include <utility>

namespace sluice {
namespace {

using std::chrono::milliseconds;

// Failures are told a moment later, so that they never come from within the constructor, and so
// that an owner who tries again at once cannot keep the loop in one turn for ever.
constexpr milliseconds kFailureDelay{1};

double seconds_of(milliseconds time) { return static_cast<double>(time.count()) / 1000.0; }

}  // namespace

CarbonFailure::Kind kind_of_status(int status) noexcept {
  switch (status) {
    case UV_ECONNREFUSED:
    case UV_ECONNRESET:
    case UV_EPIPE:
      return CarbonFailure::Kind::kDied;
    default:
      return CarbonFailure::Kind::kOther;
  }
}

CarbonDialer::CarbonDialer(uv_loop_t* loop, const std::string& host, std::uint16_t port,
                           milliseconds connect_timeout, Done done)
    : loop_(loop),
      connect_timeout_(connect_timeout),
      done_(std::move(done)),
      timer_(make_handle<uv_timer_t>(loop, this, uv_timer_init)) {
  if (const auto address = parse_socket_address(host, port)) {
    addresses_.push_back(*address);
    try_next_address();
  } else {
    look_up(host, port);
  }
}

void CarbonDialer::look_up(const std::string& host, std::uint16_t port) {
  enter(Phase::kLookup, connect_timeout_);
  lookup_ = std::make_unique<Lookup>(loop_, [this](Expected<std::vector<SocketAddress>> found) {
    if (!found) return fail_with(std::move(found.error().what));
    addresses_ = std::move(*found);
    try_next_address();
  });
  auto started = lookup_->start(host, port);
  if (!started) fail_with(std::move(started.error().what));
}

void CarbonDialer::try_next_address() {
  while (next_address_ < addresses_.size()) {
    const int status = start_connecting(addresses_[next_address_]);
    if (status == 0) return enter(Phase::kConnect, connect_timeout_);
    give_up_address(status, uv_strerror(status));
  }
  fail_with(
      fmt::format("no connection ({}); is carbon running and listening there "
                  "(`ss -ltn` on that machine), and does a firewall let us through?",
                  failures_));
}

int CarbonDialer::start_connecting(const SocketAddress& address) {
  socket_ = make_handle<CarbonSocket>(loop_, this, [](uv_loop_t* loop, CarbonSocket* socket) {
    return uv_tcp_init(loop, &socket->tcp);
  });
  return uv_tcp_connect(&socket_->connect, &socket_->tcp, address.get(), &on_connect);
}

void CarbonDialer::give_up_address(int status, std::string_view why) {
  socket_.reset();
  if (kind_of_status(status) == CarbonFailure::Kind::kDied) kind_ = CarbonFailure::Kind::kDied;
  if (!failures_.empty()) failures_ += ", ";
  failures_ += fmt::format("{}: {}", addresses_[next_address_].text(), why);
  ++next_address_;
}

void CarbonDialer::connected(int status) {
  if (status == 0) {
    socket_->tcp.data = nullptr;
    return finish(std::move(socket_));
  }
  give_up_address(status, uv_strerror(status));
  try_next_address();
}

void CarbonDialer::time_out() {
  switch (phase_) {
    case Phase::kFailed:
      return finish(std::unexpected(CarbonFailure{{{}, std::move(failures_)}, kind_}));
    case Phase::kLookup:
      return fail_with(
          fmt::format("the name was not looked up within {} s; does the name server "
                      "answer?",
                      seconds_of(connect_timeout_)));
    case Phase::kConnect:
      give_up_address(UV_ETIMEDOUT,
                      fmt::format("no answer within {} s", seconds_of(connect_timeout_)));
      return try_next_address();
  }
}

void CarbonDialer::enter(Phase phase, milliseconds timeout) {
  phase_ = phase;
  uv_update_time(loop_);  // The loop's clock stands still while callbacks run.
  uv_timer_start(timer_.get(), &on_timer, static_cast<std::uint64_t>(timeout.count()), 0);
}

void CarbonDialer::fail_with(std::string what) {
  socket_.reset();
  lookup_.reset();
  failures_ = std::move(what);
  enter(Phase::kFailed, kFailureDelay);
}

// Last in every call chain: the callee may destroy this dialer.
void CarbonDialer::finish(Result result) {
  timer_.reset();
  const Done done = std::move(done_);
  done(std::move(result));
}

void CarbonDialer::on_connect(uv_connect_t* request, int status) noexcept {
  auto* const self = static_cast<CarbonDialer*>(request->handle->data);
  if (self != nullptr) self->connected(status);
}

void CarbonDialer::on_timer(uv_timer_t* timer) noexcept {
  auto* const self = static_cast<CarbonDialer*>(timer->data);
  if (self != nullptr) self->time_out();
}

}  // namespace sluice
