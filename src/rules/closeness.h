#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/string_map.h"
#include "rules/compiled_rules.h"
#include "rules/pattern_progress.h"
#include "sluice/rules/matcher.h"

namespace sluice {

// What a line looks like: its pairs of neighbouring octets, all numbers being alike.
class LineShape {
 public:
  // Of long lines the beginning counts, which tells what they are.
  static constexpr std::size_t kOctetsMax = 500;

  explicit LineShape(std::string_view line);

  // 0: they have no pair in common; 1: the same pairs, as often. A letter that is missing, added or
  // another one costs two pairs, wherever it is.
  [[nodiscard]] double likeness(const LineShape& other) const;

 private:
  std::vector<std::uint16_t> pairs_;  // Sorted.
};

// How close rules came that do not match a text, so that who asks why finds the rule meant first.
class Closeness {
 public:
  // Of a pattern that matches. Others stay below.
  static constexpr double kMatches = 2;

  void begin_text(std::string_view text) { shape_ = LineShape(text); }

  // The share of the text that the pattern accounts for, by the share of the pattern that does: a
  // short ".*" that takes the whole text has explained little of it. And, because a slip in the
  // first word leaves a pattern nothing, how like the text is to the most alike of the rule's
  // examples. A rule whose header, context or fields do not fit is half as close: with a
  // pattern that does not match, two things would have to change. `text` is that of begin_text().
  [[nodiscard]] double of(const CompiledRule& rule, std::string_view text,
                          const PatternProgress& progress, RuleTrace::Outcome outcome);

 private:
  const std::vector<LineShape>& examples_of(const CompiledRule& rule);

  LineShape shape_{{}};
  StringMap<std::vector<LineShape>> examples_;  // By the rule's name: whoever explains asks again.
};

}  // namespace sluice
