#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/string_map.h"
#include "sluice/aggregate/window_store.h"
#include "sluice/graphite/paths.h"
#include "sluice/pipeline/cluster_map.h"

namespace sluice {

// The fleet or one cluster, by number: 0 is the fleet.
using ScopeId = std::uint32_t;
inline constexpr ScopeId kFleet = 0;

// The fleet and every cluster that was seen, with what stands before METRIC in their paths.
class ScopeTable {
 public:
  explicit ScopeTable(const Paths& paths);
  [[nodiscard]] ScopeId intern(std::string_view cluster);
  [[nodiscard]] const std::string& path(ScopeId id) const { return paths_by_id_[id]; }

 private:
  const Paths& paths_;
  std::deque<std::string> paths_by_id_;
  StringMap<ScopeId> ids_;  // By path.
};

// Where one cluster map puts each host: its cluster and what stands before METRIC in its paths.
// Worked out once per host. Windows keep the placement they were opened with.
class Placement {
 public:
  struct Place {
    ScopeId cluster = kFleet;
    std::string path;
    bool is_mapped = false;
    bool is_refused = false;  // Another host has the same path; this one must not write to it.
  };

  Placement(std::shared_ptr<const ClusterMap> clusters, const Paths& paths, ScopeTable& scopes);

  [[nodiscard]] const Place& place_of(HostId id, std::string_view name);
  [[nodiscard]] std::size_t unmapped_count() const noexcept { return unmapped_count_; }
  [[nodiscard]] const ClusterMap& clusters() const noexcept { return *clusters_; }

 private:
  std::shared_ptr<const ClusterMap> clusters_;
  const Paths& paths_;
  ScopeTable& scopes_;
  std::deque<std::optional<Place>> places_;  // By HostId.
  // Path to the host that had it first; by name, since a host that was forgotten and comes back has
  // a new number.
  StringMap<std::string> owners_;
  std::size_t unmapped_count_ = 0;
};

}  // namespace sluice
