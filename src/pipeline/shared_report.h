#pragma once

#include <chrono>
#include <memory>

#include "sluice/base/time.h"

namespace sluice {

// A copy of a table for readers in other threads, made anew only when the table has changed and the
// copy is old enough: a table may be long, and is published every second.
template <typename Report>
class SharedReport {
 public:
  void touch() noexcept { is_stale_ = true; }

  // Never null once `make` has been called, which the first call does.
  template <typename Make>
  [[nodiscard]] std::shared_ptr<const Report> at(Timestamp now, Make make) {
    constexpr std::chrono::seconds kAgeMax{2};
    // A clock that was set back must not keep an old one for long.
    const bool is_young = now >= made_ && now - made_ < kAgeMax;
    if (report_ && (!is_stale_ || is_young)) return report_;
    report_ = std::make_shared<const Report>(make());
    made_ = now;
    is_stale_ = false;
    return report_;
  }

 private:
  std::shared_ptr<const Report> report_;
  Timestamp made_{};
  bool is_stale_ = true;
};

}  // namespace sluice
