#pragma once

#include <string_view>

#include "sluice/base/error.h"
#include "sluice/rules/definition.h"

namespace sluice {

// Decodes a pack (docs/rules.md) that was read from `file` and checks all that needs no regular
// expression engine; RuleSet::compile() checks the rest. The first mistake is the error, and names
// file, rule and JSON pointer: `x.json: rule "applied": /rules/0/emit/0/type: expected ...`.
// Unknown keys are always refused here: a rule without one of its conditions counts wrong things.
[[nodiscard]] Expected<PackDefinition> decode_pack(std::string_view text, std::string_view file);

}  // namespace sluice
