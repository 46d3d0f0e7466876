#pragma once

#include <optional>
#include <string_view>

namespace sluice {

// The finite number that a capture spells: "12.34", "-3", "1e3", "1,234" (thousands separators, as
// the JVM's message formats write them). Nothing else; no blanks, no "inf".
[[nodiscard]] std::optional<double> parse_number(std::string_view text) noexcept;

}  // namespace sluice
