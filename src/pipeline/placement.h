#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_map.h"
#include "pipeline/name_tables.h"
#include "sluice/graphite/paths.h"
#include "sluice/pipeline/cluster_map.h"
#include "sluice/values/datapoint.h"

namespace sluice {

// The fleet, one cluster or one group, by number: 0 is the fleet.
using ScopeId = std::uint32_t;
inline constexpr ScopeId kFleet = 0;

// The fleet and every cluster and group that was seen, with what stands before METRIC in their
// paths.
class ScopeTable {
 public:
  struct Entry {
    Scope kind = Scope::kAll;
    std::string name;   // Of the cluster, or of the group ("environment").
    std::string value;  // Of the group ("prod").
    std::string path;
    bool has_sound_path = false;  // It is a metric path.
  };

  explicit ScopeTable(const Paths& paths);
  [[nodiscard]] ScopeId intern_cluster(std::string_view cluster);
  [[nodiscard]] ScopeId intern_group(std::string_view group, std::string_view value);
  [[nodiscard]] const Entry& operator[](ScopeId id) const { return entries_[id]; }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  // Patterns make clusters of whatever hosts call themselves, and a scope keeps its number for
  // good. Beyond this a host that is new counts in the fleet alone.
  static constexpr std::size_t kScopesMax = 1'000'000;
  [[nodiscard]] bool is_full() const noexcept { return entries_.size() >= kScopesMax; }

 private:
  ScopeId intern(Entry&& entry);

  const Paths& paths_;
  std::deque<Entry> entries_;
  StringMap<ScopeId> ids_;  // By kind and path.
};

// Where one cluster map puts each host: its scopes and what stands before METRIC in its paths.
// Worked out once per host, in the order of their numbers. Windows keep the placement they were
// opened with.
class Placement {
 public:
  struct Place {
    std::string path;
    bool has_sound_path = false;  // It is a metric path.
    bool is_mapped = false;       // By the map file or a pattern.
    bool is_expected = false;     // The map file names it exactly.
    bool is_refused = false;      // Another host has the same path; this one must not write to it.
    bool is_made = false;         // Worked out, and not released since.
  };

  // Gives every host that the map names a number. All referred to must outlive the placement.
  Placement(std::shared_ptr<const ClusterMap> clusters, const Paths& paths, ScopeTable& scopes,
            HostTable& hosts);

  // Valid until the next call.
  [[nodiscard]] const Place& place_of(HostId id);
  // The fleet, the host's cluster and its groups; none for a host that is refused.
  [[nodiscard]] const std::vector<ScopeId>& scopes_of(HostId id) { return sets_[scope_set_of(id)]; }
  // A number that hosts share who have the same scopes, all of them.
  [[nodiscard]] std::uint32_t scope_set_of(HostId id) {
    if (id >= scope_sets_.size() || scope_sets_[id] == kNoSet) (void)place_of(id);
    return scope_sets_[id];
  }
  // The hosts that the map names, by number.
  [[nodiscard]] const std::vector<HostId>& expected() const noexcept { return expected_; }
  // Known hosts that neither the map nor a pattern names.
  [[nodiscard]] std::size_t unmapped_count();
  // The host has another name now.
  void note_rename(HostId id);
  // Its number has no host now, or will be that of another one.
  void release(HostId id);
  [[nodiscard]] bool is_expected(HostId id) const;
  [[nodiscard]] const ClusterMap& clusters() const noexcept { return *clusters_; }

 private:
  static constexpr std::uint32_t kNoSet = UINT32_MAX;

  void make(HostId id);
  [[nodiscard]] Place make_place(HostId id);
  [[nodiscard]] std::uint32_t set_of(std::vector<ScopeId>&& scopes);

  std::shared_ptr<const ClusterMap> clusters_;
  const Paths& paths_;
  ScopeTable& scopes_;
  HostTable& hosts_;
  std::vector<HostId> expected_;
  std::deque<Place> places_;  // By HostId.
  // Hosts share a few sets of scopes, which publishing goes through for every host and metric: so
  // these lie close together.
  std::vector<std::uint32_t> scope_sets_;  // Place in `sets_` by HostId.
  std::deque<std::vector<ScopeId>> sets_;  // The first is empty.
  absl::flat_hash_map<std::vector<ScopeId>, std::uint32_t> set_numbers_;
  StringMap<HostId> owners_;  // Path to the host that had it first.
  // unmapped_count(), and of which hosts it is: every tick asks, and goes through all hosts only
  // when one has come or gone.
  std::size_t unmapped_count_ = 0;
  std::optional<std::uint64_t> unmapped_version_;
};

}  // namespace sluice
