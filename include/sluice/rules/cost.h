#pragma once

#include <string>
#include <vector>

#include "sluice/rules/rule_set.h"

namespace sluice {

// What makes the rules costly to run, for people, one line each: patterns that compile to much, and
// programs whose every message is tried on many rules. No rule can be slow beyond that: matching is
// linear in the text, and a pattern beyond Pattern::kMemoryMax is refused.
[[nodiscard]] std::vector<std::string> cost_warnings(const RuleSet& rules);

}  // namespace sluice
