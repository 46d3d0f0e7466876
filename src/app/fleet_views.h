#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "sluice/pipeline/fleet_view.h"

namespace sluice {

// Views of the fleet for the status server's threads, made by the control loop when somebody asks
// and the last one is old: at most once a second, and so that the loop spends at most a twentieth
// of its time on them.
class FleetViews {
 public:
  using View = std::shared_ptr<const FleetView>;

  // `wake` is called from the asker's thread when is_wanted() is worth asking.
  explicit FleetViews(std::function<void()> wake) : wake_(std::move(wake)) {}

  // From any thread: a fresh view; the last one, however old, when the loop does not make one in
  // time; null when there is none.
  [[nodiscard]] View get();

  // From the loop.
  [[nodiscard]] bool is_wanted() const;
  // `took` is what making it cost.
  void give(View view, std::chrono::nanoseconds took);
  // From now on nobody waits.
  void close();

 private:
  using Clock = std::chrono::steady_clock;

  std::function<void()> wake_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable given_;
  View last_;
  Clock::time_point next_due_;  // Until then the last one is fresh.
  std::size_t waiting_ = 0;
  bool is_closed_ = false;
};

}  // namespace sluice
