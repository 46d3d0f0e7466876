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
  // `compiled` outlives it. `rules` are in the order in which they are tried.
  Selection(const CompiledRules& compiled, std::vector<std::uint32_t> rules);

  [[nodiscard]] const std::vector<std::uint32_t>& rules() const noexcept { return rules_; }

  // Those of the rules that may match `text`, in order, with all that do. Lives until the next
  // call.
  [[nodiscard]] std::span<const std::uint32_t> narrow(std::string_view text);

 private:
  // Rules whose pattern begins with a literal of this first octet.
  struct Group {
    std::vector<std::uint32_t> sure;       // They alone.
    std::vector<std::uint32_t> and_loose;  // With the rules that know no such literal.
  };

  [[nodiscard]] std::span<const std::uint32_t> with_matching(
      std::string_view text, const std::vector<std::uint32_t>& sure);

  std::vector<std::uint32_t> rules_;
  std::vector<Group> groups_;                     // The first: no rule has the octet.
  std::array<std::uint8_t, 256> group_of_octet_;  // Place in groups_.
  std::size_t loose_count_ = 0;
  std::unique_ptr<PatternSet> loose_;  // Null when there is none.
  // Scratch.
  std::vector<int> numbers_;
  std::vector<std::uint32_t> narrowed_;
};

}  // namespace sluice
