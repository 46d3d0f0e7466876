#include "config/duration.h"

#include <array>
#include <cstdint>

#include "config/quantity.h"
#include "config/quote.h"

namespace sluice {
namespace {

constexpr std::array<Unit, 5> kUnits{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
// A hundred years: nothing waits longer, and it fits nanoseconds in 64 bits.
constexpr std::uint64_t kMillisecondsMax = 36'500ull * 86'400'000;

}  // namespace

Expected<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto amount = parse_quantity(text, kUnits, kMillisecondsMax);
  if (!amount) {
    return fail("expected a duration such as \"500ms\", \"10s\", \"5m\", \"2h\" or \"7d\", got " +
                quote(text));
  }
  return std::chrono::milliseconds(*amount);
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto amount = duration.count();
  if (amount < 0) return "-" + format_quantity(static_cast<std::uint64_t>(-amount), kUnits);
  return amount == 0 ? "0s" : format_quantity(static_cast<std::uint64_t>(amount), kUnits);
}

}  // namespace sluice
