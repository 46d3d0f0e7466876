#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "sluice/base/error.h"

namespace sluice {

// "500ms", "10s", "5m", "2h", "7d": a whole number and one unit, at most 36500d.
[[nodiscard]] Expected<std::chrono::milliseconds> parse_duration(std::string_view text);

// The same form, in the largest unit that needs no fraction: 90 s is "90s", 120 s is "2m".
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

}  // namespace sluice
