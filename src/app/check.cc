#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/carbon_snippets.h"
#include "app/commands.h"
#include "app/graphite_check.h"
#include "app/map_change.h"
#include "app/print.h"
#include "app/storage_rules.h"
#include "http/access.h"
#include "sluice/rules/overlaps.h"

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

// "12,345": easier to read than 12345.
std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

// What the hosts of the map can come to; empty without a map of hosts.
std::string estimate_in_words(const SeriesEstimate& estimate) {
  if (estimate.hosts == 0) return {};
  std::string words = fmt::format(
      "at most {} series: {} hosts of {} and {} clusters, groups and fleet of {}",
      grouped(estimate.series()), grouped(estimate.hosts), grouped(estimate.series_per_host),
      grouped(estimate.rollups), grouped(estimate.series_per_rollup));
  if (estimate.open_names > 0) {
    words += fmt::format(" ({} metrics have a capture in their name and are counted once)",
                         estimate.open_names);
  }
  if (estimate.bytes > 0) {
    words += fmt::format("; as many files in whisper, {} MiB of disk",
                         grouped((estimate.bytes + (1 << 20) - 1) >> 20));
  }
  return words + '\n';
}

// Every finding of the kinds of RuleOverlaps.
void append_overlaps(const Setup& setup, bool is_verbose, std::vector<Finding>& findings) {
  RuleOverlaps found = find_overlaps(setup.packs, setup.rules);
  const auto append = [&](Finding::Kind kind, std::vector<std::string>& texts) {
    for (std::string& text : texts) findings.push_back({kind, std::move(text)});
  };
  append(Finding::Kind::kWarning, found.double_counts);
  append(Finding::Kind::kWarning, found.hidden_rules);
  append(Finding::Kind::kWarning, found.forgeable);
  append(Finding::Kind::kWarning, found.unset);
  append(Finding::Kind::kNote, found.alternatives);
  if (is_verbose) append(Finding::Kind::kNote, found.unanchored);
}

std::vector<Finding> findings_of(const Setup& setup, bool is_verbose) {
  std::vector<Finding> findings;
  for (const std::string& warning : setup.warnings)
    findings.push_back({Finding::Kind::kWarning, warning});
  for (const std::string& rule : setup.rules_without_example) {
    findings.push_back(
        {Finding::Kind::kWarning,
         fmt::format("rule {}: expected at least one example that matches and one that does not",
                     rule)});
  }
  if (const std::string& file = setup.config.http.token_file; !file.empty()) {
    if (const auto token = read_token_file(file); !token)
      findings.push_back({Finding::Kind::kWarning, "http: " + token.error().message() +
                                                       "; without it there is no page and no API"});
  }
  append_overlaps(setup, is_verbose, findings);
  return findings;
}

// Prints them; true if one of them is a warning.
bool print_findings(const std::vector<Finding>& findings, bool is_strict) {
  bool has_warning = false;
  for (const Finding& finding : findings) {
    const bool is_warning = finding.kind == Finding::Kind::kWarning;
    has_warning = has_warning || is_warning;
    const char* const kind = !is_warning ? "note" : is_strict ? "error" : "warning";
    fmt::print(stderr, "sluice: {}: {}\n", kind, finding.text);
  }
  return has_warning;
}

int print_snippets(const Setup& setup, const Paths& paths) {
  const std::string text =
      "# --- storage-schemas.conf ---\n" + storage_schemas_snippet(paths, setup.config.window) +
      "\n# --- storage-aggregation.conf ---\n" + storage_aggregation_snippet(paths);
  return write_out(stdout, text) ? kExitDone : output_failure();
}

}  // namespace

int check_command(const CheckOptions& options) {
  const auto setup = load_setup(options.setup);
  const auto paths = setup ? paths_of(setup->config) : std::unexpected(setup.error());
  if (!paths) {
    fmt::print(stderr, "sluice: {}\n", paths.error().message());
    return kExitUsage;
  }
  if (options.carbon_snippets) return print_snippets(*setup, *paths);
  std::optional<StorageRules> storage;
  if (!options.carbon.empty()) {
    auto loaded = StorageRules::load_folder(options.carbon);
    if (!loaded) {
      fmt::print(stderr, "sluice: {}\n", loaded.error().message());
      return kExitUsage;
    }
    storage = std::move(*loaded);
  }
  std::vector<Finding> findings = findings_of(*setup, options.verbose);
  if (storage) {
    std::ranges::move(check_storage(*setup, *paths, *storage), std::back_inserter(findings));
  }
  if (print_findings(findings, options.strict) && options.strict) return kExitUsage;
  const std::string summary = fmt::format(
      "{}: {} rules in {} packs, {} examples pass{}\n{}",
      setup->config.file.empty() ? "built-in configuration" : setup->config.file,
      setup->rules->size(), setup->packs.size(), setup->example_count,
      map_in_words(setup->cluster_map),
      estimate_in_words(estimate_series(*setup, *paths, storage ? &*storage : nullptr)));
  return write_out(stdout, summary) ? kExitDone : output_failure();
}

}  // namespace sluice
