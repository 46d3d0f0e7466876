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

// Every host that was heard, by number. A name keeps its number for good, also when the host is
// forgotten and comes back: paths and windows refer to it.
class HostTable {
 public:
  struct Host {
    std::string name;
    Timestamp last_heard{};
    bool is_known = false;  // Heard within host_ttl.
  };

  // Finds or adds; nothing when `hosts_max` names have been seen already.
  [[nodiscard]] std::optional<HostId> intern(std::string_view name, std::size_t hosts_max);
  // A known host.
  [[nodiscard]] std::optional<HostId> find(std::string_view name) const;
  [[nodiscard]] const Host& operator[](HostId id) const { return hosts_[id]; }
  void hear(HostId id, Timestamp when);
  // Forgets hosts unheard since before `limit`; their numbers stay theirs.
  void expire(Timestamp limit);

  // Place of each host when all are sorted by name, by HostId.
  [[nodiscard]] const std::vector<std::uint32_t>& ranks();
  [[nodiscard]] std::size_t size() const noexcept { return known_count_; }

 private:
  std::deque<Host> hosts_;
  StringMap<HostId> ids_;
  std::vector<std::uint32_t> ranks_;
  std::size_t known_count_ = 0;
};

// Every metric name that was seen, by number. A name keeps its first type; leaves, unit and limit
// are those last heard of.
class MetricTable {
 public:
  // Nothing when `metrics_max` names are known, or the name is known with another type: summaries
  // of two types cannot be merged.
  [[nodiscard]] std::optional<MetricId> intern(const Metric& metric, std::size_t metrics_max);
  [[nodiscard]] const Metric& operator[](MetricId id) const { return metrics_[id]; }

 private:
  std::deque<Metric> metrics_;  // Never moved: rollups hold references.
  StringMap<MetricId> ids_;
};

}  // namespace sluice
