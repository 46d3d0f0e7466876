#pragma once

#include <uv.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <span>
#include <string>

#include "config/config.h"
#include "net/carbon_client.h"
#include "net/handle.h"
#include "sluice/base/time.h"
#include "sluice/values/datapoint.h"
#include "store/spool.h"

namespace sluice {

// Delivers to one destination: what is published waits in its spool, leaves batch by batch, and is
// removed by an acknowledgement alone. A destination that fails is tried again after a pause that
// doubles up to kRetryMax, with jitter, so that many relays do not come back at one moment.
class Delivery {
 public:
  static constexpr std::chrono::milliseconds kRetryMin{500};
  static constexpr std::chrono::milliseconds kRetryMax{30'000};

  Delivery(uv_loop_t* loop, const DestinationConfig& config);
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  void publish(std::span<const Datapoint> datapoints);

  // The relay stops: from now on failures are tried again at once, and not kept for later.
  void hurry();

  // True when nothing waits and nothing is in flight.
  [[nodiscard]] bool is_done() const noexcept { return spool_.is_empty(); }
  [[nodiscard]] const std::string& name() const noexcept { return config_.name; }
  [[nodiscard]] std::string endpoint() const { return config_.carbon.to_string(); }
  [[nodiscard]] bool is_down() const noexcept { return is_down_; }
  // Why the last batch was not acknowledged; of interest while is_down().
  [[nodiscard]] const std::string& last_error() const noexcept { return last_error_; }
  [[nodiscard]] const Spool& spool() const noexcept { return spool_; }
  [[nodiscard]] std::uint64_t batches_acknowledged() const noexcept {
    return batches_acknowledged_;
  }
  [[nodiscard]] std::uint64_t batches_failed() const noexcept { return batches_failed_; }

 private:
  void send_next();
  void finish(SendOutcome outcome);
  void succeed();
  void retry_later(const Error& error);

  DestinationConfig config_;
  Spool spool_;
  CarbonClient client_;
  Handle<uv_timer_t> retry_timer_;
  std::minstd_rand jitter_;
  std::chrono::milliseconds retry_after_ = kRetryMin;
  bool is_waiting_ = false;  // For the retry timer.
  bool is_hurried_ = false;
  bool is_down_ = false;
  std::string last_error_;
  std::uint64_t down_since_ms_ = 0;  // Of the loop's clock.
  std::uint64_t batches_acknowledged_ = 0;
  std::uint64_t batches_failed_ = 0;
};

}  // namespace sluice
