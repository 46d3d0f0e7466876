#include "rules/metric_table.h"

#include <chrono>
#include <string_view>
#include <utility>

#include "sluice/values/path_node.h"

namespace sluice {
namespace {

// How long a state counts where no sign of life says how often a host speaks.
constexpr std::chrono::seconds kDefaultTtl{3600};

std::string in_words(std::chrono::seconds time) {
  return time.count() == 0 ? "none" : std::to_string(time.count()) + " s";
}

std::string in_words(const std::string& text) { return text.empty() ? "none" : '"' + text + '"'; }

std::string in_words(const std::vector<std::string>& names) {
  std::string words;
  for (const std::string& name : names) words += (words.empty() ? "" : ", ") + name;
  return '[' + words + ']';
}

std::string in_words(const std::vector<Stat>& stats) {
  std::vector<std::string> names;
  for (const Stat stat : stats) names.emplace_back(name_of(stat));
  return in_words(names);
}

std::string in_words(Idle idle) {
  switch (idle) {
    case Idle::kDefault:
      return "default";
    case Idle::kGap:
      return "gap";
    case Idle::kZero:
      return "zero";
  }
  return "unknown";
}

// The first thing in which two metrics of one name differ: "ttl 60 s here, 3600 s".
std::string difference(const Metric& first, const Metric& other) {
  const auto tell = [](std::string_view key, const auto& there, const auto& here) {
    return std::string(key) + ' ' + in_words(here) + " here, " + in_words(there);
  };
  if (first.type != other.type) {
    return tell("type", std::string(name_of(first.type)), std::string(name_of(other.type)));
  }
  if (first.unit != other.unit) return tell("unit", first.unit, other.unit);
  if (first.states != other.states) return tell("values", first.states, other.states);
  if (first.ttl != other.ttl) return tell("ttl", first.ttl, other.ttl);
  if (first.hold != other.hold) return tell("hold", first.hold, other.hold);
  if (first.idle != other.idle) return tell("idle", first.idle, other.idle);
  if (first.limit != other.limit) return tell("limit", first.limit, other.limit);
  if (first.presence != other.presence) return tell("presence", first.presence, other.presence);
  if (first.host_stats != other.host_stats) {
    return tell("stats of hosts", first.host_stats, other.host_stats);
  }
  return tell("stats of clusters", first.cluster_stats, other.cluster_stats);
}

}  // namespace

Expected<Metric> complete_metric(const PackDefinition& pack, const EmitDefinition& definition) {
  Metric metric = definition.metric;
  // A host shows a sign of life by one sample; it may miss one before anybody calls it gone.
  const std::chrono::seconds reporting = pack.presence ? 2 * pack.presence->every : kDefaultTtl;
  if (definition.holds_as_presence) {
    if (!pack.presence) {
      return fail("metric \"" + metric.name +
                  "\": \"hold\": \"presence\" needs the \"presence\" of the pack; add it there, or "
                  "give a duration here");
    }
    metric.hold = reporting;
  }
  if (metric.type == MetricType::kState) {
    if (metric.ttl.count() == 0) metric.ttl = reporting;
    if (pack.presence) metric.presence = pack.presence->name;
  }
  if (metric.host_stats.empty()) metric.host_stats = default_host_stats(metric.type);
  if (metric.cluster_stats.empty()) metric.cluster_stats = default_cluster_stats(metric.type);
  return metric;
}

Expected<std::uint32_t> MetricTable::intern(Metric metric, const std::string& rule,
                                            bool is_constant) {
  if (is_constant && !is_metric_path(metric.name)) {
    return fail("expected a metric name of nodes [A-Za-z0-9_-] joined by dots, found \"" +
                metric.name + '"');
  }
  const auto [known, is_new] =
      ids_.try_emplace(metric.name, static_cast<std::uint32_t>(metrics_.size()));
  if (is_new) {
    metrics_.push_back(std::move(metric));
    first_rules_.push_back(rule);
  } else if (const Metric& first = metrics_[known->second]; first != metric) {
    return fail("metric \"" + metric.name + "\": " + difference(first, metric) + " in rule " +
                first_rules_[known->second] +
                "; both must say the same (in one pack, once under \"metrics\")");
  }
  return known->second;
}

}  // namespace sluice
