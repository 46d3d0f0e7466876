#pragma once

#include <functional>
#include <map>
#include <string>

#include "config/json_reader.h"
#include "sluice/rules/definition.h"

namespace sluice {

// What a pack says once of metrics that several of its rules write ("metrics"), by name.
using PackMetrics = std::map<std::string, MetricDefinition, std::less<>>;

// Decodes the "metrics" of a pack: an object of metrics by name.
[[nodiscard]] Expected<PackMetrics> decode_pack_metrics(const JsonValue& value);

// Reads the keys that say what a metric is, "type" included.
void read_metric_keys(ObjectReader& reader, MetricDefinition& metric);

// The rest of the same keys, to be called once `value` holds no unknown ones: what depends on the
// type.
[[nodiscard]] Expected<void> finish_metric(const JsonValue& value, MetricDefinition& metric);

// Knows the same keys of an emit only to refuse what `metric`, said once for the pack, has said;
// the type may be repeated.
void refuse_metric_keys(ObjectReader& reader, const MetricDefinition& metric);

}  // namespace sluice
