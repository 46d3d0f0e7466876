#include "pipeline/gatherer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "pipeline/wildcard.h"

namespace sluice {

Wanted::Wanted(std::span<const SeriesKey> scope_tracks)
    : is_everything_(false), keys_(scope_tracks.begin(), scope_tracks.end()) {
  for (const SeriesKey& key : scope_tracks) tracks_.insert(key.metric);
}

Rollups Gatherer::gather(const WindowView& view, const Wanted& wanted) {
  Rollups rollups;
  rollups.metrics.resize(knowledge_.metrics.size());
  rollups.presences.resize(knowledge_.presences.size());
  add_samples(view, wanted, rollups);
  for (MetricId metric = 0; metric < rollups.metrics.size(); ++metric) {
    if (wanted.has_track(metric))
      add_metric(view, metric, {wanted, metric, rollups.metrics[metric]});
  }
  for (std::size_t i = 0; i < rollups.presences.size(); ++i) {
    const std::uint32_t track = track_of_presence(i);
    if (wanted.has_track(track))
      add_presence(view, knowledge_.presences[i], {wanted, track, rollups.presences[i]});
  }
  return rollups;
}

std::size_t Gatherer::cost_of(const WindowView& view, const Wanted& wanted) const {
  std::size_t cost = 0;
  for (MetricId id = 0; id < knowledge_.metrics.size(); ++id) {
    if (!wanted.has_track(id)) continue;
    cost += knowledge_.last.owner_count(id);
  }
  for (std::size_t i = 0; i < knowledge_.presences.size(); ++i) {
    const std::uint32_t track = track_of_presence(i);
    if (wanted.has_track(track)) cost += knowledge_.last.owner_count(track);
  }
  const bool reads_window = view.window != nullptr && needs_samples(wanted);
  return cost + (reads_window ? view.window->series_count() : 0);
}

bool Gatherer::needs_samples(const Wanted& wanted) const {
  for (MetricId id = 0; id < knowledge_.metrics.size(); ++id) {
    if (wanted.has_track(id) && !is_rolled_up_from_last(knowledge_.metrics[id])) return true;
  }
  return false;
}

void Gatherer::add_samples(const WindowView& view, const Wanted& wanted, Rollups& rollups) {
  // To look into a window may mean to unpack it.
  if (view.window == nullptr || !needs_samples(wanted)) return;
  Summary room;
  std::vector<Sketch::Bucket> buckets;
  const auto hosts = sorted_hosts(*view.window);
  for (std::size_t at = 0; at < hosts.size(); ++at) {
    expect(hosts, at);
    const Window::Host* const host = hosts[at];
    for (const StoredSeries& series : host->series) {
      const MetricId id = series.metric();
      const Metric& metric = knowledge_.metrics[id];
      if (is_rolled_up_from_last(metric) || !wanted.has_track(id)) continue;
      const Summary& summary = series.summary(view.start, room);
      buckets.clear();
      if (has_quantiles(metric.type)) summary.append_buckets(buckets);
      for_scopes(view, host->host, {wanted, id, rollups.metrics[id]},
                 [&](ScopeValue& value) { rollup_of(value, metric).add_host(summary, buckets); });
    }
  }
}

void Gatherer::add_metric(const WindowView& view, MetricId id, const Target& target) {
  const Metric& metric = knowledge_.metrics[id];
  if (metric.type == MetricType::kAge) {
    add_ages(view, metric, target);
  } else if (metric.type == MetricType::kState) {
    add_states(view, metric, target);
  } else if (is_held(metric)) {
    add_held(view, metric, target);
  } else if (view.is_whole && metric.type == MetricType::kCounter && metric.idle != Idle::kGap) {
    add_quiet(view, metric, target);
  } else if (view.is_whole && is_zero_when_idle(metric)) {
    add_zeros(view, metric, target);
  }
}

void Gatherer::add_ages(const WindowView& view, const Metric& metric, const Target& target) {
  for_last(view, target.track, [&](HostId host, const LastEvent& event) {
    const std::chrono::duration<double> age = view.end - event.time;
    for_scopes(view, host, target,
               [&](ScopeValue& value) { rollup_of(value, metric).add_age(age.count()); });
  });
}

void Gatherer::add_held(const WindowView& view, const Metric& metric, const Target& target) {
  for_last(view, target.track, [&](HostId host, const LastEvent& event) {
    if (view.end - event.time > metric.hold) return;
    for_scopes(view, host, target, [&](ScopeValue& value) {
      rollup_of(value, metric).add_value(event.value, event.time);
    });
  });
}

// Gauges: hosts without a sample in the window, but with one within host_ttl, stand at 0.
void Gatherer::add_zeros(const WindowView& view, const Metric& metric, const Target& target) {
  for_last(view, target.track, [&](HostId host, const LastEvent& event) {
    if (event.time >= view.start || view.end - event.time > knowledge_.host_ttl) return;
    for_scopes(view, host, target,
               [&](ScopeValue& value) { rollup_of(value, metric).add_value(0, event.time); });
  });
}

// Counters: nothing happened, and where something did within host_ttl that is a number.
void Gatherer::add_quiet(const WindowView& view, const Metric& metric, const Target& target) {
  knowledge_.counters.for_each(target.track, view.start,
                               [&](ScopeId scope, const LastEvent& event) {
                                 if (view.end - event.time > knowledge_.host_ttl) return;
                                 if (ScopeValue* value = value_of(scope, target))
                                   rollup_of(*value, metric);
                               });
}

// Every host that is expected, or whose state was heard within host_ttl, is counted exactly once.
void Gatherer::add_states(const WindowView& view, const Metric& metric, const Target& target) {
  const auto first = knowledge_.last.first_window(target.track);
  if (!first || *first >= view.end) return;
  const std::size_t stale = metric.states.size();
  const std::size_t never = stale + 1;
  std::vector<std::uint8_t> unheard = expected_hosts(*view.placement, metric.presence, view.end);
  const auto count = [&](HostId host, std::size_t leaf) {
    for_scopes(view, host, target, [&](ScopeValue& value) {
      value.counts.resize(never + 1);
      ++value.counts[leaf];
    });
  };
  knowledge_.last.for_each(target.track, view.end, [&](HostId host, const LastEvent& event) {
    const bool is_expected = std::exchange(unheard[host], std::uint8_t{0}) != 0;
    const auto age = view.end - event.time;
    if (!is_expected && age > knowledge_.host_ttl) return;
    // A state that a reload has taken away is as little known as one from long ago.
    const bool is_fresh = metric.ttl.count() == 0 || age <= metric.ttl;
    const bool is_state = event.value >= 0 && event.value < static_cast<double>(stale);
    count(host, is_fresh && is_state ? static_cast<std::size_t>(event.value) : stale);
  });
  for (HostId host = 0; host < unheard.size(); ++host) {
    if (unheard[host] != 0) count(host, never);
  }
}

void Gatherer::add_presence(const WindowView& view, const Presence& presence,
                            const Target& target) {
  const auto first = knowledge_.last.first_window(target.track);
  if (presence.every.count() == 0 || !first || *first >= view.end) return;
  const std::chrono::seconds silence = 2 * presence.every;
  const auto missing_before = knowledge_.watch.watched_for(silence, view.end, presence.since);
  const auto expected = expected_hosts(*view.placement, presence.name, view.end);
  for (HostId host = 0; host < expected.size(); ++host) {
    if (expected[host] == 0) continue;
    const LastEvent* sign = knowledge_.last.last_before(target.track, host, view.end);
    const bool is_reporting = sign != nullptr && view.end - sign->time <= silence;
    const bool is_missing =
        missing_before && !is_reporting && (sign == nullptr || sign->time < *missing_before);
    for_scopes(view, host, target, [&](ScopeValue& value) {
      value.counts.resize(missing_before ? 3 : 2);
      ++value.counts[kExpected];
      if (is_reporting) ++value.counts[kReporting];
      if (is_missing) ++value.counts[kMissing];
    });
  }
}

namespace {

// Whether a host of the map should give the sign.
bool expects(const Presence& presence, std::string_view host, const ClusterMap& clusters) {
  if (presence.hosts.empty() && presence.clusters.empty()) return true;
  const auto is_host = [&](const std::string& pattern) { return wildcard_matches(pattern, host); };
  return std::ranges::any_of(presence.hosts, is_host) ||
         (!presence.clusters.empty() &&
          std::ranges::find(presence.clusters, clusters.cluster_of(host).cluster) !=
              presence.clusters.end());
}

}  // namespace

std::vector<std::uint8_t> Gatherer::expected_hosts(Placement& placement, std::string_view presence,
                                                   Seconds end) {
  std::vector<std::uint8_t> expected(knowledge_.hosts.number_count());
  const auto known = std::ranges::find(knowledge_.presences, presence, &Presence::name);
  for (const HostId host : placement.expected()) {
    if (known == knowledge_.presences.end() ||
        expects(*known, knowledge_.hosts[host].name, placement.clusters()))
      expected[host] = 1;
  }
  if (const auto track = presence_track(presence)) {
    knowledge_.last.for_each(*track, end, [&](HostId host, const LastEvent& sign) {
      if (end - sign.time <= knowledge_.host_ttl) expected[host] = 1;
    });
  }
  return expected;
}

std::optional<std::uint32_t> Gatherer::presence_track(std::string_view name) const {
  const auto found = std::ranges::find(knowledge_.presences, name, &Presence::name);
  if (found == knowledge_.presences.end()) return std::nullopt;
  return track_of_presence(static_cast<std::size_t>(found - knowledge_.presences.begin()));
}

std::vector<const Window::Host*> Gatherer::sorted_hosts(const Window& window) {
  const auto& ranks = knowledge_.hosts.ranks();
  std::vector<const Window::Host*> sorted;
  // Most hosts: put each at its rank. Few: sort them.
  if (window.hosts().size() > ranks.size() / 16) {
    std::vector<const Window::Host*> by_rank(ranks.size());
    for (const Window::Host& host : window.hosts()) by_rank[ranks[host.host]] = &host;
    sorted.reserve(window.hosts().size());
    std::ranges::copy_if(by_rank, std::back_inserter(sorted),
                         [](const Window::Host* host) { return host != nullptr; });
    return sorted;
  }
  for (const Window::Host& host : window.hosts()) sorted.push_back(&host);
  std::ranges::sort(sorted, {}, [&](const Window::Host* host) { return ranks[host->host]; });
  return sorted;
}

void Gatherer::expect(std::span<const Window::Host* const> hosts, std::size_t at) {
  for (std::size_t piece = 0; piece < Window::Host::kPieces; ++piece) {
    const std::size_t next = at + Window::Host::kPieces - piece;
    if (next < hosts.size()) hosts[next]->expect(piece);
  }
}

template <typename Use>
void Gatherer::for_scopes(const WindowView& view, HostId host, const Target& target, Use&& use) {
  for (const ScopeId scope : view.placement->scopes_of(host)) {
    if (ScopeValue* value = value_of(scope, target)) use(*value);
  }
}

template <typename Use>
void Gatherer::for_last(const WindowView& view, std::uint32_t track, Use&& use) {
  const auto& ranks = knowledge_.hosts.ranks();
  knowledge_.last.for_each_in_order(track, view.end, ranks, knowledge_.hosts.ranks_version(), use);
}

ScopeValue* Gatherer::value_of(ScopeId scope, const Target& target) {
  if (scope < target.values.size() && target.values[scope]) return target.values[scope].get();
  if (!target.wanted.has(scope, target.track)) return nullptr;
  if (scope >= target.values.size()) target.values.resize(scope + 1);
  target.values[scope] = std::make_unique<ScopeValue>();
  return target.values[scope].get();
}

Rollup& Gatherer::rollup_of(ScopeValue& value, const Metric& metric) {
  if (!value.rollup) value.rollup.emplace(metric);
  return *value.rollup;
}

}  // namespace sluice
