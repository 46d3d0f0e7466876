// The Publisher's first half: deltas in.
#include <algorithm>
#include <functional>
#include <utility>

#include "pipeline/publisher_state.h"

namespace sluice {

void Publisher::State::merge(Delta& delta, Timestamp now) {
  const auto metric_ids = intern_metrics(delta);
  marked_in_this_merge.clear();
  has_one_placement = std::ranges::all_of(
      publications, [this](const auto& known) { return known.second.placement == placement; });
  // Hosts that spoke for themselves first, so that what others say of them in the same tick counts.
  for (const bool is_claimed : {false, true}) {
    for (std::size_t at = 0; at < delta.hosts.size(); ++at) {
      Delta::Host& host = delta.hosts[at];
      if (host.is_claimed != is_claimed) continue;
      delta.expect_after(at);
      merge_host(delta, host, metric_ids, now);
    }
  }
}

std::vector<std::optional<MetricId>> Publisher::State::intern_metrics(const Delta& delta) {
  std::vector<std::optional<MetricId>> ids;
  for (const Metric& metric : delta.metrics) {
    const auto interned = knowledge.metrics.intern(metric, options.metrics_max);
    ids.push_back(interned ? std::optional(interned->id) : std::nullopt);
    if (interned && interned->states_before) change_states(interned->id, *interned->states_before);
  }
  return ids;
}

// A reload may have put the states into another order: what is known keeps its name.
void Publisher::State::change_states(MetricId metric, const std::vector<std::string>& before) {
  const std::vector<std::string>& states = knowledge.metrics[metric].states;
  knowledge.last.change_values(metric, [&](double value) {
    if (value < 0 || value >= static_cast<double>(before.size())) return -1.0;
    const auto place = std::ranges::find(states, before[static_cast<std::size_t>(value)]);
    return place == states.end() ? -1.0 : static_cast<double>(place - states.begin());
  });
}

void Publisher::State::merge_host(const Delta& delta, Delta::Host& host,
                                  const std::vector<std::optional<MetricId>>& metric_ids,
                                  Timestamp now) {
  const std::optional<HostId> id = admit(host, now);
  if (id) note_signs(delta, host, *id);
  // Newest first: what is last known then changes only up to the host's next event, and not in all
  // later windows.
  std::ranges::sort(host.entries, std::ranges::greater{}, &Delta::Entry::window);
  for (Delta::Entry& entry : host.entries) {
    const std::uint64_t count = entry.summary.count();
    if (count == 0) continue;
    const std::string_view rule =
        entry.rule < delta.rules.size() ? std::string_view(delta.rules[entry.rule]) : "";
    if (!id) {
      (host.is_claimed ? stats.samples_dropped_unknown_host : stats.samples_dropped_host_limit) +=
          count;
      if (!host.is_claimed) note_crowd(rule, host.name, count, now);
    } else if (!metric_ids[entry.metric]) {
      stats.samples_dropped_metric_limit += count;
      // Else the name is known with another type.
      if (knowledge.metrics.name_count() >= options.metrics_max)
        note_crowd(rule, host.name, count, now);
    } else if (!store.accepts(entry.window, now)) {
      stats.samples_dropped_too_late += count;
      late.add(rule, host.name, count);
    } else {
      merge_entry(*id, *metric_ids[entry.metric], rule, entry, now);
    }
  }
}

void Publisher::State::note_crowd(std::string_view rule, std::string_view host, std::uint64_t count,
                                  Timestamp now) {
  crowd.add(rule, host, count);
  crowded = now;
}

// The host's number, or nothing when its samples must not count.
std::optional<HostId> Publisher::State::admit(const Delta::Host& host, Timestamp now) {
  HostTable& hosts = knowledge.hosts;
  const std::string_view name = placement->clusters().resolve_alias(host.name);
  if (host.is_claimed && !placement->clusters().is_mapped(name)) return hosts.find(name);
  const auto id = host.is_path_node ? hosts.intern_node(name, options.hosts_max)
                                    : hosts.intern(name, options.hosts_max);
  for (const HostId renamed : hosts.take_renamed()) placement->note_rename(renamed);
  // One that is only spoken of has not been heard, but its number must live as long.
  if (id) hosts.hear(*id, host.is_claimed ? now : host.last_heard);
  return id;
}

void Publisher::State::merge_entry(HostId host, MetricId id, std::string_view rule,
                                   Delta::Entry& entry, Timestamp now) {
  Publication& publication = publication_of(entry.window);
  const std::uint64_t count = entry.summary.count();
  if (publication.placement->place_of(host).is_refused) {
    stats.samples_dropped_path_collision += count;
    collided.add(rule, knowledge.hosts[host].name, count);
    return;
  }
  if (is_store_full(entry.window, host, id)) {
    stats.samples_dropped_store_full += count;
    return;
  }
  if (!series.admit({host, id}, rule, now)) {
    stats.samples_dropped_series_limit += count;
    refused.add(rule, knowledge.hosts[host].name, count);
    return;
  }
  stats.samples_merged += count;
  const LastEvent last{entry.summary.last_time(), entry.summary.last()};
  store.merge(entry.window, host, id, std::move(entry.summary), now);
  if (publication.is_published) {
    publication.hosts.mark({host, id});
    mark_scopes(host, id, entry.window, entry.window + options.store.window);
  }
  const Metric& metric = knowledge.metrics[id];
  if (knows_last(metric)) note_last(host, id, last);
  if (metric.type == MetricType::kCounter)
    note_counter(publication.placement->scopes_of(host), id, entry.window);
}

// The oldest windows make room once a tick, but those that are not published yet cannot. When they
// alone take twice the bound, series they do not have are refused.
bool Publisher::State::is_store_full(Seconds window, HostId host, MetricId metric) const {
  if (store.bytes() <= 2 * options.store.bytes_max) return false;
  const Window* known = store.find(window);
  return known == nullptr || known->find(host, metric) == nullptr;
}

// An event that came late changes what is last known in every window until the host's next one.
void Publisher::State::note_last(HostId host, MetricId id, const LastEvent& event) {
  const Metric& metric = knowledge.metrics[id];
  const Seconds window = window_start(event.time, options.store.window);
  const LastBook::Noted noted = knowledge.last.note(id, host, event);
  if (noted.first_before && metric.type == MetricType::kState)
    mark_all_scopes(id, window, *noted.first_before);
  if (!noted.is_change) return;
  if (metric.type == MetricType::kAge || is_zero_when_idle(metric)) {
    for_published(window, noted.next,
                  [&](Seconds, Publication& publication) { publication.hosts.mark({host, id}); });
  }
  std::optional<Seconds> to = noted.next;
  if (is_held(metric)) {
    // The last window that ends before the value is too old.
    const Seconds over =
        floor_to_seconds(event.time + metric.hold) - options.store.window + std::chrono::seconds(1);
    to = std::min(noted.next.value_or(over), over);
  }
  mark_scopes(host, id, window, to);
}

// A counter that counted is 0 from then on where it is quiet.
void Publisher::State::note_counter(const std::vector<ScopeId>& scopes, MetricId metric,
                                    Seconds window) {
  for (const ScopeId scope : scopes) {
    const LastBook::Noted noted = knowledge.counters.note(metric, scope, {window, 0});
    if (!noted.is_change) continue;
    for_published(window, noted.next, [&](Seconds, Publication& publication) {
      publication.rollups.mark({scope, metric});
    });
  }
}

void Publisher::State::note_signs(const Delta& delta, const Delta::Host& host, HostId id) {
  for (const Delta::Sign& sign : host.signs) {
    if (sign.presence >= delta.presences.size()) continue;
    const auto known =
        std::ranges::find(knowledge.presences, delta.presences[sign.presence], &Presence::name);
    if (known != knowledge.presences.end())
      note_sign(id, static_cast<std::size_t>(known - knowledge.presences.begin()), sign.last);
  }
}

// Whoever gives a sign is expected from then on, which states count too.
void Publisher::State::note_sign(HostId host, std::size_t presence, Timestamp time) {
  const std::uint32_t track = track_of_presence(presence);
  const Seconds window = window_start(time, options.store.window);
  const LastBook::Noted noted = knowledge.last.note(track, host, {time, 0});
  if (noted.first_before) mark_all_scopes(track, window, *noted.first_before);
  if (!noted.is_change) return;
  mark_scopes(host, track, window, noted.next);
  for (MetricId id = 0; id < knowledge.metrics.size(); ++id) {
    const Metric& metric = knowledge.metrics[id];
    if (metric.type == MetricType::kState && metric.presence == knowledge.presences[presence].name)
      mark_scopes(host, id, window, noted.next);
  }
}

void Publisher::State::mark_scopes(Publication& publication, HostId host, std::uint32_t track) {
  for (const ScopeId scope : publication.placement->scopes_of(host))
    publication.rollups.mark({scope, track});
}

// What comes late of a whole fleet marks the same scopes in the same windows, host by host: what
// this merge has marked already is not marked again. (Where windows have several cluster maps, that
// would be one memory for each.)
void Publisher::State::mark_scopes(HostId host, std::uint32_t track, Seconds from,
                                   std::optional<Seconds> to) {
  const auto mark = [&] {
    for_published(from, to, [&](Seconds, Publication& publication) {
      mark_scopes(publication, host, track);
    });
  };
  if (!has_one_placement) return mark();
  const Seconds end = to.value_or(Seconds::max());
  const auto [found, is_new] =
      marked_in_this_merge.try_emplace({placement->scope_set_of(host), track}, from, end);
  auto& [marked_from, marked_to] = found->second;
  if (!is_new && marked_from <= from && end <= marked_to) return;
  mark();
  const bool touches = from <= marked_to && marked_from <= end;
  marked_from = touches ? std::min(marked_from, from) : from;
  marked_to = touches ? std::max(marked_to, end) : end;
}

// Of windows in which nothing of the track was known, now that something is.
void Publisher::State::mark_all_scopes(std::uint32_t track, Seconds from, Seconds to) {
  for_published(from, to, [&](Seconds, Publication& publication) {
    if (knowledge.hosts.number_count() > 0) {
      // Makes sure that every scope has its number.
      (void)publication.placement->place_of(
          static_cast<HostId>(knowledge.hosts.number_count() - 1));
    }
    for (ScopeId scope = 0; scope < knowledge.scopes.size(); ++scope)
      publication.rollups.mark({scope, track});
  });
}

}  // namespace sluice
