#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "rules/compiled_rules.h"
#include "rules/pattern_set.h"

namespace sluice {

// The rules that the records of a program are tried on, and what tells at a glance which of them
// cannot match a text. Most lines are told apart here, at the cost of an octet and one automaton,
// however many rules there are.
class Selection {
 public:
  // The rules that are left, in the order in which they are tried.
  struct Candidates {
    std::span<const std::uint32_t> rules;
    // The pattern of each of them matches the text; only what its groups are is not known yet.
    bool are_matching = false;
  };

  // `compiled` outlives it. `rules` are in the order in which they are tried.
  Selection(const CompiledRules& compiled, std::vector<std::uint32_t> rules);

  [[nodiscard]] const std::vector<std::uint32_t>& rules() const noexcept { return rules_; }

  // Those of the rules that may match `text`, with all that do. Lives until the next call.
  [[nodiscard]] Candidates narrow(std::string_view text);

 private:
  // Rules whose pattern begins with a literal of this first octet.
  struct Group {
    std::vector<std::uint32_t> sure;       // They alone.
    std::vector<std::uint32_t> and_loose;  // With the rules that know no such literal.
    std::unique_ptr<PatternSet> set;       // Of `sure`; made when it is first worth its pass.
  };

  void make_groups();
  void fill(Group& group, std::uint8_t number);
  [[nodiscard]] const std::string& prefix_of(std::uint32_t rule) const {
    return compiled_.rules[rule].literals.prefix;
  }
  [[nodiscard]] std::unique_ptr<PatternSet> make_set(const std::vector<std::uint32_t>& rules) const;
  [[nodiscard]] bool are_many_possible(std::string_view text,
                                       const std::vector<std::uint32_t>& rules) const;
  [[nodiscard]] bool add_sure(std::string_view text, Group& group);
  [[nodiscard]] bool add_loose(std::string_view text);
  [[nodiscard]] bool add_matching(std::string_view text, PatternSet& set);

  const CompiledRules& compiled_;
  std::vector<std::uint32_t> rules_;
  std::vector<Group> groups_;                     // The first: no rule has the octet.
  std::array<std::uint8_t, 256> group_of_octet_;  // Place in groups_.
  std::unique_ptr<PatternSet> loose_;             // Of those in no group; null when none is.
  // Scratch.
  std::vector<int> numbers_;
  std::vector<std::uint32_t> narrowed_;
};

}  // namespace sluice
