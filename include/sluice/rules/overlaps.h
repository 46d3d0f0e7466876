#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sluice/rules/definition.h"
#include "sluice/rules/rule_set.h"

namespace sluice {

// What is doubtful about a set of rules as a whole, though each of its packs passes its examples.
struct RuleOverlaps {
  // One line each.
  std::vector<std::string> double_counts;  // A line that two rules count under one name.
  std::vector<std::string> hidden_rules;   // A rule whose example an earlier rule's "stop" takes.
  std::vector<std::string> alternatives;   // Two packs of which a host needs only one.
  std::vector<std::string> unanchored;     // Patterns that may match anywhere in free text.
  std::vector<std::string> forgeable;      // The same, in rules for every program.
  std::vector<std::string> unset;  // Conditions on a variable that no rule of the pack sets.
};

// Reads every example of `packs` with all of `rules`, which were compiled from them.
[[nodiscard]] RuleOverlaps find_overlaps(const std::vector<PackDefinition>& packs,
                                         const std::shared_ptr<const RuleSet>& rules);

}  // namespace sluice
