#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_map.h"
#include "sluice/aggregate/window_store.h"
#include "sluice/base/time.h"
#include "sluice/values/metric.h"

namespace sluice {

// Every host that was heard or is expected, by number. A name keeps its number for as long as
// anything refers to it, also when the host is forgotten and comes back: paths, windows and what is
// last known do. When nothing does any more, release() gives the number to the next new name.
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
    bool is_free = false;   // A number without a host.
    // Names in the order in which they came; of two that share a path, the first has it.
    std::uint64_t arrival = 0;
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
  // Takes their names from hosts that are not known and that nothing refers to; their numbers go to
  // new names, the smallest first.
  void release(const std::vector<HostId>& ids);
  [[nodiscard]] bool is_free(HostId id) const { return hosts_[id].is_free; }
  // Every host that has a name, the first that came first.
  [[nodiscard]] std::vector<HostId> by_arrival() const;
  // True once a number was given away again: then that order is another one than that of numbers.
  [[nodiscard]] bool has_reused() const noexcept { return has_reused_; }

  // The hosts that took over a name with dots since the last call.
  [[nodiscard]] std::vector<HostId> take_renamed();

  // Place of each host when all are sorted by name, by HostId.
  [[nodiscard]] const std::vector<std::uint32_t>& ranks();
  // Changes whenever ranks() do; ask for them first.
  [[nodiscard]] std::uint64_t ranks_version() const noexcept { return ranks_version_; }
  // Changes whenever a host becomes known or is forgotten.
  [[nodiscard]] std::uint64_t known_version() const noexcept { return known_version_; }
  // Hosts that are known.
  [[nodiscard]] std::size_t size() const noexcept { return known_count_; }
  // Numbers that were ever given: 0 .. number_count() - 1, some of them free.
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
  std::set<HostId> free_;
  std::uint64_t next_arrival_ = 0;
  bool has_reused_ = false;
  StringMap<HostId> ids_;
  StringMap<NodeOwner> nodes_;  // Filled once a name that is a path node has come.
  bool has_nodes_ = false;
  std::vector<HostId> renamed_;
  std::vector<std::uint32_t> ranks_;
  bool ranks_are_stale_ = false;
  std::uint64_t ranks_version_ = 0;
  std::size_t known_count_ = 0;
  std::uint64_t known_version_ = 0;
};

// Every metric name that was seen, by number. A name keeps its first type; everything else is what
// was last heard. A number that nothing refers to any more can be released, as those of hosts.
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
  // Numbers that were ever given, some of them free: their name is empty.
  [[nodiscard]] std::size_t size() const noexcept { return metrics_.size(); }
  [[nodiscard]] bool is_free(MetricId id) const { return metrics_[id].name.empty(); }
  void release(MetricId id);
  // How many names there are.
  [[nodiscard]] std::size_t name_count() const noexcept { return ids_.size(); }
  // For checkpoints: the next number, without a metric; free once all have been read.
  void add_gap() { metrics_.emplace_back(); }
  void free_gaps();

 private:
  std::set<MetricId> free_;
  std::deque<Metric> metrics_;  // Never moved: rollups hold references.
  StringMap<MetricId> ids_;
};

}  // namespace sluice
