#include "app/map_names.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice {
namespace {

using Entry = ClusterMapDefinition::Entry;

std::string name_of_host(std::string_view host, const HostNameOptions& names) {
  std::string scratch;
  return std::string(canonical_host(host, host, names, scratch));
}

Expected<std::vector<Entry>> rename_hosts(std::vector<Entry> entries,
                                          const HostNameOptions& names) {
  std::vector<Entry> renamed;
  std::unordered_map<std::string, std::pair<std::size_t, std::string>> places;  // And old names.
  for (Entry& entry : entries) {
    const std::string before = entry.host;
    const bool is_pattern = before.find('*') != std::string::npos;
    if (!is_pattern) entry.host = name_of_host(before, names);
    const auto [known, is_new] = places.try_emplace(entry.host, std::pair(renamed.size(), before));
    if (is_new) {
      renamed.push_back(std::move(entry));
    } else if (renamed[known->second.first] != entry) {
      return fail(
          fmt::format("/hosts: \"{}\" and \"{}\" are both called \"{}\" (\"host_names\"), "
                      "but are in different clusters or groups",
                      known->second.second, before, entry.host));
    }
  }
  return renamed;
}

Expected<std::map<std::string, std::string>> rename_aliases(
    const std::map<std::string, std::string>& aliases, const HostNameOptions& names) {
  std::map<std::string, std::string> renamed;
  for (const auto& [alias, host] : aliases) {
    std::string name = name_of_host(alias, names);
    const std::string target = name_of_host(host, names);
    if (name == target) continue;
    const auto [known, is_new] = renamed.try_emplace(std::move(name), target);
    if (!is_new && known->second != target) {
      return fail(
          fmt::format("/aliases: \"{}\" is called \"{}\" (\"host_names\"), which stands for "
                      "both \"{}\" and \"{}\"",
                      alias, known->first, known->second, target));
    }
  }
  return renamed;
}

Expected<void> check_aliases(const ClusterMapDefinition& map) {
  for (const Entry& entry : map.entries) {
    if (map.aliases.contains(entry.host)) {
      return fail(
          fmt::format("/aliases: \"{}\" is the name of a host too, as \"host_names\" has "
                      "them called",
                      entry.host));
    }
  }
  for (const auto& [alias, host] : map.aliases) {
    if (map.aliases.contains(host)) {
      return fail(
          fmt::format("/aliases: \"{}\" stands for \"{}\", which is an alias itself, as "
                      "\"host_names\" has them called",
                      alias, host));
    }
  }
  return {};
}

}  // namespace

Expected<ClusterMapDefinition> with_host_names(ClusterMapDefinition map,
                                               const HostNameOptions& names) {
  if (names.form == HostNameForm::kAsSent) return map;
  auto entries = rename_hosts(std::move(map.entries), names);
  if (!entries) return std::unexpected(std::move(entries).error());
  auto aliases = rename_aliases(map.aliases, names);
  if (!aliases) return std::unexpected(std::move(aliases).error());
  ClusterMapDefinition renamed{std::move(*entries), std::move(*aliases)};
  if (auto done = check_aliases(renamed); !done) return std::unexpected(std::move(done).error());
  return renamed;
}

}  // namespace sluice
