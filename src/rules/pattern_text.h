#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

// Where the parts of a pattern's text end, as far as RE2's syntax says so without parsing it whole.
// Each takes the index at which the part begins; npos means that it never ends.

// Behind the class that opens at `start`.
[[nodiscard]] std::size_t skip_class(std::string_view pattern, std::size_t start);
// Behind the group that opens at `start`.
[[nodiscard]] std::size_t skip_group(std::string_view pattern, std::size_t start);
// Behind the escape at `start`: \d, \x41, \x{263a}, \pN, \p{Greek}, \123.
[[nodiscard]] std::size_t skip_escape(std::string_view pattern, std::size_t start);

// Length of the quantifier at `i`, 0 if there is none.
[[nodiscard]] std::size_t quantifier_bytes(std::string_view pattern, std::size_t i);

}  // namespace sluice
