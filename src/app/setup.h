#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/load_config.h"
#include "sluice/base/error.h"
#include "sluice/graphite/paths.h"
#include "sluice/pipeline/cluster_map.h"
#include "sluice/pipeline/host_name.h"
#include "sluice/pipeline/ingest.h"
#include "sluice/rules/definition.h"
#include "sluice/rules/rule_set.h"
#include "sluice/values/cluster_map.h"
#include "sluice/values/zone.h"

namespace sluice {

// Everything that a configuration names, read, compiled and tried: what run, check and explain
// share. Whatever is wrong with it is found here, before a socket is opened.
struct Setup {
  Config config;
  std::vector<std::string> warnings;
  std::vector<PackDefinition> packs;
  std::vector<PresenceDefinition> presences;  // Of all packs, each name once.
  std::shared_ptr<const RuleSet> rules;
  std::size_t example_count = 0;
  std::vector<std::string> rules_without_example;
  // As the file says it, hosts called as "host_names" has them; empty without one.
  ClusterMapDefinition cluster_map;
  std::shared_ptr<const ClusterMap> clusters;
};

// Where the configuration comes from.
struct SetupOptions {
  std::string config_file;     // Empty: /etc/sluice/sluice.json where it exists, else the defaults.
  bool defaults_only = false;  // Empty `config_file` means the defaults, whatever /etc holds.
  bool allow_unknown = false;
};

// The configuration alone.
[[nodiscard]] Expected<LoadedConfig> load_chosen_config(const SetupOptions& options);

// Loads it all. An error names the file and the place in it; the first failing example is one.
[[nodiscard]] Expected<Setup> load_setup(const SetupOptions& options);

[[nodiscard]] Expected<Paths> paths_of(const Config& config);
[[nodiscard]] ClusterMapOptions cluster_options_of(const ClusterConfig& config);
[[nodiscard]] HostNameOptions host_name_options_of(const Config& config);
// The map in `file`, its hosts called so.
[[nodiscard]] Expected<ClusterMapDefinition> load_named_map(const std::string& file,
                                                            const HostNameOptions& names);
[[nodiscard]] IngestOptions ingest_options_of(const Config& config);

}  // namespace sluice
