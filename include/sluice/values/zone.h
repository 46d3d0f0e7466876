#pragma once

#include <chrono>

#include "sluice/base/time.h"

namespace sluice {

// A time zone: what turns the wall clock of a stamp without offset (RFC 3164 section 4.1.2) into a
// moment. Abstract, because the rules of the zones of the world are read from files, and those who
// resolve stamps know none.
class Zone {
 public:
  virtual ~Zone() = default;
  Zone() = default;
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;

  // The moment at which a clock in this zone shows `local`. When clocks are put back, an hour is
  // shown twice; when they are put forward, an hour is never shown and both the clock that was put
  // forward too early and the one put forward too late may mean it. Of the two readings the one
  // nearer to `now` is taken, of two equally near ones the later. A moment that a Timestamp cannot
  // hold becomes the nearest it can. Safe to call from several threads.
  [[nodiscard]] virtual Timestamp to_utc(std::chrono::local_time<std::chrono::nanoseconds> local,
                                         Timestamp now) const noexcept = 0;
};

}  // namespace sluice
