#include "app/explanation.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>

namespace sluice {

namespace {

// Everything above the host that its samples count in: cluster, other groups, fleet.
std::vector<std::string> rollups_of(const Explanation& explanation, std::string_view host,
                                    std::string_view cluster) {
  if (!explanation.rollups) return {};
  std::vector<std::string> scopes{explanation.paths.cluster(cluster)};
  for (const auto& [group, value] : explanation.clusters.groups_of(host))
    scopes.push_back(explanation.paths.group(group, value));
  scopes.push_back(explanation.paths.all());
  return scopes;
}

}  // namespace

std::vector<std::string> paths_of_sample(const Explanation& explanation, const Sample& sample) {
  const ClusterMatch cluster = explanation.clusters.cluster_of(sample.host);
  const auto rollups = rollups_of(explanation, sample.host, cluster.cluster);
  const Metric& metric = *sample.metric;
  std::vector<std::string> found;
  // A state moves its host from one leaf of the cluster to another; hosts have none.
  if (metric.type == MetricType::kState) {
    const std::string& state = metric.states[static_cast<std::size_t>(sample.value)];
    for (const std::string& scope : rollups)
      found.push_back(fmt::format("{}.{}.{}", scope, metric.name, state));
    return found;
  }
  const auto append = [&](const std::string& scope, const std::vector<Stat>& stats) {
    for (const Stat stat : stats)
      found.push_back(fmt::format("{}.{}.{}", scope, metric.name, name_of(stat)));
  };
  append(explanation.paths.host(cluster.cluster, explanation.clusters.resolve_alias(sample.host)),
         metric.host_stats);
  for (const std::string& scope : rollups) append(scope, metric.cluster_stats);
  return found;
}

std::vector<const RuleTrace*> misses_by_closeness(const MessageTrace& trace) {
  using Outcome = RuleTrace::Outcome;
  std::vector<const RuleTrace*> misses;
  for (const RuleTrace& rule : trace.rules) {
    if (rule.outcome != Outcome::kMatched && rule.outcome != Outcome::kApp &&
        rule.outcome != Outcome::kInput)
      misses.push_back(&rule);
  }
  std::ranges::stable_sort(misses, std::ranges::greater(), &RuleTrace::closeness);
  return misses;
}

std::string format_rfc3339(Timestamp time) {
  const Seconds seconds = floor_to_seconds(time);
  std::string text =
      fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(seconds.time_since_epoch().count()));
  const auto fraction = (time - seconds).count();
  if (fraction != 0) {
    text += fmt::format(".{:09}", fraction);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + 'Z';
}

}  // namespace sluice
