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

// Every host that was heard, by number. Numbers are not used again within a process.
class HostTable {
 public:
  struct Host {
    std::string name;
    Timestamp last_heard{};
  };

  // Finds or adds; nothing when `hosts_max` hosts are known already.
  [[nodiscard]] std::optional<HostId> intern(std::string_view name, std::size_t hosts_max);
  [[nodiscard]] std::optional<HostId> find(std::string_view name) const;
  [[nodiscard]] const Host& operator[](HostId id) const { return hosts_[id]; }
  void hear(HostId id, Timestamp when);
  // Forgets hosts unheard since before `limit`.
  void expire(Timestamp limit);

  // Place of each host when all are sorted by name, by HostId.
  [[nodiscard]] const std::vector<std::uint32_t>& ranks();
  [[nodiscard]] std::size_t size() const noexcept { return ids_.size(); }

 private:
  std::deque<Host> hosts_;
  StringMap<HostId> ids_;
  std::vector<std::uint32_t> ranks_;
};

// Every metric name that was seen, by number; the first definition of a name stays.
class MetricTable {
 public:
  [[nodiscard]] std::optional<MetricId> intern(const Metric& metric, std::size_t metrics_max);
  [[nodiscard]] const Metric& operator[](MetricId id) const { return metrics_[id]; }

 private:
  std::deque<Metric> metrics_;  // Never moved: rollups hold references.
  StringMap<MetricId> ids_;
};

}  // namespace sluice
