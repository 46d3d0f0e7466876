#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "rules/compiled_rules.h"
#include "rules/needed_octets.h"
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

  // False for most texts, at their first octet: narrow() would leave no rule.
  [[nodiscard]] bool may_begin(std::string_view text) const noexcept {
    return text.empty() || group_of_octet_[static_cast<unsigned char>(text[0])] != kNoRules;
  }

  // Those of the rules that may match `text`, with all that do. Lives until the next call.
  [[nodiscard]] Candidates narrow(std::string_view text) {
    if (text.empty()) return {rules_};
    const Rules& group = groups_[group_of_octet_[static_cast<unsigned char>(text.front())]];
    return narrow(text, group);
  }

 private:
  using Rules = std::vector<std::uint32_t>;

  static constexpr std::uint16_t kNoRules = 0;  // Place of the group of none.

  // What is left of a group by the first eight octets. A program begins its lines in a few ways, so
  // each is worked out once: when it comes again before another one has taken its place. That takes
  // longer than to try the rules, and were in vain for lines that begin with a number each.
  struct Beginning {
    std::uint64_t octets = 0;
    bool is_known = false;
    Rules rules;
    // An octet that most of the rules need behind the beginning, and those that do not need it:
    // where a pattern begins with any words that end in ": ", as those of errors do, that there is
    // no ':' tells more than the beginning.
    std::optional<char> needed;
    Rules others;

    [[nodiscard]] const Rules& left_for(std::string_view text) const;
  };

  [[nodiscard]] Candidates narrow(std::string_view text, const Rules& group);
  void make_groups();
  [[nodiscard]] const Rules& rules_by_beginning(std::string_view text, const Rules& group);
  void work_out(Beginning& beginning, std::string_view text, const Rules& group);
  void make_set();
  [[nodiscard]] bool find_matching(std::string_view text);

  const CompiledRules& compiled_;
  Rules rules_;
  std::vector<Rules> groups_;  // Those that may match a text of some first octet.
  std::array<std::uint16_t, 256> group_of_octet_;  // Place in groups_.
  std::vector<Beginning> beginnings_;              // Made when a text first needs them.
  std::unique_ptr<PatternSet> set_;  // Of all rules; made when it is first worth its pass.
  // Scratch.
  std::vector<int> numbers_;
  std::vector<NeededOctets> needed_;  // By each rule of a beginning, in their order.
  Rules narrowed_;
};

}  // namespace sluice
