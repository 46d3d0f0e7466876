#include "sluice/pipeline/publisher.h"

#include <algorithm>
#include <utility>

#include "pipeline/publisher_state.h"

namespace sluice {
namespace {

// Ticks come once a second. A longer pause means that the relay was down, the machine slept or its
// clock jumped: the windows in between were not watched, and must not be published as quiet ones.
constexpr std::chrono::seconds kSleptAfter{30};

}  // namespace

Publisher::State::State(const PublisherOptions& chosen, Paths chosen_paths,
                        std::shared_ptr<const ClusterMap> clusters, Timestamp now)
    : options(chosen),
      paths(std::move(chosen_paths)),
      knowledge(paths, chosen.store.window, chosen.host_ttl, now),
      placement(std::make_shared<Placement>(std::move(clusters), paths, knowledge.scopes,
                                            knowledge.hosts)),
      store(chosen.store, now),
      series({.all = chosen.series_max,
              .per_host = chosen.series_per_host_max,
              .per_rule = chosen.series_per_rule_max}),
      gatherer(knowledge),
      writer(knowledge, gatherer, stats),
      last_tick(now),
      next_due(first_open(now)),
      last_sweep(floor_to_seconds(now)) {
  set_presences(chosen.presences, now);
}

// A presence keeps its place, also when no pack declares it any more.
void Publisher::State::set_presences(const std::vector<PresenceDefinition>& chosen,
                                     Timestamp since) {
  for (Presence& known : knowledge.presences) known.every = std::chrono::seconds(0);
  for (const PresenceDefinition& one : chosen) {
    const auto known = std::ranges::find(knowledge.presences, one.name, &Presence::name);
    if (known == knowledge.presences.end()) {
      knowledge.presences.push_back({one.name, one.every, since, one.hosts, one.clusters});
    } else {
      known->every = one.every;
      known->hosts = one.hosts;
      known->clusters = one.clusters;
    }
  }
}

void Publisher::State::note_gap(Timestamp from, Timestamp to) {
  store.note_gap(from, to);
  knowledge.watch.note_gap(from, to);
}

void Publisher::State::resume(Timestamp now) {
  // A clock that goes a little back, or stands still: of that second a part was not watched.
  if (now <= last_tick + kSleptAfter && now + kSleptAfter >= last_tick)
    note_gap(std::min(last_tick, now), std::max(last_tick, now));
  watch_clock(now);
}

void Publisher::State::change_window(std::chrono::seconds length) {
  Timestamp from = last_tick;
  if (!store.windows().empty())
    from = std::max<Timestamp>(from, store.windows().rbegin()->first + std::chrono::seconds(1));
  Seconds first = window_start(from, length);
  if (first < from) first += length;
  options.store.window = length;
  store = WindowStore(options.store, last_tick);
  store.cut_before(first);
  publications.clear();
  knowledge.last.change_window(length);
  knowledge.counters.change_window(length);
  next_due = first;
  last_sweep = window_start(last_tick, length);
}

void Publisher::State::watch_clock(Timestamp now) {
  if (now > last_tick + kSleptAfter) {
    note_gap(last_tick, now);
  } else if (now + kSleptAfter < last_tick) {
    store.note_clock_put_back(now);
    knowledge.watch.note_clock_put_back(now);
    next_due = first_open(now);
    // What was published of windows whose time comes again was a part.
    for (auto it = publications.lower_bound(next_due); it != publications.end(); ++it)
      it->second.is_published = false;
  }
  last_tick = now;
}

// A window that opens after its time has come counts as published with nothing in it: each series
// that comes is a correction, so that a backlog is published within the budget of corrections.
Publication& Publisher::State::publication_of(Seconds start) {
  const auto [found, is_new] = publications.try_emplace(start);
  if (is_new) {
    found->second.placement = placement;
    found->second.is_published = start < next_due;
    marked_in_this_merge.clear();  // It may lie between windows that are marked.
  }
  return found->second;
}

Publisher::Publisher(const PublisherOptions& options, Paths paths,
                     std::shared_ptr<const ClusterMap> clusters, Timestamp now)
    : state_(std::make_unique<State>(options, std::move(paths), std::move(clusters), now)) {}
Publisher::Publisher(std::unique_ptr<State> state) : state_(std::move(state)) {}
Publisher::~Publisher() = default;

void Publisher::merge(Delta delta, Timestamp now) {
  state_->watch_clock(now);
  state_->merge(delta, now);
}

void Publisher::tick(Timestamp now, std::vector<Datapoint>& datapoints) {
  state_->writer.begin(++state_->version, datapoints);
  state_->watch_clock(now);
  state_->publish_due(now);
  state_->correct(now, state_->options.correction_interval,
                  {state_->options.corrections_max, state_->options.rollup_corrections_max});
  state_->expire(now);
}

void Publisher::flush(Timestamp now, std::vector<Datapoint>& datapoints) {
  const auto before = static_cast<std::ptrdiff_t>(datapoints.size());
  state_->writer.begin(++state_->version, datapoints);
  state_->watch_clock(now);
  state_->publish_due(now);
  for (const auto& [start, window] : state_->store.windows()) {
    if (!state_->publication_of(start).is_published) state_->publish_window(start, now);
  }
  state_->correct(now, std::chrono::seconds(0), {SIZE_MAX, SIZE_MAX});
  std::stable_sort(
      datapoints.begin() + before, datapoints.end(),
      [](const Datapoint& one, const Datapoint& other) { return one.scope < other.scope; });
}

void Publisher::set_clusters(std::shared_ptr<const ClusterMap> clusters) {
  state_->placement = state_->placement_by(std::move(clusters));
}

const ClusterMap& Publisher::clusters() const noexcept { return state_->placement->clusters(); }

void Publisher::set_silent(bool is_silent) noexcept { state_->is_silent = is_silent; }
void Publisher::resume(Timestamp now) { state_->resume(now); }
void Publisher::change_window(std::chrono::seconds length) { state_->change_window(length); }
std::chrono::seconds Publisher::window() const noexcept { return state_->options.store.window; }
Timestamp Publisher::last_change() const noexcept { return state_->last_tick; }

void Publisher::set_presences(const std::vector<PresenceDefinition>& presences) {
  state_->set_presences(presences, state_->last_tick);
}

std::vector<MissingHost> Publisher::missing_hosts(std::string_view presence,
                                                  std::size_t limit) const {
  Knowledge& knowledge = state_->knowledge;
  const auto known = std::ranges::find(knowledge.presences, presence, &Presence::name);
  if (known == knowledge.presences.end() || known->every.count() == 0) return {};
  const auto track =
      track_of_presence(static_cast<std::size_t>(known - knowledge.presences.begin()));
  const Seconds now = floor_to_seconds(state_->last_tick);
  const auto since = knowledge.watch.watched_for(2 * known->every, now, known->since);
  if (!since) return {};
  std::vector<MissingHost> missing;
  const auto expected = state_->gatherer.expected_hosts(*state_->placement, presence, now);
  for (HostId host = 0; host < expected.size(); ++host) {
    if (expected[host] == 0 || state_->placement->place_of(host).is_refused) continue;
    const LastEvent* sign = knowledge.last.last_before(track, host, now + std::chrono::seconds(1));
    if (sign != nullptr && sign->time >= *since) continue;
    missing.push_back({.host = knowledge.hosts[host].name,
                       .last_sign = sign == nullptr ? std::nullopt : std::optional(sign->time)});
  }
  // Nothing is less than any time: those never heard come first, then those silent for longest.
  std::ranges::sort(missing, {}, [](const MissingHost& one) {
    return std::tuple(one.last_sign, std::string_view(one.host));
  });
  if (missing.size() > limit) missing.resize(limit);
  return missing;
}

Offenders Publisher::offenders() const { return state_->refused.worst(); }
Offenders Publisher::too_late() const { return state_->late.worst(); }
Offenders Publisher::collided() const { return state_->collided.worst(); }

std::optional<Offenders> Publisher::crowding() const {
  constexpr std::chrono::minutes kShownFor{2};
  if (!state_->crowded || *state_->crowded + kShownFor < state_->last_tick) return std::nullopt;
  return state_->crowd.worst();
}

bool Publisher::forget(std::string_view name) {
  Knowledge& knowledge = state_->knowledge;
  const auto host = knowledge.hosts.find_any(state_->placement->clusters().resolve_alias(name));
  if (!host) return false;
  knowledge.last.erase(*host);
  knowledge.hosts.forget(*host);
  state_->series.forget(*host);
  return true;
}

const Stats& Publisher::stats() const noexcept { return state_->stats; }
const WindowStore& Publisher::store() const noexcept { return state_->store; }
std::size_t Publisher::host_count() const noexcept { return state_->knowledge.hosts.size(); }
std::size_t Publisher::unmapped_host_count() const { return state_->placement->unmapped_count(); }
std::vector<std::string> Publisher::unmapped_hosts(std::size_t limit) const {
  HostTable& hosts = state_->knowledge.hosts;
  std::vector<std::string> unmapped;
  for (HostId host = 0; host < hosts.number_count(); ++host) {
    if (hosts[host].is_known && !state_->placement->place_of(host).is_mapped)
      unmapped.push_back(hosts[host].name);
  }
  const auto kept = static_cast<std::ptrdiff_t>(std::min(limit, unmapped.size()));
  std::ranges::partial_sort(unmapped, unmapped.begin() + kept);
  unmapped.resize(static_cast<std::size_t>(kept));
  return unmapped;
}

std::size_t Publisher::series_count() const noexcept { return state_->series.size(); }

}  // namespace sluice
