#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// Octets that every text matching a pattern must hold; looking for them is many times cheaper than
// running the pattern, and most lines are told apart by them alone.
struct RequiredLiterals {
  std::string prefix;  // The text begins with it (the pattern is anchored by '^').
  std::string inside;  // The text holds it somewhere.
};

// Read off the pattern's text. Errs on the side of requiring less: anything it does not understand
// (alternation at the top, flags, classes) requires nothing.
[[nodiscard]] RequiredLiterals required_literals(std::string_view pattern);

// The end of a pattern, from a literal on behind which all its groups stand. Where a text that the
// pattern matches holds the literal once, the groups are where `pattern` finds them from there on:
// what the beginning of the pattern matched, and in which of several ways, makes no difference.
struct PatternEnd {
  std::string literal;
  std::string pattern;  // Begins with the literal, and is anchored.
};

// Nothing when there is no such literal, or nothing in front of it, and where the pattern's shape
// leaves a doubt.
[[nodiscard]] std::optional<PatternEnd> end_with_groups(std::string_view pattern);

// True if the pattern can only match at the start of a text: each of its alternatives begins with
// '^' (behind "(?s)", if need be). Errs on the side of false.
[[nodiscard]] bool is_anchored(std::string_view pattern);

}  // namespace sluice
