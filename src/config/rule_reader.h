#pragma once

#include "config/json_reader.h"
#include "config/metric_reader.h"
#include "sluice/rules/definition.h"

namespace sluice {

// An entry of "rules" in a pack; `metrics` is what the pack says once for all of them.
[[nodiscard]] Expected<RuleDefinition> decode_rule(const JsonValue& value,
                                                   const PackMetrics& metrics);

}  // namespace sluice
