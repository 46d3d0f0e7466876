#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "sluice/rules/pattern.h"

namespace sluice {

// Many patterns as one automaton: one pass over a text tells which of them match, and costs hardly
// more than one of them alone. Patterns that are anchored by '^' give up at the first octet that
// none of them can take. Not for several threads at once: they would wait for each other.
class PatternSet {
 public:
  PatternSet();
  PatternSet(const PatternSet&) = delete;
  PatternSet& operator=(const PatternSet&) = delete;
  ~PatternSet();

  // Before compile(). `number` is what find() tells.
  void add(const Pattern& pattern, int number);
  void compile();

  // False when no pattern matches `text`. True also when the automaton outgrew its memory and
  // cannot tell. Allocates nothing.
  [[nodiscard]] bool may_match(std::string_view text) const;

  // The numbers of the patterns that match, in no order; false when it cannot tell.
  [[nodiscard]] bool find(std::string_view text, std::vector<int>& numbers);

 private:
  struct Part;
  std::unique_ptr<Part> anchored_;
  std::unique_ptr<Part> floating_;
};

}  // namespace sluice
