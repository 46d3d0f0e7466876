#pragma once

#include <string_view>

namespace sluice {

// What to write instead of something that other regular expressions have and RE2 refuses: `refused`
// is the part of `pattern` that RE2 names. Empty where RE2's own words are enough.
[[nodiscard]] std::string_view pattern_advice(std::string_view pattern, std::string_view refused);

}  // namespace sluice
