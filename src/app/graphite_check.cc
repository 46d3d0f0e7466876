#include "app/graphite_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "app/published_series.h"
#include "config/duration.h"

namespace sluice {
namespace {

using Kind = Finding::Kind;

// A path that stands for all those with its metric and leaf in its scope.
struct Example {
  std::string path;
  std::string leaf;
};

// The scopes of `setup`, each as the path of one member: a host of the map, or an invented one.
struct Scopes {
  std::string host;
  std::vector<std::string> rollups;
};

Scopes scopes_of(const Setup& setup, const Paths& paths) {
  const auto hosts = setup.clusters->hosts();
  const std::string host(hosts.empty() ? "host" : hosts.front());
  const std::string cluster = setup.clusters->cluster_of(host).cluster;
  Scopes scopes{.host = paths.host(cluster, host), .rollups = {}};
  if (!setup.config.rollups) return scopes;
  scopes.rollups = {paths.cluster(cluster), paths.all()};
  const auto& groups = setup.clusters->groups_of(host);
  if (!groups.empty())
    scopes.rollups.push_back(paths.group(groups.begin()->first, groups.begin()->second));
  return scopes;
}

void append(const std::string& scope, const PublishedMetric& metric,
            const std::vector<std::string>& leaves, std::vector<Example>& examples) {
  for (const std::string& leaf : leaves)
    examples.push_back({fmt::format("{}.{}.{}", scope, metric.name, leaf), leaf});
}

// What a presence publishes of a cluster.
constexpr std::array<std::string_view, 3> kPresenceLeaves{"reporting", "expected", "missing"};

std::vector<Example> examples_of(const Setup& setup, const Paths& paths) {
  const Scopes scopes = scopes_of(setup, paths);
  std::vector<Example> examples;
  for (const PublishedMetric& metric : published_metrics(setup.packs)) {
    append(scopes.host, metric, metric.host_leaves, examples);
    for (const std::string& scope : scopes.rollups)
      append(scope, metric, metric.cluster_leaves, examples);
  }
  for (const PresenceDefinition& presence : setup.presences) {
    for (const std::string& scope : scopes.rollups)
      for (const std::string_view leaf : kPresenceLeaves)
        examples.push_back(
            {fmt::format("{}.presence.{}.{}", scope, presence.name, leaf), std::string(leaf)});
  }
  return examples;
}

std::string among(const std::vector<const Example*>& examples) {
  return examples.size() == 1 ? examples.front()->path
                              : fmt::format("{} kinds of series, such as {}", examples.size(),
                                            examples.front()->path);
}

// What is wrong with storing one value per window in slots of the schema's first archive.
std::vector<Finding> judge_schema(const Config& config, const StorageSchema& schema,
                                  const std::vector<const Example*>& examples) {
  const auto window = static_cast<std::uint64_t>(config.window.count());
  const Retention& finest = schema.retentions.front();
  const std::string where =
      fmt::format("storage-schemas.conf: section [{}] ({}) decides for {}", schema.name,
                  format_retentions(schema.retentions), among(examples));
  std::vector<Finding> findings;
  if (window < finest.step) {
    findings.push_back(
        {Kind::kWarning, fmt::format("{}: \"window\" is {}, so that several windows fall into one "
                                     "slot of {} s and only the last is kept; make the step {} s",
                                     where, format_duration(config.window), finest.step, window)});
  } else if (window % finest.step != 0) {
    findings.push_back(
        {Kind::kWarning, fmt::format("{}: \"window\" is {}, which is no whole multiple of the step "
                                     "of {} s, so that values move from slot to slot; make the "
                                     "step {} s",
                                     where, format_duration(config.window), finest.step, window)});
  } else if (window > finest.step) {
    findings.push_back(
        {Kind::kNote, fmt::format("{}: \"window\" is {}, the step {} s: {} of {} slots stay "
                                  "empty, and graphs show points instead of lines",
                                  where, format_duration(config.window), finest.step,
                                  window / finest.step - 1, window / finest.step)});
  }
  for (const DestinationConfig& destination : config.destinations) {
    const auto kept = static_cast<std::uint64_t>(destination.spool_age_max.count());
    if (finest.step * finest.points >= kept || schema.retentions.size() < 2) continue;
    findings.push_back(
        {Kind::kWarning,
         fmt::format("{}: its first archive reaches back {}, \"spool_age_max\" of "
                     "destination {} is {}: what is delivered later than that "
                     "stands in the coarser archive as a single value",
                     where, format_duration(std::chrono::seconds(finest.step * finest.points)),
                     destination.name, format_duration(destination.spool_age_max))});
  }
  return findings;
}

// The aggregation methods that keep the meaning of a leaf, the best first; empty: any does.
std::vector<std::string_view> methods_for(std::string_view leaf) {
  if (leaf == "count") return {"sum"};
  if (leaf == "min") return {"min"};
  if (leaf == "max") return {"max"};
  if (leaf == "mean" || leaf == "p50") return {"average", "median", "avg_zero"};
  if (leaf == "sum") return {};  // Of levels or of events: carbon cannot know either.
  return {"average", "max", "last", "median"};
}

// "count needs sum, max needs max": the leaves that the method of `rule` would falsify.
std::string falsified_by(const StorageAggregation& rule,
                         const std::vector<const Example*>& examples) {
  std::map<std::string_view, std::string_view> needs;
  for (const Example* example : examples) {
    const auto methods = methods_for(example->leaf);
    if (!methods.empty() && std::ranges::find(methods, rule.method) == methods.end())
      needs[example->leaf] = methods.front();
  }
  std::string words;
  for (const auto& [leaf, method] : needs)
    words += fmt::format("{}{} needs {}", words.empty() ? "" : ", ", leaf, method);
  return words;
}

// What is wrong with the roll-up of `examples` from the first archive into the next.
std::vector<Finding> judge_aggregation(const StorageAggregation& rule, const StorageSchema& schema,
                                       const std::vector<const Example*>& examples) {
  if (schema.retentions.size() < 2) return {};  // Nothing is ever rolled up.
  std::vector<Finding> findings;
  const std::string where = fmt::format("storage-aggregation.conf: section [{}] decides for {}",
                                        rule.name, among(examples));
  if (const std::string falsified = falsified_by(rule, examples); !falsified.empty()) {
    findings.push_back(
        {Kind::kWarning, fmt::format("{}: aggregationMethod {} falsifies leaves ({}); put the "
                                     "sections of \"sluice check --carbon-snippets\" above it",
                                     where, rule.method, falsified)});
  }
  for (std::size_t i = 1; i < schema.retentions.size(); ++i) {
    const std::uint64_t step = schema.retentions[i].step;
    const double slots =
        static_cast<double>(step) / static_cast<double>(schema.retentions[i - 1].step);
    if (rule.x_files_factor * slots <= 1) continue;
    findings.push_back({Kind::kWarning,
                        fmt::format("{}: xFilesFactor {} drops a slot of {} s unless {:.3g} of its {} "
                                    "values are there, which erases hosts that send one value in "
                                    "half an hour; it should be 0",
                                    where, rule.x_files_factor, step, rule.x_files_factor * slots,
                                    slots)});
    break;  // Once is enough.
  }
  return findings;
}

void append(std::vector<Finding> from, std::vector<Finding>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

std::uint64_t bytes_of(const StorageRules* rules, const std::string& path) {
  return rules == nullptr ? 0 : whisper_file_bytes(rules->schema_of(path).retentions);
}

std::uint64_t rollup_count(const Setup& setup) {
  if (!setup.config.rollups) return 0;
  std::set<std::pair<std::string_view, std::string_view>> values;
  for (const ClusterMapDefinition::Entry& entry : setup.cluster_map.entries) {
    values.emplace("", entry.cluster);
    for (const auto& [group, value] : entry.groups) values.emplace(group, value);
  }
  return values.size() + 1;  // The fleet.
}

}  // namespace

std::vector<Finding> check_storage(const Setup& setup, const Paths& paths,
                                   const StorageRules& rules) {
  std::vector<Finding> findings;
  for (const std::string& one : rules.unreadable()) findings.push_back({Kind::kWarning, one});
  const std::vector<Example> examples = examples_of(setup, paths);
  std::map<const StorageSchema*, std::vector<const Example*>> by_schema;
  using Rollup = std::pair<const StorageAggregation*, const StorageSchema*>;
  std::map<Rollup, std::vector<const Example*>> by_rollup;
  for (const Example& example : examples) {
    const StorageSchema& schema = rules.schema_of(example.path);
    by_schema[&schema].push_back(&example);
    by_rollup[{&rules.aggregation_of(example.path), &schema}].push_back(&example);
  }
  for (const auto& [schema, members] : by_schema)
    append(judge_schema(setup.config, *schema, members), findings);
  for (const auto& [rollup, members] : by_rollup)
    append(judge_aggregation(*rollup.first, *rollup.second, members), findings);
  return findings;
}

SeriesEstimate estimate_series(const Setup& setup, const Paths& paths, const StorageRules* rules) {
  const Scopes scopes = scopes_of(setup, paths);
  SeriesEstimate estimate{.hosts = setup.clusters->hosts().size(), .rollups = rollup_count(setup)};
  const std::string rollup = scopes.rollups.empty() ? "" : scopes.rollups.front();
  std::uint64_t host_bytes = 0;
  std::uint64_t rollup_bytes = 0;
  for (const PublishedMetric& metric : published_metrics(setup.packs)) {
    if (metric.is_open) ++estimate.open_names;
    estimate.series_per_host += metric.host_leaves.size();
    estimate.series_per_rollup += metric.cluster_leaves.size();
    for (const std::string& leaf : metric.host_leaves)
      host_bytes += bytes_of(rules, fmt::format("{}.{}.{}", scopes.host, metric.name, leaf));
    for (const std::string& leaf : metric.cluster_leaves)
      rollup_bytes += bytes_of(rules, fmt::format("{}.{}.{}", rollup, metric.name, leaf));
  }
  for (const PresenceDefinition& presence : setup.presences) {
    estimate.series_per_rollup += kPresenceLeaves.size();
    for (const std::string_view leaf : kPresenceLeaves)
      rollup_bytes +=
          bytes_of(rules, fmt::format("{}.presence.{}.{}", rollup, presence.name, leaf));
  }
  if (!setup.config.rollups) estimate.series_per_rollup = 0;
  estimate.bytes = estimate.hosts * host_bytes + estimate.rollups * rollup_bytes;
  return estimate;
}

}  // namespace sluice
