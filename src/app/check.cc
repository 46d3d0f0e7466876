#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>

#include "app/commands.h"
#include "app/map_change.h"
#include "app/print.h"

namespace sluice {

namespace {

// "; map: 120 hosts, 7 clusters, 2 groups (environment, role)": what the cluster map file says.
std::string map_in_words(const ClusterMapDefinition& map) {
  if (map.entries.empty()) return {};
  std::set<std::string_view> clusters;
  std::set<std::string_view> groups;
  for (const ClusterMapDefinition::Entry& entry : map.entries) {
    clusters.insert(entry.cluster);
    for (const auto& [group, value] : entry.groups) groups.insert(group);
  }
  std::string words =
      fmt::format("; map: {}, {} clusters", map_size_in_words(map), clusters.size());
  if (!groups.empty()) {
    words += fmt::format(", {} groups ({})", groups.size(), fmt::join(groups, ", "));
  }
  if (!map.aliases.empty()) words += fmt::format(", {} aliases", map.aliases.size());
  return words;
}

}  // namespace

int check_command(const CheckOptions& options) {
  const auto setup = load_setup(options.setup);
  if (!setup) {
    fmt::print(stderr, "sluice: {}\n", setup.error().message());
    return kExitUsage;
  }
  for (const std::string& warning : setup->warnings)
    fmt::print(stderr, "sluice: warning: {}\n", warning);
  for (const std::string& rule : setup->rules_without_example) {
    fmt::print(
        stderr,
        "sluice: {}: rule {}: expected at least one example that matches and one that does not\n",
        options.strict ? "error" : "warning", rule);
  }
  const bool has_findings = !setup->warnings.empty() || !setup->rules_without_example.empty();
  if (options.strict && has_findings) return kExitUsage;
  const std::string summary =
      fmt::format("{}: {} rules in {} packs, {} examples pass{}\n",
                  setup->config.file.empty() ? "built-in configuration" : setup->config.file,
                  setup->rules->size(), setup->packs.size(), setup->example_count,
                  map_in_words(setup->cluster_map));
  return write_out(stdout, summary) ? kExitDone : output_failure();
}

}  // namespace sluice
