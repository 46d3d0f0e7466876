#include "rules/literal.h"

#include <cstddef>
#include <optional>
#include <vector>

#include "rules/pattern_text.h"

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

bool is_anchored(std::string_view pattern) {
  if (pattern.find("\\Q") != std::string_view::npos) return false;
  if (pattern.starts_with("(?s)")) pattern.remove_prefix(4);
  if (!pattern.starts_with('^') || quantifier_bytes(pattern, 1) > 0) return false;
  for (std::size_t i = 1; i < pattern.size();) {
    switch (pattern[i]) {
      case '|':
        return false;
      case '\\':
        i += 2;
        break;
      case '[':
        i = skip_class(pattern, i);
        break;
      case '(':
        i = skip_group(pattern, i);
        break;
      default:
        ++i;
    }
  }
  return true;
}

}  // namespace sluice
