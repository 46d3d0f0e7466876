#include "app/fleet_views.h"

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

constexpr std::chrono::seconds kAgeMin{1};
constexpr int kShareOfLoop = 20;
constexpr std::chrono::seconds kWaitMax{2};
// Half of the server's threads, so that the others go on.
constexpr std::size_t kWaitingMax = 3;

}  // namespace

FleetViews::View FleetViews::get() {
  std::unique_lock lock(mutex_);
  const auto is_fresh = [this] { return last_ && Clock::now() < next_due_; };
  if (is_closed_ || is_fresh() || waiting_ >= kWaitingMax) return last_;
  ++waiting_;
  wake_();
  given_.wait_for(lock, kWaitMax, [&] { return is_closed_ || is_fresh(); });
  --waiting_;
  return last_;
}

bool FleetViews::is_wanted() const {
  const std::lock_guard lock(mutex_);
  return waiting_ > 0 && !is_closed_ && (!last_ || Clock::now() >= next_due_);
}

void FleetViews::give(View view, std::chrono::nanoseconds took) {
  {
    const std::lock_guard lock(mutex_);
    last_ = std::move(view);
    next_due_ = Clock::now() + std::max<std::chrono::nanoseconds>(kAgeMin, kShareOfLoop * took);
  }
  given_.notify_all();
}

void FleetViews::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  given_.notify_all();
}

}  // namespace sluice
