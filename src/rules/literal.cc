#include "rules/literal.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace sluice {
namespace {

// One item of the pattern's top level: a plain octet, or something else that stands for unknown
// text.
struct Item {
  std::optional<char> octet;
};

bool is_punctuation(char c) {
  return c > ' ' && c < 0x7f &&
         !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

// Index after the group or class that opens at `start`; npos when it never closes.
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

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Length of "{n}", "{n,}" or "{n,m}" at `i`; 0 for any other brace, which RE2 takes as it stands.
std::size_t repeat_bytes(std::string_view pattern, std::size_t i) {
  std::size_t end = i + 1;
  while (end < pattern.size() && is_digit(pattern[end])) ++end;
  if (end == i + 1) return 0;
  if (end < pattern.size() && pattern[end] == ',') {
    do {
      ++end;
    } while (end < pattern.size() && is_digit(pattern[end]));
  }
  return end < pattern.size() && pattern[end] == '}' ? end - i + 1 : 0;
}

// Length of the quantifier at `i`, 0 if there is none.
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

// The items of the top level, or nothing when the pattern's shape says too little.
std::optional<std::vector<Item>> items_of(std::string_view pattern) {
  std::vector<Item> items;
  for (std::size_t i = 0; i < pattern.size();) {
    Item item;
    const char c = pattern[i];
    if (c == '|' || c == '^') return std::nullopt;
    if (c == '$') {
      ++i;
    } else if (c == '(') {
      // A group that only sets flags, (?i), changes the meaning of what follows.
      if (pattern.substr(i).starts_with("(?") && !pattern.substr(i).starts_with("(?:") &&
          !pattern.substr(i).starts_with("(?P<")) {
        return std::nullopt;
      }
      i = skip_group(pattern, i);
    } else if (c == '[') {
      i = skip_class(pattern, i);
    } else if (c == '.') {
      ++i;
    } else if (c == '\\') {
      // What \p, \x and octal escapes stand for goes on behind them.
      constexpr std::string_view kLongEscapes = "pPx0123456789";
      if (i + 1 >= pattern.size() || kLongEscapes.contains(pattern[i + 1])) return std::nullopt;
      if (is_punctuation(pattern[i + 1])) item.octet = pattern[i + 1];
      i += 2;
    } else {
      item.octet = c;
      ++i;
    }
    if (i == std::string_view::npos) return std::nullopt;
    if (const std::size_t bytes = quantifier_bytes(pattern, i); bytes > 0) {
      item.octet.reset();  // It may be there any number of times.
      i += bytes;
    }
    items.push_back(item);
  }
  return items;
}

}  // namespace

RequiredLiterals required_literals(std::string_view pattern) {
  // Between \Q and \E nothing means what it says elsewhere.
  if (pattern.find("\\Q") != std::string_view::npos) return {};
  const bool is_anchored = pattern.starts_with('^');
  if (is_anchored && quantifier_bytes(pattern, 1) > 0) return {};
  const auto items = items_of(is_anchored ? pattern.substr(1) : pattern);
  if (!items) return {};
  RequiredLiterals found;
  std::string run;
  bool is_at_start = is_anchored;
  const auto end_run = [&] {
    if (is_at_start) {
      found.prefix = run;
    } else if (run.size() > found.inside.size()) {
      found.inside = run;
    }
    is_at_start = false;
    run.clear();
  };
  for (const Item& item : *items) {
    if (item.octet) {
      run += *item.octet;
    } else {
      end_run();
    }
  }
  end_run();
  return found;
}

}  // namespace sluice
