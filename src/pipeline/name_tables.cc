#include "pipeline/name_tables.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace sluice {

std::optional<HostId> HostTable::intern(std::string_view name, std::size_t hosts_max) {
  if (const auto seen = ids_.find(name); seen != ids_.end()) return seen->second;
  if (ids_.size() >= hosts_max) return std::nullopt;
  const auto id = static_cast<HostId>(hosts_.size());
  hosts_.push_back({std::string(name), {}, false});
  ids_.emplace(name, id);
  return id;
}

std::optional<HostId> HostTable::find(std::string_view name) const {
  const auto seen = ids_.find(name);
  if (seen == ids_.end() || !hosts_[seen->second].is_known) return std::nullopt;
  return seen->second;
}

void HostTable::hear(HostId id, Timestamp when) {
  Host& host = hosts_[id];
  host.last_heard = std::max(host.last_heard, when);
  if (!std::exchange(host.is_known, true)) ++known_count_;
}

void HostTable::expire(Timestamp limit) {
  for (Host& host : hosts_) {
    if (!host.is_known || host.last_heard >= limit) continue;
    host.is_known = false;
    --known_count_;
  }
}

const std::vector<std::uint32_t>& HostTable::ranks() {
  if (ranks_.size() == hosts_.size()) return ranks_;  // Hosts are only ever added.
  std::vector<HostId> by_name(hosts_.size());
  std::iota(by_name.begin(), by_name.end(), HostId{0});
  std::ranges::sort(by_name, {}, [this](HostId id) -> std::string_view { return hosts_[id].name; });
  ranks_.resize(hosts_.size());
  for (std::uint32_t rank = 0; rank < by_name.size(); ++rank) ranks_[by_name[rank]] = rank;
  return ranks_;
}

std::optional<MetricId> MetricTable::intern(const Metric& metric, std::size_t metrics_max) {
  if (const auto found = ids_.find(metric.name); found != ids_.end()) {
    Metric& known = metrics_[found->second];
    if (known.type != metric.type) return std::nullopt;
    known = metric;  // A reload may have chosen other leaves or another limit.
    return found->second;
  }
  if (metrics_.size() >= metrics_max) return std::nullopt;
  const auto id = static_cast<MetricId>(metrics_.size());
  metrics_.push_back(metric);
  ids_.emplace(metric.name, id);
  return id;
}

}  // namespace sluice
