#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/string_map.h"
#include "sluice/rules/pattern.h"

namespace sluice {

// Beginnings of patterns, each compiled once: whoever explains a log asks for the same ones with
// every line.
class PatternBeginnings {
 public:
  // Null if `text` is no pattern. Lives until the next call.
  [[nodiscard]] const Pattern* compiled(const std::string& text);

 private:
  static constexpr std::size_t kCountMax = 4000;  // Then all are forgotten.
  StringMap<std::optional<Pattern>> by_text_;
};

// How far a pattern gets in a text that it does not match.
struct PatternProgress {
  std::string_view matched;    // The longest beginning of the pattern that matches; may be empty.
  std::string_view expected;   // What comes next in the pattern.
  std::string_view text;       // What the beginning matches,
  std::string_view text_rest;  // and what stands behind it.
};

// Tries beginnings of the pattern, which costs many times as much as the pattern itself: for people
// who ask. The views point into the arguments. Of a pattern with alternatives on its top level the
// beginnings end between them or inside of the last one. Words of the pattern are not cut.
[[nodiscard]] PatternProgress pattern_progress(std::string_view pattern, std::string_view text,
                                               PatternBeginnings& beginnings);

// The same in words: `it gets as far as "Backup of home", then expects " done" and finds " fails"`.
[[nodiscard]] std::string in_words(const PatternProgress& progress);

}  // namespace sluice
