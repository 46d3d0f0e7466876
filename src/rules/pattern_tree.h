#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "rules/first_octets.h"

namespace sluice {

// A part of a pattern of the plainer kind, as parse_pattern() reads it.
struct PatternNode {
  enum class Kind {
    kOctets,    // One octet of `octets`.
    kSequence,  // All of `parts`, one behind the other; none: the empty text.
    kChoice,    // One of `parts`, the first that leads to a match.
    kRepeat,    // parts[0], `min` to `max` times; as often as possible, or as seldom (`is_lazy`).
    kGroup,     // parts[0], captured as group `group`.
    kEnd,       // '$': the end of the text.
  };
  static constexpr int kNoMax = -1;

  Kind kind = Kind::kSequence;
  OctetSet octets{};
  std::vector<PatternNode> parts{};
  int min = 0;
  int max = 0;  // kNoMax: any number.
  bool is_lazy = false;
  int group = 0;
};

struct PatternTree {
  PatternNode root;
  bool is_anchored = false;  // Begins with '^'.
};

// Reads a pattern that RE2 compiled (as Pattern does: Latin-1), if every part of it is of those
// above: no flags but a leading "(?s)", no '^' but a leading one, no \b, no named classes. Of
// repetitions only those that mean the same in every engine: what is repeated takes at least an
// octet, holds no repeated group itself, is no choice, and captures nothing unless it is there once
// at most. No octet above 127 beside alternatives, which RE2 gets wrong.
[[nodiscard]] std::optional<PatternTree> parse_pattern(std::string_view pattern);

}  // namespace sluice
