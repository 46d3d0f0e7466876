#include "sluice/pipeline/cluster_map.h"

#include <algorithm>
#include <utility>

#include "base/string_map.h"
#include "pipeline/wildcard.h"
#include "sluice/rules/pattern.h"

namespace sluice {
namespace {

using Groups = std::map<std::string, std::string>;

void put_texts(const Groups& texts, ByteWriter& writer) {
  writer.put_varint(texts.size());
  for (const auto& [name, value] : texts) {
    writer.put_text(name);
    writer.put_text(value);
  }
}

Groups take_texts(ByteReader& reader) {
  Groups texts;
  for (std::size_t left = reader.take_count(2); left > 0; --left) {
    std::string name(reader.take_text());
    texts.insert_or_assign(std::move(name), std::string(reader.take_text()));
  }
  return texts;
}

}  // namespace

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
  ClusterMapOptions options;
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
  state->options = options;
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

void ClusterMap::encode(ByteWriter& writer) const {
  writer.put_varint(state_->definition.entries.size());
  for (const ClusterMapDefinition::Entry& entry : state_->definition.entries) {
    writer.put_text(entry.host);
    writer.put_text(entry.cluster);
    put_texts(entry.groups, writer);
  }
  put_texts(state_->definition.aliases, writer);
  writer.put_varint(state_->options.patterns.size());
  for (const std::string& pattern : state_->options.patterns) writer.put_text(pattern);
  writer.put_text(state_->options.fallback);
}

Expected<std::shared_ptr<const ClusterMap>> ClusterMap::decode(ByteReader& reader) {
  ClusterMapDefinition definition;
  definition.entries.resize(reader.take_count(3));
  for (ClusterMapDefinition::Entry& entry : definition.entries) {
    entry.host = reader.take_text();
    entry.cluster = reader.take_text();
    entry.groups = take_texts(reader);
  }
  definition.aliases = take_texts(reader);
  ClusterMapOptions options;
  options.patterns.resize(reader.take_count(1));
  for (std::string& pattern : options.patterns) pattern = reader.take_text();
  options.fallback = reader.take_text();
  if (!reader.is_ok()) return fail("expected a cluster map, found a damaged one");
  return make(std::move(definition), options);
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
  return {state_->options.fallback, By::kDefault, {}};
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
