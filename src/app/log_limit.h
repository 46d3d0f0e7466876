#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "sluice/base/time.h"

namespace sluice {

// Lets through so many log lines of one kind a minute: a hostile peer must not fill the disk.
class LogLimit {
 public:
  explicit LogLimit(std::uint32_t lines_per_minute) : lines_per_minute_(lines_per_minute) {}

  // Nothing: keep silent. A number: log, and say that so many lines were kept back since the last.
  [[nodiscard]] std::optional<std::uint64_t> admit(Timestamp now) {
    if (now - minute_ >= std::chrono::minutes(1) || now < minute_) {
      minute_ = now;
      lines_ = 0;
    }
    if (lines_ >= lines_per_minute_) {
      ++suppressed_;
      return std::nullopt;
    }
    ++lines_;
    const std::uint64_t suppressed = suppressed_;
    suppressed_ = 0;
    return suppressed;
  }

 private:
  std::uint32_t lines_per_minute_;
  std::uint32_t lines_ = 0;
  std::uint64_t suppressed_ = 0;
  Timestamp minute_{};
};

}  // namespace sluice
