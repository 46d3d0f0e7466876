// What is known of every host, for those who ask.
#include <algorithm>
#include <limits>
#include <utility>

#include "pipeline/publisher_state.h"

namespace sluice {
namespace {

constexpr std::uint32_t kNoRow = std::numeric_limits<std::uint32_t>::max();

// Fills one view; the rows of hosts first.
class FleetViewMaker {
 public:
  FleetViewMaker(Knowledge& knowledge, Gatherer& gatherer, Placement& placement, Seconds end)
      : knowledge_(knowledge), gatherer_(gatherer), placement_(placement), end_(end) {}

  FleetView make() && {
    view_.taken = end_;
    add_hosts();
    add_scopes();
    add_states();
    add_signs();
    return std::move(view_);
  }

 private:
  void add_hosts() {
    const std::size_t count = knowledge_.hosts.number_count();
    std::vector<std::uint8_t> is_shown(count);
    for (const HostId host : placement_.expected()) is_shown[host] = 1;
    for (HostId host = 0; host < count; ++host) is_shown[host] |= knowledge_.hosts[host].is_known;
    std::vector<HostId> in_order(count);
    const auto& ranks = knowledge_.hosts.ranks();
    for (HostId host = 0; host < count; ++host) in_order[ranks[host]] = host;
    rows_.assign(count, kNoRow);
    for (const HostId host : in_order) {
      if (is_shown[host] == 0 || placement_.place_of(host).is_refused) continue;
      rows_[host] = static_cast<std::uint32_t>(view_.hosts.size());
      add_host(host);
    }
  }

  void add_host(HostId id) {
    const HostTable::Host& known = knowledge_.hosts[id];
    FleetView::Host host{.name = known.name, .path = placement_.place_of(id).path};
    if (known.is_known) host.heard = known.last_heard;
    const auto& scopes = placement_.scopes_of(id);  // The first is the fleet.
    host.scopes.assign(scopes.begin() + 1, scopes.end());
    view_.hosts.push_back(std::move(host));
  }

  void add_scopes() {
    view_.all_path = knowledge_.scopes[kFleet].path;
    for (ScopeId id = 0; id < knowledge_.scopes.size(); ++id) {
      const ScopeTable::Entry& one = knowledge_.scopes[id];
      view_.scopes.push_back({one.name, one.value, one.path, one.kind == Scope::kCluster});
    }
  }

  void add_states() {
    std::vector<MetricId> metrics;
    for (MetricId id = 0; id < knowledge_.metrics.size(); ++id) {
      const Metric& metric = knowledge_.metrics[id];
      if (metric.type != MetricType::kState) continue;
      metrics.push_back(id);
      view_.metrics.push_back({metric.name, metric.states});
      auto& states = view_.metrics.back().states;
      states.emplace_back(kStaleLeaf);
      states.emplace_back(kNeverLeaf);
    }
    view_.states.resize(view_.hosts.size() * metrics.size());
    for (std::size_t place = 0; place < metrics.size(); ++place) add_state(metrics[place], place);
  }

  // As the clusters' counts have it (Gatherer::add_states).
  void add_state(MetricId id, std::size_t place) {
    const Metric& metric = knowledge_.metrics[id];
    const std::size_t stride = view_.metrics.size();
    const auto stale = static_cast<std::int32_t>(metric.states.size());
    const auto expected = gatherer_.expected_hosts(placement_, metric.presence, end_);
    for (HostId host = 0; host < expected.size(); ++host) {
      if (expected[host] != 0 && rows_[host] != kNoRow)
        view_.states[rows_[host] * stride + place].index = stale + 1;
    }
    knowledge_.last.for_each(id, end_, [&](HostId host, const LastEvent& event) {
      const auto age = end_ - event.time;
      if (rows_[host] == kNoRow || (expected[host] == 0 && age > knowledge_.host_ttl)) return;
      const bool is_fresh = metric.ttl.count() == 0 || age <= metric.ttl;
      const bool is_state = event.value >= 0 && event.value < stale;
      view_.states[rows_[host] * stride + place] = {
          is_fresh && is_state ? static_cast<std::int32_t>(event.value) : stale, event.time};
    });
  }

  void add_signs() {
    std::vector<std::size_t> presences;
    for (std::size_t i = 0; i < knowledge_.presences.size(); ++i) {
      if (knowledge_.presences[i].every.count() == 0) continue;
      presences.push_back(i);
      view_.presences.push_back(knowledge_.presences[i].name);
    }
    view_.signs.resize(view_.hosts.size() * presences.size());
    for (std::size_t place = 0; place < presences.size(); ++place)
      add_sign(knowledge_.presences[presences[place]], track_of_presence(presences[place]), place);
  }

  // As Publisher::missing_hosts() has it.
  void add_sign(const Presence& presence, LastBook::TrackId track, std::size_t place) {
    const std::size_t stride = view_.presences.size();
    const auto sign_of = [&](HostId host) -> FleetView::Sign& {
      return view_.signs[rows_[host] * stride + place];
    };
    knowledge_.last.for_each(track, end_, [&](HostId host, const LastEvent& event) {
      if (rows_[host] != kNoRow) sign_of(host).last = event.time;
    });
    const auto since = knowledge_.watch.watched_for(2 * presence.every, end_, presence.since);
    const auto expected = gatherer_.expected_hosts(placement_, presence.name, end_);
    for (HostId host = 0; host < expected.size(); ++host) {
      if (expected[host] == 0 || rows_[host] == kNoRow) continue;
      FleetView::Sign& sign = sign_of(host);
      sign.is_expected = true;
      sign.is_missing = since && (!sign.last || *sign.last < *since);
    }
  }

  Knowledge& knowledge_;
  Gatherer& gatherer_;
  Placement& placement_;
  Seconds end_;
  FleetView view_;
  std::vector<std::uint32_t> rows_;  // By HostId.
};

}  // namespace

FleetView Publisher::fleet() const {
  const Seconds end = floor_to_seconds(state_->last_tick) + std::chrono::seconds(1);
  return FleetViewMaker(state_->knowledge, state_->gatherer, *state_->placement, end).make();
}

}  // namespace sluice
