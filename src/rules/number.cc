#include "rules/number.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace sluice {
namespace {

// Longer texts are no numbers anyone logs; the bound keeps the copy without commas on the stack.
constexpr std::size_t kDigitsMax = 64;

std::optional<double> parse_plain(std::string_view text) noexcept {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

// What nearly all programs write: up to 15 digits, perhaps with a point between them. As an integer
// a double holds them exactly, as it does the power of ten: their quotient is rounded once, as
// from_chars() rounds, at a fourth of its cost. Nothing for all else.
std::optional<double> parse_short(std::string_view text) noexcept {
  constexpr std::size_t kExactDigits = 15;
  constexpr std::array<double, kExactDigits + 1> kPowers{
      1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  if (text.size() > kExactDigits) return std::nullopt;
  std::int64_t digits = 0;
  std::size_t decimals = 0;  // And the point.
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      digits = digits * 10 + (c - '0');
    } else if (c == '.' && decimals == 0 && i > 0 && i + 1 < text.size()) {
      decimals = text.size() - i;
    } else {
      return std::nullopt;
    }
  }
  const auto whole = static_cast<double>(digits);
  return decimals == 0 ? whole : whole / kPowers[decimals - 1];
}

// True if every comma of the integer part has exactly three digits between it and the next.
bool has_thousands(std::string_view text) noexcept {
  const std::string_view whole = text.substr(0, text.find('.'));
  const std::size_t first = whole.find(',');
  const std::string_view lead = whole.substr(0, first);
  if (lead.empty() || lead == "-" || lead == "+") return false;
  std::string_view rest = whole.substr(first);
  while (!rest.empty()) {
    if (rest.size() < 4 || rest[0] != ',') return false;
    for (const char c : rest.substr(1, 3)) {
      if (c < '0' || c > '9') return false;
    }
    rest.remove_prefix(4);
  }
  return true;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) noexcept {
  if (text.empty() || text.size() > kDigitsMax) return std::nullopt;
  if (const auto number = parse_short(text)) return number;
  if (text.find(',') == std::string_view::npos) return parse_plain(text);
  if (!has_thousands(text)) return std::nullopt;
  std::array<char, kDigitsMax> plain{};
  std::size_t bytes = 0;
  for (const char c : text) {
    if (c != ',') plain[bytes++] = c;
  }
  return parse_plain({plain.data(), bytes});
}

}  // namespace sluice
