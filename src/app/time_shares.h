#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace sluice {

// Shares a time among several that take it one after the other: each may have its part of what is
// left, and what one does not need is the others'.
class TimeShares {
 public:
  using Clock = std::chrono::steady_clock;

  TimeShares(Clock::time_point now, std::chrono::milliseconds all, std::size_t takers) noexcept
      : end_(now + all), takers_(static_cast<std::int64_t>(takers)) {}

  // The next one's part, at least a millisecond.
  [[nodiscard]] std::chrono::milliseconds next(Clock::time_point now) noexcept {
    using std::chrono::milliseconds;
    const auto left = std::chrono::ceil<milliseconds>(end_ - now);
    const auto part = left / std::max<std::int64_t>(takers_--, 1);
    return std::max(part, milliseconds(1));
  }

 private:
  Clock::time_point end_;
  std::int64_t takers_;
};

}  // namespace sluice
