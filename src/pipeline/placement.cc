#include "pipeline/placement.h"

#include <utility>

namespace sluice {

ScopeTable::ScopeTable(const Paths& paths) : paths_(paths) { paths_by_id_.push_back(paths.all()); }

ScopeId ScopeTable::intern(std::string_view cluster) {
  // By path: patterns take clusters from host names, and "a.b" and "a_b" share one.
  std::string path = paths_.cluster(cluster);
  if (const auto found = ids_.find(path); found != ids_.end()) return found->second;
  const auto id = static_cast<ScopeId>(paths_by_id_.size());
  paths_by_id_.push_back(path);
  ids_.emplace(std::move(path), id);
  return id;
}

Placement::Placement(std::shared_ptr<const ClusterMap> clusters, const Paths& paths,
                     ScopeTable& scopes)
    : clusters_(std::move(clusters)), paths_(paths), scopes_(scopes) {}

const Placement::Place& Placement::place_of(HostId id, std::string_view name) {
  if (id >= places_.size()) places_.resize(id + 1);
  std::optional<Place>& place = places_[id];
  if (place) return *place;
  const ClusterMatch match = clusters_->cluster_of(name);
  place.emplace();
  place->cluster = scopes_.intern(match.cluster);
  place->path = paths_.host(match.cluster, name);
  place->is_mapped = match.by != ClusterMatch::By::kDefault;
  if (!place->is_mapped) ++unmapped_count_;
  place->is_refused = owners_.try_emplace(place->path, name).first->second != name;
  return *place;
}

}  // namespace sluice
