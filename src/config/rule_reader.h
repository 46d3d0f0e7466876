#pragma once

#include "config/json_reader.h"
#include "sluice/rules/definition.h"

namespace sluice {

// An entry of "rules" in a pack.
[[nodiscard]] Expected<RuleDefinition> decode_rule(const JsonValue& value);

}  // namespace sluice
