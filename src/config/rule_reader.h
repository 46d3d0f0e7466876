#pragma once

#include "config/definitions.h"
#include "config/json_reader.h"
#include "config/metric_reader.h"
#include "sluice/rules/definition.h"

namespace sluice {

// An entry of "rules" in a pack; `metrics` is what the pack says once for all of them,
// `definitions` what it and its included files define.
[[nodiscard]] Expected<RuleDefinition> decode_rule(const JsonValue& value,
                                                   const PackMetrics& metrics,
                                                   const Definitions& definitions);

}  // namespace sluice
