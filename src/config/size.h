#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sluice/base/error.h"

namespace sluice {

// "512B", "64KiB", "256MiB", "1GiB", "2TiB": a whole number and one unit, at most 1024TiB.
[[nodiscard]] Expected<std::uint64_t> parse_size(std::string_view text);

// The same form, in the largest unit that needs no fraction.
[[nodiscard]] std::string format_size(std::uint64_t bytes);

}  // namespace sluice
