#pragma once

#include <cstddef>
#include <string_view>

// Octet classes and small cursors that all dialects share. No locale: syslog headers are ASCII.
namespace sluice::detail {

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

[[nodiscard]] constexpr bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

[[nodiscard]] constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

[[nodiscard]] constexpr unsigned digit_value(char c) noexcept {
  return static_cast<unsigned>(c - '0');
}

// Length of the run of digits that `text` begins with.
[[nodiscard]] constexpr std::size_t digits_length(std::string_view text) noexcept {
  std::size_t length = 0;
  while (length < text.size() && is_digit(text[length])) ++length;
  return length;
}

// The first word of `text`: all up to a SP or the end.
[[nodiscard]] inline std::string_view first_word(std::string_view text) noexcept {
  return text.substr(0, text.find(' '));
}

[[nodiscard]] constexpr std::string_view without_leading_spaces(std::string_view text) noexcept {
  std::size_t start = 0;
  while (start < text.size() && text[start] == ' ') ++start;
  return text.substr(start);
}

[[nodiscard]] constexpr bool begins_with_space_or_ends(std::string_view text) noexcept {
  return text.empty() || text.front() == ' ';
}

}  // namespace sluice::detail
