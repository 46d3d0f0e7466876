#include "rules/first_octets.h"

#include <re2/re2.h>

#include "rules/literal.h"
#include "rules/pattern_text.h"

namespace sluice {
namespace {

// Behind the item of a pattern that begins at `start`, without its quantifier.
std::size_t skip_item(std::string_view pattern, std::size_t start) {
  switch (pattern[start]) {
    case '(':
      return skip_group(pattern, start);
    case '[':
      return skip_class(pattern, start);
    case '\\':
      return skip_escape(pattern, start);
    default:
      return start + 1;
  }
}

// What stands in the parentheses of `group`; nothing when they set flags.
std::optional<std::string_view> inside_of(std::string_view group) {
  std::size_t begin = 1;
  if (group.starts_with("(?:")) {
    begin = 3;
  } else if (group.starts_with("(?P<") || group.starts_with("(?<")) {
    begin = group.find('>') + 1;
  } else if (group.starts_with("(?")) {
    return std::nullopt;
  }
  return group.substr(begin, group.size() - begin - 1);
}

bool may_be_skipped(std::string_view quantifier) {
  return quantifier.starts_with('*') || quantifier.starts_with('?') || quantifier.starts_with("{0");
}

}  // namespace

OctetSet FirstOctets::of(std::string_view pattern) {
  if (pattern.starts_with("(?s)")) pattern.remove_prefix(4);
  const bool is_plain = is_anchored(pattern) && pattern.find("\\Q") == std::string_view::npos;
  const auto first = is_plain ? of_alternatives(pattern) : std::nullopt;
  return first && !first->may_be_empty ? first->octets : ~OctetSet();
}

std::optional<FirstOctets::First> FirstOctets::of_alternatives(std::string_view text) {
  First all;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size();) {
    if (i < text.size() && text[i] != '|') {
      i = skip_item(text, i);
      if (i > text.size()) return std::nullopt;
      continue;
    }
    const auto one = of_sequence(text.substr(begin, i - begin));
    if (!one) return std::nullopt;
    all.octets |= one->octets;
    all.may_be_empty |= one->may_be_empty;
    begin = ++i;
  }
  return all;
}

std::optional<FirstOctets::First> FirstOctets::of_sequence(std::string_view text) {
  First all{.octets = {}, .may_be_empty = true};
  for (std::size_t i = 0; i < text.size() && all.may_be_empty;) {
    const std::size_t end = skip_item(text, i);
    if (end > text.size()) return std::nullopt;
    const auto item = of_item(text.substr(i, end - i));
    if (!item) return std::nullopt;
    i = end + quantifier_bytes(text, end);
    all.octets |= item->octets;
    all.may_be_empty = item->may_be_empty || may_be_skipped(text.substr(end, i - end));
  }
  return all;
}

std::optional<FirstOctets::First> FirstOctets::of_item(std::string_view item) {
  const char c = item.front();
  if (c == '^' || c == '$') return First{.octets = {}, .may_be_empty = true};
  if (c == '(') {
    const auto inside = inside_of(item);
    return inside ? of_alternatives(*inside) : std::nullopt;
  }
  if (c == '\\') {
    // Some escapes stand for a place and not for an octet.
    constexpr std::string_view kPlaces = "AbBzQEC";
    if (item.size() < 2 || kPlaces.contains(item[1])) return std::nullopt;
  }
  if (c == '\\' || c == '[' || c == '.') return First{.octets = of_class(item)};
  First one;
  one.octets.set(static_cast<unsigned char>(c));
  return one;
}

// RE2 knows best; '.' is taken for one that takes a LF, too.
const OctetSet& FirstOctets::of_class(std::string_view item) {
  const auto known = classes_.find(item);
  if (known != classes_.end()) return known->second;
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  options.set_dot_nl(true);
  const re2::RE2 one(re2::StringPiece(item.data(), item.size()), options);
  OctetSet octets;
  for (unsigned octet = 0; octet < octets.size(); ++octet) {
    const char text = static_cast<char>(octet);
    octets.set(octet, !one.ok() || re2::RE2::FullMatch(re2::StringPiece(&text, 1), one));
  }
  return classes_.emplace(std::string(item), octets).first->second;
}

}  // namespace sluice
