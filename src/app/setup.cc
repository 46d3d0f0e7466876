#include "app/setup.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include "app/map_names.h"
#include "config/cluster_map.h"
#include "config/load_config.h"
#include "config/pack_files.h"
#include "sluice/rules/cost.h"
#include "sluice/rules/examples.h"

namespace sluice {
namespace {

constexpr const char* kSystemConfig = "/etc/sluice/sluice.json";

std::vector<PresenceDefinition> presences_of(const std::vector<PackDefinition>& packs) {
  std::vector<PresenceDefinition> presences;
  for (const PackDefinition& pack : packs) {
    if (pack.presence && std::ranges::find(presences, *pack.presence) == presences.end())
      presences.push_back(*pack.presence);
  }
  return presences;
}

Expected<void> load_rules(Setup& setup) {
  auto packs = load_packs(setup.config);
  if (!packs) return std::unexpected(std::move(packs).error());
  setup.packs = std::move(*packs);
  setup.presences = presences_of(setup.packs);
  auto rules = RuleSet::compile(setup.packs);
  if (!rules) return std::unexpected(std::move(rules).error());
  setup.rules = std::move(*rules);
  std::vector<std::string> costs = cost_warnings(*setup.rules);
  std::ranges::move(costs, std::back_inserter(setup.warnings));
  ExampleReport report = run_examples(setup.packs);
  setup.example_count = report.example_count;
  setup.rules_without_example = std::move(report.without_example);
  if (report.failures.empty()) return {};
  std::string what = report.failures.front();
  if (report.failures.size() > 1)
    what += " (and " + std::to_string(report.failures.size() - 1) + " more)";
  return fail(std::move(what));
}

Expected<void> load_clusters(Setup& setup) {
  const ClusterConfig& config = setup.config.clusters;
  if (!config.file.empty()) {
    auto loaded = load_named_map(config.file, host_name_options_of(setup.config));
    if (!loaded) return std::unexpected(std::move(loaded).error());
    setup.cluster_map = std::move(*loaded);
  }
  auto clusters = ClusterMap::make(setup.cluster_map, cluster_options_of(config));
  if (!clusters)
    return at(setup.config.file, at("/clusters/patterns", std::move(clusters).error()).error());
  setup.clusters = std::move(*clusters);
  return {};
}

}  // namespace

Expected<LoadedConfig> load_chosen_config(const SetupOptions& options) {
  const LoadOptions load{.allow_unknown = options.allow_unknown};
  if (!options.config_file.empty()) return load_config(options.config_file, load);
  std::error_code ignored;
  if (!options.defaults_only && std::filesystem::exists(kSystemConfig, ignored)) {
    return load_config(kSystemConfig, load);
  }
  return LoadedConfig{default_config(load), {}};
}

Expected<Setup> load_setup(const SetupOptions& options) {
  auto loaded = load_chosen_config(options);
  if (!loaded) return std::unexpected(std::move(loaded).error());
  Setup setup{.config = std::move(loaded->config), .warnings = std::move(loaded->warnings)};
  if (auto done = load_rules(setup); !done) return std::unexpected(std::move(done).error());
  if (auto done = load_clusters(setup); !done) return std::unexpected(std::move(done).error());
  if (auto paths = paths_of(setup.config); !paths)
    return at(setup.config.file, std::move(paths).error());
  return setup;
}

ClusterMapOptions cluster_options_of(const ClusterConfig& config) {
  return {.patterns = config.patterns, .fallback = config.fallback};
}

Expected<Paths> paths_of(const Config& config) {
  auto paths = Paths::make(
      {.prefix = config.prefix, .instance = config.instance, .templates = config.paths});
  if (!paths) return at("/paths", std::move(paths).error());
  return paths;
}

IngestOptions ingest_options_of(const Config& config) {
  IngestOptions options;
  options.aggregator.window = config.window;
  options.expand_repeats = config.expand_repeats;
  options.local_host = config.host_name;
  options.host_names = host_name_options_of(config);
  return options;
}

HostNameOptions host_name_options_of(const Config& config) {
  HostNameOptions options{.domain = config.domain};
  switch (config.host_names) {
    case HostNames::kAsSent:
      options.form = HostNameForm::kAsSent;
      break;
    case HostNames::kShort:
      options.form = HostNameForm::kShort;
      break;
    case HostNames::kFqdn:
      options.form = HostNameForm::kFqdn;
      break;
  }
  return options;
}

Expected<ClusterMapDefinition> load_named_map(const std::string& file,
                                              const HostNameOptions& names) {
  auto loaded = load_cluster_map(file);
  if (!loaded) return loaded;
  auto named = with_host_names(std::move(*loaded), names);
  if (!named) return at(file, std::move(named).error());
  return named;
}

}  // namespace sluice
