// The Publisher's second half: datapoints out.
#include <algorithm>
#include <set>
#include <utility>

#include "pipeline/publisher_state.h"

namespace sluice {

// Windows that have samples, and those whose end was watched: as of then hosts have ages and
// states, and in those that were watched from the beginning, too, counters that did not move are 0.
void Publisher::State::publish_due(Timestamp now) {
  const Seconds open = first_open(now);
  const std::chrono::seconds length = options.store.window;
  const Watch& watch = knowledge.watch;
  std::set<Seconds> due;
  for (const auto& [start, window] : store.windows()) {
    if (start >= open) break;
    if (!publication_of(start).is_published) due.insert(start);
  }
  for (Seconds start = watch.skip_unwatched(next_due, length); start < open;
       start = watch.skip_unwatched(start + length, length)) {
    // A clock that was put back comes by windows again that are gone: their numbers stand.
    if (watch.saw_end(start + length) && !store.is_closed(start)) due.insert(start);
  }
  for (const Seconds start : due) publish_window(start, now);
  next_due = std::max(next_due, open);
}

void Publisher::State::publish_window(Seconds start, Timestamp now) {
  Publication& publication = publication_of(start);
  publication.is_published = true;
  publication.published = now;
  publication.hosts = {};
  publication.rollups = {};
  ++stats.windows_published;
  if (is_silent) return;
  const WindowView view = view_of(start, publication);
  if (options.rollups) writer.write_rollups(view, gatherer.gather(view, {}));
  writer.write_hosts(view);
}

// Newest window first: it is the one people look at.
void Publisher::State::correct(Timestamp now, std::chrono::seconds interval, Budget budget) {
  for (auto& [start, publication] : publications) {
    publication.hosts.forget_old(now, interval);
    publication.rollups.forget_old(now, interval);
  }
  for (auto it = publications.rbegin(); it != publications.rend(); ++it) {
    if (budget.hosts == 0 && budget.rollups == 0) return;
    correct_window(it->first, it->second, now, interval, budget);
  }
}

void Publisher::State::correct_window(Seconds start, Publication& publication, Timestamp now,
                                      std::chrono::seconds interval, Budget& budget) {
  if (publication.hosts.is_empty() && publication.rollups.is_empty()) return;
  const WindowView view = view_of(start, publication);
  if (budget.rollups > 0) correct_rollups(view, publication, now, interval, budget);
  if (budget.hosts == 0) return;
  const auto hosts = publication.hosts.take(now, interval, budget.hosts, publication.published);
  stats.series_corrected += hosts.size();
  budget.hosts -= hosts.size();
  if (is_silent) return;
  writer.write_hosts(view, hosts);
}

void Publisher::State::correct_rollups(const WindowView& view, Publication& publication,
                                       Timestamp now, std::chrono::seconds interval,
                                       Budget& budget) {
  const auto scopes = publication.rollups.take(now, interval, SIZE_MAX, publication.published);
  if (scopes.empty() || !options.rollups) return;
  const Wanted wanted(scopes);
  budget.rollups -= std::min(budget.rollups, gatherer.cost_of(view, wanted));
  if (!is_silent) writer.write_rollups(view, gatherer.gather(view, wanted));
}

WindowView Publisher::State::view_of(Seconds start, Publication& publication) {
  const Seconds end = start + options.store.window;
  return {.start = start,
          .end = end,
          .window = store.find(start),
          .placement = publication.placement.get(),
          .is_whole = end <= last_tick && knowledge.watch.saw_all(start, end)};
}

void Publisher::State::expire(Timestamp now) {
  for (const Seconds start : store.leaving(now, first_open(now))) {
    // The last chance of what is marked: nothing that was merged goes unpublished.
    Budget all{SIZE_MAX, SIZE_MAX};
    correct_window(start, publication_of(start), now, std::chrono::seconds(0), all);
    const std::uint64_t cut_before = store.windows_cut();
    store.erase(start, now);
    stats.windows_cut += store.windows_cut() - cut_before;
  }
  // A window without samples is kept as long as one with samples would be.
  const std::size_t erased = std::erase_if(publications, [&](const auto& known) {
    const bool is_over = known.first < store.first_kept() ||
                         known.first + options.store.window + options.store.horizon < now;
    return is_over && store.find(known.first) == nullptr;
  });
  if (erased > 0) prune_last(now);
  store.set_bytes_beside(knowledge.last.bytes_of_windows());
  store.pack_idle(now);
  // Once a window is often enough to look for what is old.
  const Seconds due = window_start(now, options.store.window);
  if (due == last_sweep) return;
  last_sweep = due;
  sweep(now);
}

Seconds Publisher::State::first_publication(Timestamp now) const {
  return publications.empty() ? window_start(now, options.store.window)
                              : publications.begin()->first;
}

void Publisher::State::prune_last(Timestamp now) {
  knowledge.last.prune(first_publication(now), [&](HostId host, const LastEvent&) {
    return !knowledge.hosts[host].is_known && !placement->place_of(host).is_expected;
  });
}

void Publisher::State::sweep(Timestamp now) {
  const Timestamp limit = now - options.host_ttl;
  knowledge.hosts.expire(limit);
  series.expire(limit);
  prune_last(now);
  const Seconds oldest = first_publication(now);
  knowledge.counters.prune(oldest,
                           [&](ScopeId, const LastEvent& last) { return last.time < limit; });
  release_names();
}

}  // namespace sluice
