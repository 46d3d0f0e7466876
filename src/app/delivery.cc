#include "app/delivery.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

Timestamp wall_clock() { return std::chrono::system_clock::now(); }

}  // namespace

Delivery::Delivery(uv_loop_t* loop, const DestinationConfig& config)
    : config_(config),
      spool_({.bytes_max = config.spool_bytes_max,
              .age_max = config.spool_age_max,
              .replay_window = std::chrono::seconds(0)},
             wall_clock()),
      client_(loop,
              {.host = config.carbon.host,
               .port = config.carbon.port,
               .connect_timeout = config.connect_timeout,
               .ack_timeout = config.ack_timeout},
              [this](const Batch&, SendOutcome outcome) { finish(std::move(outcome)); }),
      retry_timer_(make_handle<uv_timer_t>(loop, this, uv_timer_init)),
      jitter_(std::random_device{}()) {}

void Delivery::publish(std::span<const Datapoint> datapoints) {
  spool_.put(datapoints, 0);
  send_next();
}

void Delivery::hurry() {
  is_hurried_ = true;
  uv_timer_stop(retry_timer_.get());
  is_waiting_ = false;
  retry_after_ = kRetryMin;
  send_next();
}

void Delivery::send_next() {
  if (!client_.is_idle() || is_waiting_) return;
  if (auto batch = spool_.take(wall_clock())) client_.send(std::move(*batch));
}

void Delivery::finish(SendOutcome outcome) {
  if (outcome) {
    succeed();
    send_next();
  } else {
    retry_later(outcome.error());
  }
}

void Delivery::succeed() {
  spool_.acknowledge(wall_clock());
  ++batches_acknowledged_;
  retry_after_ = kRetryMin;
  if (!std::exchange(is_down_, false)) return;
  const std::uint64_t seconds = (uv_now(retry_timer_->loop) - down_since_ms_) / 1000;
  spdlog::info("destination {} ({}) takes datapoints again after {} s; {} datapoints wait",
               config_.name, config_.carbon.to_string(), seconds, spool_.stats().waiting);
}

void Delivery::retry_later(const Error& error) {
  spool_.give_back();
  ++batches_failed_;
  last_error_ = error.message();
  if (!std::exchange(is_down_, true)) {
    down_since_ms_ = uv_now(retry_timer_->loop);
    spdlog::warn(
        "destination {} does not take datapoints: {}; {} datapoints wait, trying again until it "
        "does",
        config_.name, error.message(), spool_.stats().waiting);
  }
  // Half to all of the pause.
  const auto pause = static_cast<std::uint64_t>(retry_after_.count());
  const std::uint64_t wait = pause / 2 + jitter_() % (pause / 2 + 1);
  retry_after_ = is_hurried_ ? kRetryMin : std::min(retry_after_ * 2, kRetryMax);
  is_waiting_ = true;
  const auto on_timer = [](uv_timer_t* timer) noexcept {
    auto* const self = static_cast<Delivery*>(timer->data);
    if (self == nullptr) return;
    self->is_waiting_ = false;
    self->send_next();
  };
  uv_timer_start(retry_timer_.get(), on_timer, wait, 0);
}

}  // namespace sluice
