#include "app/map_change.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include "app/change_words.h"

namespace sluice {
namespace {

using Entry = ClusterMapDefinition::Entry;
using Entries = std::map<std::string_view, const Entry*>;

Entries by_host(const ClusterMapDefinition& map) {
  Entries entries;
  for (const Entry& entry : map.entries) entries.emplace(entry.host, &entry);
  return entries;
}

std::vector<std::string> missing_from(const Entries& there, const Entries& here) {
  std::vector<std::string> names;
  for (const auto& [host, entry] : here) {
    if (!there.contains(host)) names.emplace_back(host);
  }
  return names;
}

// Old names that stand for another host, or none, or are new.
std::vector<std::string> changed_aliases(const ClusterMapDefinition& before,
                                         const ClusterMapDefinition& after) {
  std::vector<std::string> names;
  for (const auto& [alias, host] : after.aliases) {
    const auto old = before.aliases.find(alias);
    if (old == before.aliases.end() || old->second != host) names.push_back(alias);
  }
  for (const auto& [alias, host] : before.aliases) {
    if (!after.aliases.contains(alias)) names.push_back(alias);
  }
  return names;
}

}  // namespace

std::string map_size_in_words(const ClusterMapDefinition& map) {
  const auto patterns = static_cast<std::size_t>(std::ranges::count_if(
      map.entries, [](const Entry& entry) { return entry.host.find('*') != std::string::npos; }));
  std::string words = fmt::format("{} hosts", map.entries.size() - patterns);
  if (patterns > 0) words += fmt::format(", {} patterns", patterns);
  return words;
}

std::string describe_map_change(const ClusterMapDefinition& before,
                                const ClusterMapDefinition& after) {
  const Entries old_entries = by_host(before);
  const Entries new_entries = by_host(after);
  std::vector<std::string> moved;
  std::vector<std::string> regrouped;
  for (const auto& [host, entry] : new_entries) {
    const auto old = old_entries.find(host);
    if (old == old_entries.end()) continue;
    if (old->second->cluster != entry->cluster) {
      moved.push_back(fmt::format("{} from {} to {}", host, old->second->cluster, entry->cluster));
    }
    if (old->second->groups != entry->groups) regrouped.emplace_back(host);
  }
  return map_size_in_words(after) + told("added", missing_from(old_entries, new_entries)) +
         told("removed", missing_from(new_entries, old_entries)) + told("moved", moved) +
         told("in other groups", regrouped) +
         told("aliases changed", changed_aliases(before, after));
}

bool has_shrunk(const ClusterMapDefinition& before, const ClusterMapDefinition& after) {
  return after.entries.size() * 5 < before.entries.size() * 4;
}

}  // namespace sluice
