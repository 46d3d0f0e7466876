#include "rules/pattern_advice.h"

#include <array>

namespace sluice {
namespace {

constexpr std::string_view kNamed = "a capture with a name is written (?P<name>...)";
constexpr std::string_view kLookaround =
    "RE2 has no lookahead and no lookbehind: match the text around as well and put what you need "
    "into "
    "a capture; leave out what must not match with a class such as [^x], or with a rule before "
    "this "
    "one that matches it and has \"stop\"";
constexpr std::string_view kBackReference =
    "RE2 has no back-references: give each place a capture of its own";
constexpr std::string_view kPossessive =
    "RE2 never backtracks, so it has no possessive repetitions and no atomic groups: write the "
    "plain "
    "ones, such as a+ and (?:a)";

struct Advice {
  std::string_view refused;  // As RE2 names it.
  std::string_view words;
};

constexpr auto kAdvice = std::to_array<Advice>({
    {"(?=", kLookaround},
    {"(?!", kLookaround},
    {"(?'", kNamed},
    {"(?>", kPossessive},
    {"++", kPossessive},
    {"*+", kPossessive},
    {"?+", kPossessive},
    {"\\g", kBackReference},
    {"\\k", kBackReference},
    {"\\Z", "the end of the text is $"},
    {"\\h", "a blank or tab is [ \\t]"},
    {"\\R", "a line feed is \\n"},
    {"\\u", "write the letter itself; the pack is UTF-8"},
    {"(?x",
     "RE2 has no free spacing: write the pattern without blanks, and comments beside it with //"},
    {"(?#", "write comments beside the pattern with //"},
});

// "(?P<a-b>", and nothing behind it: RE2 also names all the rest of a pattern that does not end.
bool is_bad_name(std::string_view refused) {
  constexpr std::string_view kStart = "(?P<";
  if (!refused.starts_with(kStart) || refused.find('>') != refused.size() - 1) return false;
  const std::string_view name = refused.substr(kStart.size(), refused.size() - kStart.size() - 1);
  return name.empty() || name.find_first_not_of(
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                             "0123456789_") != std::string_view::npos;
}

// "(?<": a name follows, or what may not stand before the match.
std::string_view advice_on_less_than(std::string_view pattern) {
  const std::size_t place = pattern.find("(?<");
  const char next = place + 3 < pattern.size() ? pattern[place + 3] : '\0';
  return next == '=' || next == '!' ? kLookaround : kNamed;
}

}  // namespace

std::string_view pattern_advice(std::string_view pattern, std::string_view refused) {
  if (refused == "(?<") return advice_on_less_than(pattern);
  if (refused == "(?P")
    return pattern.find("(?P=") == std::string_view::npos ? kNamed : kBackReference;
  if (is_bad_name(refused)) return "the name of a capture is made of letters, digits and _";
  const bool is_number = refused.size() == 2 && refused[1] >= '1' && refused[1] <= '9';
  if (refused.starts_with('\\') && is_number) return kBackReference;
  for (const Advice& advice : kAdvice) {
    if (refused == advice.refused) return advice.words;
  }
  return {};
}

}  // namespace sluice
