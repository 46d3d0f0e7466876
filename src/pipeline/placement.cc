#include "pipeline/placement.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "sluice/values/path_node.h"

namespace sluice {

ScopeTable::ScopeTable(const Paths& paths) : paths_(paths) {
  entries_.push_back(
      {.kind = Scope::kAll, .path = paths.all(), .has_sound_path = is_metric_path(paths.all())});
}

ScopeId ScopeTable::intern_cluster(std::string_view cluster) {
  return intern(
      {.kind = Scope::kCluster, .name = std::string(cluster), .path = paths_.cluster(cluster)});
}

ScopeId ScopeTable::intern_group(std::string_view group, std::string_view value) {
  return intern({.kind = Scope::kGroup,
                 .name = std::string(group),
                 .value = std::string(value),
                 .path = paths_.group(group, value)});
}

// By path: patterns take clusters from host names, and "a.b" and "a_b" share one. With the kind
// before it: a cluster and a group never share a scope, whatever the templates say.
ScopeId ScopeTable::intern(Entry&& entry) {
  entry.has_sound_path = is_metric_path(entry.path);
  std::string key = (entry.kind == Scope::kCluster ? "c" : "g") + entry.path;
  const auto [found, is_new] =
      ids_.try_emplace(std::move(key), static_cast<ScopeId>(entries_.size()));
  if (is_new) entries_.push_back(std::move(entry));
  return found->second;
}

Placement::Placement(std::shared_ptr<const ClusterMap> clusters, const Paths& paths,
                     ScopeTable& scopes, HostTable& hosts)
    : clusters_(std::move(clusters)), paths_(paths), scopes_(scopes), hosts_(hosts) {
  // What the map names is bounded by the map itself.
  for (const std::string_view host : clusters_->hosts())
    expected_.push_back(*hosts_.intern(host, SIZE_MAX));
  (void)set_of({});
  std::ranges::sort(expected_);
  expected_.erase(std::ranges::unique(expected_).begin(), expected_.end());
  // Of two hosts that share a path the first that came has it; without this, the one with the
  // smaller number.
  if (!hosts_.has_reused()) return;
  places_.resize(hosts_.number_count());
  scope_sets_.resize(hosts_.number_count(), kNoSet);
  for (const HostId id : hosts_.by_arrival()) make(id);
}

const Placement::Place& Placement::place_of(HostId id) {
  while (places_.size() <= id) {
    scope_sets_.push_back(kNoSet);
    places_.emplace_back();
    make(static_cast<HostId>(places_.size() - 1));
  }
  if (!places_[id].is_made) make(id);
  return places_[id];
}

void Placement::make(HostId id) {
  if (hosts_.is_free(id)) return;
  places_[id] = make_place(id);
  places_[id].is_made = true;
  unmapped_version_.reset();
}

void Placement::release(HostId id) {
  if (id >= places_.size()) return;
  const auto owner = owners_.find(places_[id].path);
  if (owner != owners_.end() && owner->second == id) owners_.erase(owner);
  places_[id] = {};
  scope_sets_[id] = kNoSet;
}

bool Placement::is_expected(HostId id) const { return std::ranges::binary_search(expected_, id); }

Placement::Place Placement::make_place(HostId id) {
  const std::string& name = hosts_[id].name;
  const ClusterMatch match = clusters_->cluster_of(name);
  Place place{.path = paths_.host(match.cluster, name),
              .is_mapped = match.by != ClusterMatch::By::kDefault,
              .is_expected = match.by == ClusterMatch::By::kMap && match.rule == name};
  place.has_sound_path = is_metric_path(place.path);
  place.is_refused = owners_.try_emplace(place.path, id).first->second != id;
  std::vector<ScopeId> scopes;
  if (!place.is_refused) {
    scopes = {kFleet};
    if (!scopes_.is_full()) scopes.push_back(scopes_.intern_cluster(match.cluster));
    for (const auto& [group, value] : clusters_->groups_of(name)) {
      if (!scopes_.is_full()) scopes.push_back(scopes_.intern_group(group, value));
    }
  }
  scope_sets_[id] = set_of(std::move(scopes));
  return place;
}

std::uint32_t Placement::set_of(std::vector<ScopeId>&& scopes) {
  const auto [known, is_new] =
      set_numbers_.try_emplace(std::move(scopes), static_cast<std::uint32_t>(sets_.size()));
  if (is_new) sets_.push_back(known->first);
  return known->second;
}

std::size_t Placement::unmapped_count() {
  if (unmapped_version_ == hosts_.known_version()) return unmapped_count_;
  std::size_t count = 0;
  for (HostId id = 0; id < hosts_.number_count(); ++id) {
    if (hosts_[id].is_known && !place_of(id).is_mapped) ++count;
  }
  unmapped_version_ = hosts_.known_version();
  return unmapped_count_ = count;
}

void Placement::note_rename(HostId id) {
  if (id < places_.size()) make(id);
}

}  // namespace sluice
