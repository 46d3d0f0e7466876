#include "rules/number.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

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
