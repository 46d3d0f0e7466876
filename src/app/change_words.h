#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sluice/rules/definition.h"

namespace sluice {

// For the log: "; 2 added (web08, web09)". Of many names the first ten are there, and how many more
// there are; without any it is empty.
[[nodiscard]] std::string told(std::string_view what, const std::vector<std::string>& names);

// What becomes of which rules when `after` takes the place of `before`: "48 rules in 5 packs; 1
// added (mine/disk); 1 changed (puppet-agent/applied)". Without any difference: "...; none
// changed".
[[nodiscard]] std::string describe_rules_change(const std::vector<PackDefinition>& before,
                                                const std::vector<PackDefinition>& after);

}  // namespace sluice
