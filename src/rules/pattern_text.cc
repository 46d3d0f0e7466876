#include "rules/pattern_text.h"

namespace sluice {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Length of the number at `i`; 0 where RE2 reads none: a zero in front, or too many digits.
std::size_t count_digits(std::string_view pattern, std::size_t i) {
  constexpr std::size_t kDigitsMax = 9;
  std::size_t end = i;
  while (end < pattern.size() && is_digit(pattern[end])) ++end;
  const std::size_t digits = end - i;
  const bool is_read = digits <= kDigitsMax && (digits < 2 || pattern[i] != '0');
  return is_read ? digits : 0;
}

// Length of "{n}", "{n,}" or "{n,m}" at `i`; 0 for any other brace, which RE2 takes as it stands.
std::size_t repeat_bytes(std::string_view pattern, std::size_t i) {
  const std::size_t digits = count_digits(pattern, i + 1);
  if (digits == 0) return 0;
  std::size_t end = i + 1 + digits;
  if (end < pattern.size() && pattern[end] == ',') {
    ++end;
    end += count_digits(pattern, end);
  }
  return end < pattern.size() && pattern[end] == '}' ? end - i + 1 : 0;
}

}  // namespace

std::size_t skip_class(std::string_view pattern, std::size_t start) {
  std::size_t i = start + 1;
  if (i < pattern.size() && pattern[i] == '^') ++i;
  if (i < pattern.size() && pattern[i] == ']') ++i;  // A leading ']' is literal.
  for (; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '[' && i + 1 < pattern.size() && pattern[i + 1] == ':') {
      const std::size_t end = pattern.find(":]", i + 2);
      if (end == std::string_view::npos) return end;
      i = end + 1;
    } else if (pattern[i] == ']') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

std::size_t skip_group(std::string_view pattern, std::size_t start) {
  int depth = 0;
  for (std::size_t i = start; i < pattern.size();) {
    if (pattern[i] == '\\') {
      i += 2;
    } else if (pattern[i] == '[') {
      i = skip_class(pattern, i);
      if (i == std::string_view::npos) return i;
    } else {
      if (pattern[i] == '(') ++depth;
      if (pattern[i] == ')' && --depth == 0) return i + 1;
      ++i;
    }
  }
  return std::string_view::npos;
}

std::size_t quantifier_bytes(std::string_view pattern, std::size_t i) {
  if (i >= pattern.size()) return 0;
  std::size_t bytes = 0;
  if (pattern[i] == '*' || pattern[i] == '+' || pattern[i] == '?') {
    bytes = 1;
  } else if (pattern[i] == '{') {
    bytes = repeat_bytes(pattern, i);
  }
  if (bytes > 0 && i + bytes < pattern.size() && pattern[i + bytes] == '?') ++bytes;
  return bytes;
}

std::size_t skip_escape(std::string_view pattern, std::size_t start) {
  if (start + 1 >= pattern.size()) return std::string_view::npos;
  const char kind = pattern[start + 1];
  const bool is_braced = start + 2 < pattern.size() && pattern[start + 2] == '{';
  if ((kind == 'x' || kind == 'p' || kind == 'P') && is_braced) {
    const std::size_t close = pattern.find('}', start);
    return close == std::string_view::npos ? close : close + 1;
  }
  std::size_t end = start + 2;
  if (kind == 'x') end += 2;
  if (kind == 'p' || kind == 'P') end += 1;
  // An octal number has three digits at most; what follows is an item of its own.
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  while (is_octal(kind) && end < pattern.size() && end < start + 4 && is_octal(pattern[end])) ++end;
  return end <= pattern.size() ? end : std::string_view::npos;
}

}  // namespace sluice
