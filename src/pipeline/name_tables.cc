#include "pipeline/name_tables.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "sluice/base/check.h"
#include "sluice/values/path_node.h"

namespace sluice {

std::optional<HostId> HostTable::intern(std::string_view name, std::size_t hosts_max) {
  if (const auto seen = ids_.find(name); seen != ids_.end()) {
    Host& host = hosts_[seen->second];
    if (host.is_node && host.name == name) host.is_node = false;  // It has no dots after all.
    return seen->second;
  }
  if (has_nodes_) {
    const auto node = nodes_.find(to_path_node(name));
    if (node != nodes_.end() && hosts_[node->second.host].is_node) {
      rename(node->second.host, name);
      return node->second.host;
    }
  }
  if (ids_.size() >= hosts_max) return std::nullopt;
  return add(name);
}

std::optional<HostId> HostTable::intern_node(std::string_view node, std::size_t hosts_max) {
  if (!has_nodes_) index_nodes();
  const auto owner = nodes_.find(node);
  if (owner != nodes_.end() && !owner->second.is_shared) return owner->second.host;
  if (const auto seen = ids_.find(node); seen != ids_.end()) return seen->second;
  if (ids_.size() >= hosts_max) return std::nullopt;
  const HostId id = add(node);
  hosts_[id].is_node = true;
  return id;
}

HostId HostTable::add(std::string_view name) {
  auto id = static_cast<HostId>(hosts_.size());
  if (free_.empty()) {
    hosts_.emplace_back();
  } else {
    id = *free_.begin();
    free_.erase(free_.begin());
    has_reused_ = true;
  }
  hosts_[id] = {.name = std::string(name), .arrival = next_arrival_++};
  ids_.emplace(name, id);
  ranks_are_stale_ = true;
  if (has_nodes_) index_node(id);
  return id;
}

void HostTable::rename(HostId id, std::string_view name) {
  Host& host = hosts_[id];
  host.name = name;
  host.is_node = false;
  host.was_node = true;
  ids_.emplace(name, id);
  renamed_.push_back(id);
  ranks_are_stale_ = true;
}

void HostTable::index_nodes() {
  has_nodes_ = true;
  for (const HostId id : by_arrival()) index_node(id);
}

void HostTable::index_node(HostId id) {
  const auto [owner, is_new] = nodes_.try_emplace(to_path_node(hosts_[id].name), NodeOwner{id});
  if (!is_new && owner->second.host != id) owner->second.is_shared = true;
}

void HostTable::release(const std::vector<HostId>& ids) {
  for (const HostId id : ids) {
    Host& host = hosts_[id];
    SLUICE_CHECK(!host.is_known && !host.is_free, "only a name that is forgotten gives its number");
    ids_.erase(host.name);
    if (host.was_node) {
      const auto node = ids_.find(to_path_node(host.name));
      if (node != ids_.end() && node->second == id) ids_.erase(node);
    }
    host = {.is_free = true};
    free_.insert(id);
  }
  if (ids.empty() || !has_nodes_) return;
  nodes_.clear();
  index_nodes();
}

std::vector<HostId> HostTable::by_arrival() const {
  std::vector<HostId> ids;
  ids.reserve(hosts_.size());
  for (HostId id = 0; id < hosts_.size(); ++id) {
    if (!hosts_[id].is_free) ids.push_back(id);
  }
  if (has_reused_) std::ranges::sort(ids, {}, [this](HostId id) { return hosts_[id].arrival; });
  return ids;
}

std::vector<HostId> HostTable::take_renamed() { return std::exchange(renamed_, {}); }

std::optional<HostId> HostTable::find(std::string_view name) const {
  const auto seen = ids_.find(name);
  if (seen == ids_.end() || !hosts_[seen->second].is_known) return std::nullopt;
  return seen->second;
}

std::optional<HostId> HostTable::find_any(std::string_view name) const {
  const auto seen = ids_.find(name);
  return seen == ids_.end() ? std::nullopt : std::optional(seen->second);
}

void HostTable::hear(HostId id, Timestamp when) {
  Host& host = hosts_[id];
  host.last_heard = std::max(host.last_heard, when);
  if (std::exchange(host.is_known, true)) return;
  ++known_count_;
  ++known_version_;
}

void HostTable::expire(Timestamp limit) {
  for (HostId id = 0; id < hosts_.size(); ++id) {
    if (hosts_[id].is_known && hosts_[id].last_heard < limit) forget(id);
  }
}

void HostTable::forget(HostId id) {
  if (!std::exchange(hosts_[id].is_known, false)) return;
  --known_count_;
  ++known_version_;
}

const std::vector<std::uint32_t>& HostTable::ranks() {
  if (!ranks_are_stale_) return ranks_;
  std::vector<HostId> by_name(hosts_.size());
  std::iota(by_name.begin(), by_name.end(), HostId{0});
  std::ranges::sort(by_name, {}, [this](HostId id) -> std::string_view { return hosts_[id].name; });
  ranks_.resize(hosts_.size());
  for (std::uint32_t rank = 0; rank < by_name.size(); ++rank) ranks_[by_name[rank]] = rank;
  ranks_are_stale_ = false;
  ++ranks_version_;
  return ranks_;
}

std::optional<MetricTable::Interned> MetricTable::intern(const Metric& metric,
                                                         std::size_t metrics_max) {
  if (const auto found = ids_.find(metric.name); found != ids_.end()) {
    Metric& known = metrics_[found->second];
    if (known.type != metric.type) return std::nullopt;
    Interned interned{.id = found->second};
    if (known.states != metric.states) interned.states_before = std::move(known.states);
    known = metric;  // A reload may have chosen other leaves or another limit.
    return interned;
  }
  if (ids_.size() >= metrics_max) return std::nullopt;
  auto id = static_cast<MetricId>(metrics_.size());
  if (free_.empty()) {
    metrics_.emplace_back();
  } else {
    id = *free_.begin();
    free_.erase(free_.begin());
  }
  metrics_[id] = metric;
  ids_.emplace(metric.name, id);
  return Interned{.id = id};
}

void MetricTable::release(MetricId id) {
  SLUICE_CHECK(!is_free(id), "a number is released once");
  ids_.erase(metrics_[id].name);
  metrics_[id] = {};
  free_.insert(id);
}

void MetricTable::free_gaps() {
  for (MetricId id = 0; id < metrics_.size(); ++id) {
    if (is_free(id)) free_.insert(id);
  }
}

}  // namespace sluice
