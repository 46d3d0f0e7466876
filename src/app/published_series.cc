#include "app/published_series.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace sluice {
namespace {

std::vector<std::string> names_of(const std::vector<Stat>& stats) {
  std::vector<std::string> names;
  for (const Stat stat : stats) names.emplace_back(name_of(stat));
  return names;
}

// "puppet.resource_eval.{type}" with "x" for the capture.
std::string closed_name(std::string_view name) {
  std::string closed;
  while (!name.empty()) {
    const std::size_t begin = std::min(name.find('{'), name.size());
    closed += name.substr(0, begin);
    if (begin == name.size()) break;
    closed += 'x';
    name.remove_prefix(std::min(name.find('}', begin), name.size() - 1) + 1);
  }
  return closed;
}

PublishedMetric published(const Metric& metric) {
  PublishedMetric one{.name = closed_name(metric.name),
                      .type = metric.type,
                      .is_open = metric.name.find('{') != std::string::npos};
  if (metric.type == MetricType::kState) {
    one.cluster_leaves = metric.states;
    one.cluster_leaves.emplace_back(kStaleLeaf);
    one.cluster_leaves.emplace_back(kNeverLeaf);
    return one;
  }
  one.host_leaves =
      names_of(metric.host_stats.empty() ? default_host_stats(metric.type) : metric.host_stats);
  one.cluster_leaves = names_of(metric.cluster_stats.empty() ? default_cluster_stats(metric.type)
                                                             : metric.cluster_stats);
  return one;
}

}  // namespace

std::vector<PublishedMetric> published_metrics(const std::vector<PackDefinition>& packs) {
  std::vector<PublishedMetric> metrics;
  std::set<std::string_view> seen;
  for (const PackDefinition& pack : packs) {
    for (const RuleDefinition& rule : pack.rules) {
      for (const EmitDefinition& emit : rule.emits) {
        if (seen.insert(emit.metric.name).second) metrics.push_back(published(emit.metric));
      }
    }
  }
  return metrics;
}

}  // namespace sluice
