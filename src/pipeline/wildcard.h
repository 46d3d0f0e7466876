#pragma once

#include <string_view>

namespace sluice {

// True if `pattern`, in which '*' stands for any run of characters, is all of `text`. Goes back to
// the last '*' only, so it takes at most |pattern| * |text| steps.
[[nodiscard]] bool wildcard_matches(std::string_view pattern, std::string_view text);

}  // namespace sluice
