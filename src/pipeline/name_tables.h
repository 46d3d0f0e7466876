#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_map.h"
#include "sluice/aggregate/window_store.h"
#include "sluice/base/time.h"
#include "sluice/values/metric.h"

namespace sluice {

// Every host that was heard or is expected, by number. A name keeps its number for good, also when
// the host is forgotten and comes back: paths and windows refer to it.
//
// Graphite input names a host by a path node, in which its dots have become '_'. Such a name stands
// for the one host whose node it is; while no host with dots is known, it is a host of its own, and
// becomes the host with dots when that one comes.
class HostTable {
 public:
  struct Host {
    std::string name;
    Timestamp last_heard{};
    bool is_known = false;  // Heard within host_ttl.
    bool is_node = false;   // Known by its path node alone.
    bool was_node = false;  // Its path node leads here too.
  };

  // Finds or adds; nothing when `hosts_max` names have been seen already.
  [[nodiscard]] std::optional<HostId> intern(std::string_view name, std::size_t hosts_max);
  // The same for a name that is a path node.
  [[nodiscard]] std::optional<HostId> intern_node(std::string_view node, std::size_t hosts_max);
  // A known host.
  [[nodiscard]] std::optional<HostId> find(std::string_view name) const;
  // Any host that has a number.
  [[nodiscard]] std::optional<HostId> find_any(std::string_view name) const;
  [[nodiscard]] const Host& operator[](HostId id) const { return hosts_[id]; }
  void hear(HostId id, Timestamp when);
  // Forgets hosts unheard since before `limit`; their numbers stay theirs.
  void expire(Timestamp limit);
  void forget(HostId id);

  // The hosts that took over a name with dots since the last call.
  [[nodiscard]] std::vector<HostId> take_renamed();

  // Place of each host when all are sorted by name, by HostId.
  [[nodiscard]] const std::vector<std::uint32_t>& ranks();
  // Changes whenever ranks() do; ask for them first.
  [[nodiscard]] std::uint64_t ranks_version() const noexcept { return ranks_version_; }
  // Hosts that are known.
  [[nodiscard]] std::size_t size() const noexcept { return known_count_; }
  // Hosts that have a number: 0 .. number_count() - 1.
  [[nodiscard]] std::size_t number_count() const noexcept { return hosts_.size(); }

 private:
  friend class CheckpointWriter;
  friend class CheckpointReader;

  // The host that a path node stands for; nothing when several share it.
  struct NodeOwner {
    HostId host = 0;
    bool is_shared = false;
  };
  HostId add(std::string_view name);
  void rename(HostId id, std::string_view name);
  void index_nodes();
  void index_node(HostId id);

  std::deque<Host> hosts_;
  StringMap<HostId> ids_;
  StringMap<NodeOwner> nodes_;  // Filled once a name that is a path node has come.
  bool has_nodes_ = false;
  std::vector<HostId> renamed_;
  std::vector<std::uint32_t> ranks_;
  bool ranks_are_stale_ = false;
  std::uint64_t ranks_version_ = 0;
  std::size_t known_count_ = 0;
};

// Every metric name that was seen, by number. A name keeps its first type; everything else is what
// was last heard.
class MetricTable {
 public:
  struct Interned {
    MetricId id = 0;
    // What the metric's states were, when a reload has changed them.
    std::optional<std::vector<std::string>> states_before;
  };
  // Nothing when `metrics_max` names are known, or the name is known with another type: summaries
  // of two types cannot be merged.
  [[nodiscard]] std::optional<Interned> intern(const Metric& metric, std::size_t metrics_max);
  [[nodiscard]] const Metric& operator[](MetricId id) const { return metrics_[id]; }
  [[nodiscard]] std::size_t size() const noexcept { return metrics_.size(); }

 private:
  std::deque<Metric> metrics_;  // Never moved: rollups hold references.
  StringMap<MetricId> ids_;
};

}  // namespace sluice
