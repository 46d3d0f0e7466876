#pragma once

#include "config/json_reader.h"
#include "config/metric_reader.h"
#include "sluice/rules/definition.h"

namespace sluice {

// An entry of "emit" in a rule; `metrics` is what its pack says once for all rules.
[[nodiscard]] Expected<EmitDefinition> decode_emit(const JsonValue& value,
                                                   const PackMetrics& metrics);

// A number, "capture", "context.VARIABLE" or "sd.ID.NAME".
[[nodiscard]] Expected<ValueSource> decode_value_source(const JsonValue& value);

// {"VARIABLE": text | number | null | {"min": .., "max": ..}}, in the order of the names.
[[nodiscard]] Expected<std::vector<Condition>> decode_conditions(const JsonValue& value);

}  // namespace sluice
