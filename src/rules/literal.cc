#include "rules/literal.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <vector>

#include "rules/pattern_text.h"

namespace sluice {
namespace {

// One item of the pattern's top level: a plain octet, or something else that stands for unknown
// text.
struct Item {
  std::optional<char> octet;
  std::size_t start = 0;  // In the pattern.
  std::size_t size = 0;   // Of its text, quantifier included.
};

bool is_punctuation(char c) {
  return c > ' ' && c < 0x7f &&
         !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

// The items of the top level, or nothing when the pattern's shape says too little.
std::optional<std::vector<Item>> items_of(std::string_view pattern) {
  std::vector<Item> items;
  for (std::size_t i = 0; i < pattern.size();) {
    Item item{.start = i};
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
    item.size = i - item.start;
    items.push_back(item);
  }
  return items;
}

// True if `text`, a part of a pattern, has a group that is captured.
bool has_group(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\\') {
      i += 2;
    } else if (text[i] == '[') {
      i = skip_class(text, i);
    } else {
      if (text[i] == '(' &&
          (!text.substr(i).starts_with("(?") || text.substr(i).starts_with("(?P<") ||
           text.substr(i).starts_with("(?<")))
        return true;
      ++i;
    }
  }
  return false;
}

// True if `text`, a part of a pattern, may ask for what stands in front of it: "\b", "^".
bool may_look_back(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '^') return true;
    if (text[i] == '\\') {
      if (i + 1 < text.size() && std::string_view("bBA").contains(text[i + 1])) return true;
      i += 2;
    } else {
      i = text[i] == '[' ? skip_class(text, i) : i + 1;
    }
  }
  return false;
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

std::optional<PatternEnd> end_with_groups(std::string_view pattern) {
  constexpr std::string_view kDotTakesAll = "(?s)";
  if (pattern.find("\\Q") != std::string_view::npos) return std::nullopt;
  const std::string_view flags = pattern.substr(0, pattern.starts_with(kDotTakesAll) ? 4 : 0);
  pattern.remove_prefix(flags.size());
  if (pattern.starts_with('^')) pattern.remove_prefix(1);
  const auto items = items_of(pattern);
  if (!items) return std::nullopt;
  const auto with_group = std::ranges::find_if(*items, [pattern](const Item& item) {
    return has_group(pattern.substr(item.start, item.size));
  });
  if (with_group == items->end()) return std::nullopt;
  auto end = with_group;  // Of the last literal in front of it.
  while (end != items->begin() && !std::prev(end)->octet) --end;
  auto begin = end;
  while (begin != items->begin() && std::prev(begin)->octet) --begin;
  if (begin == items->begin()) return std::nullopt;  // All of the pattern, or no literal.
  const std::string_view rest = pattern.substr(begin->start);
  if (may_look_back(rest)) return std::nullopt;
  PatternEnd found{.literal = {}, .pattern = std::string(flags) + '^' + std::string(rest)};
  for (; begin != end; ++begin) found.literal += *begin->octet;
  return found;
}

namespace {

// True if a group sets flags: they go on behind a '|', and (?m) lets '^' match behind a LF.
bool sets_flags(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size();) {
    if (pattern[i] == '\\') {
      i = skip_escape(pattern, i);
    } else if (pattern[i] == '[') {
      i = skip_class(pattern, i);
    } else {
      const std::string_view group = pattern.substr(i++);
      const bool is_named = group.starts_with("(?P<") || group.starts_with("(?<");
      if (group.starts_with("(?") && !group.starts_with("(?:") && !is_named) return true;
    }
  }
  return false;
}

}  // namespace

bool is_anchored(std::string_view pattern) {
  if (pattern.find("\\Q") != std::string_view::npos) return false;
  if (pattern.starts_with("(?s)")) pattern.remove_prefix(4);
  if (sets_flags(pattern)) return false;
  const auto begins_anchored = [pattern](std::size_t start) {
    return pattern.substr(start).starts_with('^') && quantifier_bytes(pattern, start + 1) == 0;
  };
  if (!begins_anchored(0)) return false;
  for (std::size_t i = 1; i < pattern.size();) {
    switch (pattern[i]) {
      case '|':
        if (!begins_anchored(++i)) return false;
        break;
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
