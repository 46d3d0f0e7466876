#include "config/size.h"

#include <array>

#include "config/quantity.h"
#include "config/quote.h"

namespace sluice {
namespace {

constexpr std::array<Unit, 5> kUnits{{{"B", 1},
                                      {"KiB", std::uint64_t{1} << 10},
                                      {"MiB", std::uint64_t{1} << 20},
                                      {"GiB", std::uint64_t{1} << 30},
                                      {"TiB", std::uint64_t{1} << 40}}};
constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 50;  // More than any disk here.

}  // namespace

Expected<std::uint64_t> parse_size(std::string_view text) {
  const auto bytes = parse_quantity(text, kUnits, kBytesMax);
  if (!bytes) {
    return fail("expected a size such as \"64KiB\", \"256MiB\" or \"1GiB\", got " + quote(text));
  }
  return *bytes;
}

std::string format_size(std::uint64_t bytes) { return format_quantity(bytes, kUnits); }

}  // namespace sluice
