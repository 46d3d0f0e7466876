#include "app/explanation.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

namespace sluice {

std::vector<std::string> paths_of_sample(const Explanation& explanation, const Sample& sample) {
  const ClusterMatch cluster = explanation.clusters.cluster_of(sample.host);
  std::vector<std::string> found;
  // A state moves its host from one leaf of the cluster to another; hosts have none.
  if (sample.metric->type == MetricType::kState) {
    if (!explanation.rollups) return found;
    const std::string leaf =
        sample.metric->name + '.' + sample.metric->states[static_cast<std::size_t>(sample.value)];
    found.push_back(explanation.paths.cluster(cluster.cluster) + '.' + leaf);
    found.push_back(explanation.paths.all() + '.' + leaf);
    return found;
  }
  const auto append = [&](const std::string& scope, const std::vector<Stat>& stats) {
    for (const Stat stat : stats)
      found.push_back(fmt::format("{}.{}.{}", scope, sample.metric->name, name_of(stat)));
  };
  append(explanation.paths.host(cluster.cluster, explanation.clusters.resolve_alias(sample.host)),
         sample.metric->host_stats);
  if (!explanation.rollups) return found;
  append(explanation.paths.cluster(cluster.cluster), sample.metric->cluster_stats);
  append(explanation.paths.all(), sample.metric->cluster_stats);
  return found;
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
