#pragma once

#include <chrono>
#include <cstdint>

namespace sluice {

// A moment in UTC. Nanoseconds since 1970 in 64 bits reach from 1677 to 2262.
using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

// A moment in UTC in whole seconds: window starts, datapoint timestamps.
using Seconds = std::chrono::sys_seconds;

// The whole second that `time` lies in (towards the past, also before 1970).
[[nodiscard]] inline Seconds floor_to_seconds(Timestamp time) noexcept {
  return std::chrono::floor<std::chrono::seconds>(time);
}

// Start of the window of `length` that holds `time`, aligned to the epoch.
[[nodiscard]] inline Seconds window_start(Timestamp time, std::chrono::seconds length) noexcept {
  const std::int64_t second = floor_to_seconds(time).time_since_epoch().count();
  std::int64_t rest = second % length.count();
  if (rest < 0) rest += length.count();
  return Seconds(std::chrono::seconds(second - rest));
}

}  // namespace sluice
