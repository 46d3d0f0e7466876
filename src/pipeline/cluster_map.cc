#include "sluice/pipeline/cluster_map.h"

#include <algorithm>
#include <utility>

#include "base/string_map.h"
#include "pipeline/wildcard.h"
#include "sluice/rules/pattern.h"

namespace sluice {
std::string_view name_of(ClusterMatch::By by) noexcept {
  switch (by) {
    case ClusterMatch::By::kMap:
      return "map";
    case ClusterMatch::By::kWildcard:
      return "wildcard";
    case ClusterMatch::By::kPattern:
      return "pattern";
    case ClusterMatch::By::kDefault:
      return "default";
  }
  return "unknown";
}

struct ClusterMap::State {
  // What the map file says of the host, its aliases resolved; null when it says nothing.
  [[nodiscard]] const ClusterMapDefinition::Entry* entry_of(std::string_view host) const;

  ClusterMapDefinition definition;
  std::string fallback;
  StringMap<const ClusterMapDefinition::Entry*> exact;
  std::vector<const ClusterMapDefinition::Entry*> wildcards;
  StringMap<std::string> aliases;
  std::vector<Pattern> patterns;
  std::vector<std::size_t> cluster_groups;  // Of each pattern.
};

Expected<std::shared_ptr<const ClusterMap>> ClusterMap::make(ClusterMapDefinition definition,
                                                             const ClusterMapOptions& options) {
  auto state = std::make_unique<State>();
  state->definition = std::move(definition);
  state->fallback = options.fallback;
  for (const ClusterMapDefinition::Entry& entry : state->definition.entries) {
    if (entry.host.find('*') == std::string::npos) {
      state->exact.emplace(entry.host, &entry);
    } else {
      state->wildcards.push_back(&entry);
    }
  }
  for (const auto& [alias, host] : state->definition.aliases) state->aliases.emplace(alias, host);
  for (std::size_t i = 0; i < options.patterns.size(); ++i) {
    const std::string place = "pattern " + std::to_string(i);
    auto pattern = Pattern::compile(options.patterns[i]);
    if (!pattern) return at(place, std::move(pattern).error());
    const int group = pattern->group_number("cluster");
    if (group == 0) {
      return at(place,
                {{}, "expected a capture (?P<cluster>...) in \"" + options.patterns[i] + '"'});
    }
    state->cluster_groups.push_back(static_cast<std::size_t>(group));
    state->patterns.push_back(std::move(*pattern));
  }
  return std::make_shared<const ClusterMap>(std::move(state));
}

ClusterMap::ClusterMap(std::unique_ptr<const State> state) : state_(std::move(state)) {}
ClusterMap::~ClusterMap() = default;

const ClusterMapDefinition::Entry* ClusterMap::State::entry_of(std::string_view host) const {
  if (const auto found = exact.find(host); found != exact.end()) return found->second;
  const auto matching = std::ranges::find_if(
      wildcards, [host](const auto* entry) { return wildcard_matches(entry->host, host); });
  return matching == wildcards.end() ? nullptr : *matching;
}

ClusterMatch ClusterMap::cluster_of(std::string_view host) const {
  using By = ClusterMatch::By;
  host = resolve_alias(host);
  if (const auto* entry = state_->entry_of(host)) {
    const bool is_exact = entry->host.find('*') == std::string::npos;
    return {entry->cluster, is_exact ? By::kMap : By::kWildcard, entry->host};
  }
  for (std::size_t i = 0; i < state_->patterns.size(); ++i) {
    const std::size_t group = state_->cluster_groups[i];
    std::vector<std::string_view> groups(group + 1);
    if (state_->patterns[i].search(host, groups) && !groups[group].empty()) {
      return {std::string(groups[group]), By::kPattern, state_->patterns[i].text()};
    }
  }
  return {state_->fallback, By::kDefault, {}};
}

std::string_view ClusterMap::resolve_alias(std::string_view host) const {
  const auto found = state_->aliases.find(host);
  return found == state_->aliases.end() ? host : std::string_view(found->second);
}

const std::map<std::string, std::string>& ClusterMap::groups_of(std::string_view host) const {
  static const std::map<std::string, std::string> none;
  const auto* entry = state_->entry_of(resolve_alias(host));
  return entry == nullptr ? none : entry->groups;
}

std::vector<std::string_view> ClusterMap::hosts() const {
  std::vector<std::string_view> hosts;
  for (const ClusterMapDefinition::Entry& entry : state_->definition.entries) {
    if (entry.host.find('*') == std::string::npos) hosts.emplace_back(entry.host);
  }
  return hosts;
}

bool ClusterMap::is_mapped(std::string_view host) const {
  return cluster_of(host).by != ClusterMatch::By::kDefault;
}

}  // namespace sluice
