#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice {

// A unit and how many of the smallest one it holds.
struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// A whole number directly followed by one of `units`, in the smallest unit; none when it is
// anything else or exceeds `max`.
[[nodiscard]] std::optional<std::uint64_t> parse_quantity(std::string_view text,
                                                          std::span<const Unit> units,
                                                          std::uint64_t max);

// `amount` in the largest unit that needs no fraction. `units` grow, and the first has factor 1.
[[nodiscard]] std::string format_quantity(std::uint64_t amount, std::span<const Unit> units);

}  // namespace sluice
