#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

// `text` cut to at most `bytes_max` octets, never inside a UTF-8 sequence; "..." stands for the
// rest.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t bytes_max);

// `text` for an error message: in double quotes, shortened, on one line. Control characters are
// escaped the way JSON does it, octets that are not UTF-8 are replaced.
[[nodiscard]] std::string quote(std::string_view text);

}  // namespace sluice
