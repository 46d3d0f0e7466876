#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "app/storage_rules.h"
#include "sluice/graphite/paths.h"
#include "sluice/pipeline/cluster_map.h"
#include "sluice/pipeline/ingest.h"
#include "sluice/rules/rule_set.h"

namespace sluice {

// One message as `explain` tells of it: what Ingest found, and where it leads.
struct Explanation {
  const MessageTrace& trace;
  const RuleSet& rules;
  const ClusterMap& clusters;
  const Paths& paths;
  bool rollups = true;
  bool is_too_late = false;               // A relay that starts now would not take its samples in.
  const StorageRules* storage = nullptr;  // Not null: tell the schema of each path.
};

struct TextOptions {
  bool color = false;      // With escape codes.
  bool all_rules = false;  // Also tell why others did not match when one did.
};

// Every Graphite path that a sample contributes to: its host's leaves, its cluster's, the fleet's.
[[nodiscard]] std::vector<std::string> paths_of_sample(const Explanation& explanation,
                                                       const Sample& sample);

// The rules that read this program and this kind of input and did not match, the closest first.
[[nodiscard]] std::vector<const RuleTrace*> misses_by_closeness(const MessageTrace& trace);

// "2026-11-22T07:54:17.461633Z", no more digits than the fraction has.
[[nodiscard]] std::string format_rfc3339(Timestamp time);

// One line of JSON, the form that docs/explain.md promises.
[[nodiscard]] std::string explain_as_json(const Explanation& explanation);

// For people.
[[nodiscard]] std::string explain_as_text(const Explanation& explanation,
                                          const TextOptions& options);

}  // namespace sluice
