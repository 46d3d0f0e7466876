#pragma once

#include <algorithm>
#include <string_view>

namespace sluice {

// Upper and lower case count as the same, of ASCII alone.
constexpr char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline bool is_same_word(std::string_view one, std::string_view other) noexcept {
  return std::ranges::equal(one, other, {}, ascii_lower, ascii_lower);
}

// An empty part stands in every text.
inline bool holds_word(std::string_view text, std::string_view part) noexcept {
  return part.empty() || !std::ranges::search(text, part, {}, ascii_lower, ascii_lower).empty();
}

}  // namespace sluice
