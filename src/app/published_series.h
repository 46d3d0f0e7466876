#pragma once

#include <string>
#include <vector>

#include "sluice/rules/definition.h"

namespace sluice {

// One metric of the packs, and the leaves that it publishes.
struct PublishedMetric {
  std::string name;
  MetricType type = MetricType::kCounter;
  std::vector<std::string> host_leaves;     // None for states.
  std::vector<std::string> cluster_leaves;  // Of clusters, groups and the fleet.
  bool is_open = false;                     // A capture in its name: there may be several.
};

// Every metric that `packs` can publish, each name once, in the order of the packs. Metrics with a
// capture in their name have "x" in its place.
[[nodiscard]] std::vector<PublishedMetric> published_metrics(
    const std::vector<PackDefinition>& packs);

}  // namespace sluice
