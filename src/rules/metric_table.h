#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/string_map.h"
#include "sluice/base/error.h"
#include "sluice/rules/definition.h"
#include "sluice/values/metric.h"

namespace sluice {

// The metric of an emit with what its type and its pack add. Refuses what needs a presence that the
// pack does not have.
[[nodiscard]] Expected<Metric> complete_metric(const PackDefinition& pack,
                                               const EmitDefinition& definition);

// The metrics of all packs, each name once.
class MetricTable {
 public:
  // Writes the metrics to `metrics`, which must outlive it.
  explicit MetricTable(std::vector<Metric>& metrics) : metrics_(metrics) {}

  // The index of `metric`, which rule `rule` writes. Refuses a name that carbon would refuse,
  // unless it holds captures (then `is_constant` is false), and a metric of which another rule says
  // something else; the error names that rule.
  [[nodiscard]] Expected<std::uint32_t> intern(Metric metric, const std::string& rule,
                                               bool is_constant);

 private:
  std::vector<Metric>& metrics_;
  StringMap<std::uint32_t> ids_;
  std::vector<std::string> first_rules_;  // Of each metric, the rule that came first.
};

}  // namespace sluice
