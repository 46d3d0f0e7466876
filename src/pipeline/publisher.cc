#include "sluice/pipeline/publisher.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "pipeline/age_book.h"
#include "pipeline/corrections.h"
#include "pipeline/name_tables.h"
#include "pipeline/placement.h"
#include "pipeline/window_writer.h"

namespace sluice {
namespace {

// Ticks come once a second. A longer pause means that the machine slept or its clock jumped: the
// windows in between were not watched, and must not be published as quiet ones.
constexpr std::chrono::seconds kSleptAfter{30};

// The windows in which a counter had its first and its last sample.
struct SeenCounter {
  Seconds first;
  Seconds last;
};

// How a window stands with the outside world.
struct Publication {
  std::shared_ptr<Placement> placement;
  bool is_published = false;
  Timestamp published{};  // When, as a whole; the epoch for one that was opened late.
  Corrections hosts;      // By (host, metric).
  Corrections rollups;    // By (scope, metric).
};

}  // namespace

struct Publisher::State {
  State(const PublisherOptions& chosen, Paths chosen_paths,
        std::shared_ptr<const ClusterMap> clusters, Timestamp now)
      : options(chosen),
        paths(std::move(chosen_paths)),
        scopes(paths),
        placement(std::make_shared<Placement>(std::move(clusters), paths, scopes)),
        store(chosen.store, now),
        writer(hosts, metrics, ages, scopes, stats),
        last_tick(now),
        watched_from(window_start(now, chosen.store.window) + chosen.store.window),
        next_due(first_open(now)) {}

  // Start of the oldest window that is not due at `now`.
  [[nodiscard]] Seconds first_open(Timestamp now) const {
    return window_start(now - options.store.grace, options.store.window);
  }

  void merge_host(Delta::Host& host, const std::vector<std::optional<MetricId>>& metric_ids,
                  Timestamp now);
  std::optional<HostId> admit(const Delta::Host& host, std::string_view name, Timestamp now);
  [[nodiscard]] bool is_store_full(Seconds window, HostId host, MetricId metric) const;
  void merge_entry(HostId host, MetricId metric, Delta::Entry& entry, Timestamp now);
  Publication& publication_of(Seconds start);
  void mark(Publication& publication, const Placement::Place& place, HostId host, MetricId metric);
  void note_age(HostId host, MetricId metric, Seconds window, Timestamp event);
  void note_counter(ScopeId cluster, MetricId metric, Seconds window);

  void watch_clock(Timestamp now);
  void publish_due(Timestamp now);
  void publish_window(Seconds start, Timestamp now);
  void add_quiet_counters(const WindowView& view, WindowWriter::Rollups& rollups);
  void correct(Timestamp now, std::chrono::seconds interval, std::size_t most);
  std::size_t correct_window(Seconds start, Publication& publication, Timestamp now,
                             std::chrono::seconds interval, std::size_t most);
  [[nodiscard]] WindowView view_of(Seconds start, Publication& publication);
  void expire(Timestamp now);

  PublisherOptions options;
  Paths paths;
  Stats stats;
  HostTable hosts;
  MetricTable metrics;
  ScopeTable scopes;
  std::shared_ptr<Placement> placement;  // Of the windows opened from now on.
  WindowStore store;
  AgeBook ages;
  WindowWriter writer;
  std::map<Seconds, Publication> publications;
  absl::flat_hash_map<SeriesKey, SeenCounter> counters;  // By (scope, counter).
  Timestamp last_tick;
  Seconds watched_from;  // The first window this relay has seen from its beginning.
  Seconds next_due;      // Windows before it have been published, if there was anything to publish.
  std::uint64_t version = 0;
};

Publisher::Publisher(const PublisherOptions& options, Paths paths,
                     std::shared_ptr<const ClusterMap> clusters, Timestamp now)
    : state_(std::make_unique<State>(options, std::move(paths), std::move(clusters), now)) {}
Publisher::~Publisher() = default;

void Publisher::merge(Delta delta, Timestamp now) {
  std::vector<std::optional<MetricId>> metric_ids;
  for (const Metric& metric : delta.metrics) {
    metric_ids.push_back(state_->metrics.intern(metric, state_->options.metrics_max));
  }
  // Hosts that spoke for themselves first, so that what others say of them in the same tick counts.
  for (const bool is_claimed : {false, true}) {
    for (Delta::Host& host : delta.hosts) {
      if (host.is_claimed == is_claimed) state_->merge_host(host, metric_ids, now);
    }
  }
}

void Publisher::tick(Timestamp now, std::vector<Datapoint>& datapoints) {
  state_->writer.begin(++state_->version, datapoints);
  state_->watch_clock(now);
  state_->publish_due(now);
  state_->correct(now, state_->options.correction_interval, state_->options.corrections_max);
  state_->expire(now);
}

void Publisher::flush(Timestamp now, std::vector<Datapoint>& datapoints) {
  state_->writer.begin(++state_->version, datapoints);
  state_->publish_due(now);
  for (const auto& [start, window] : state_->store.windows()) {
    if (!state_->publication_of(start).is_published) state_->publish_window(start, now);
  }
  state_->correct(now, std::chrono::seconds(0), SIZE_MAX);
}

void Publisher::set_clusters(std::shared_ptr<const ClusterMap> clusters) {
  state_->placement =
      std::make_shared<Placement>(std::move(clusters), state_->paths, state_->scopes);
}

const Stats& Publisher::stats() const noexcept { return state_->stats; }
const WindowStore& Publisher::store() const noexcept { return state_->store; }
std::size_t Publisher::host_count() const noexcept { return state_->hosts.size(); }
std::size_t Publisher::unmapped_host_count() const noexcept {
  return state_->placement->unmapped_count();
}

void Publisher::State::merge_host(Delta::Host& host,
                                  const std::vector<std::optional<MetricId>>& metric_ids,
                                  Timestamp now) {
  const std::string_view name = placement->clusters().resolve_alias(host.name);
  const std::optional<HostId> id = admit(host, name, now);
  // Newest first: an age then marks only the windows up to the host's next event, not all later
  // ones.
  std::ranges::sort(host.entries, std::ranges::greater{}, &Delta::Entry::window);
  for (Delta::Entry& entry : host.entries) {
    const std::uint64_t count = entry.summary.count();
    if (!id) {
      (host.is_claimed ? stats.samples_dropped_unknown_host : stats.samples_dropped_host_limit) +=
          count;
    } else if (!metric_ids[entry.metric]) {
      stats.samples_dropped_metric_limit += count;
    } else if (!store.accepts(entry.window, now)) {
      stats.samples_dropped_too_late += count;
    } else {
      merge_entry(*id, *metric_ids[entry.metric], entry, now);
    }
  }
}

// The host's number, or nothing when its samples must not count.
std::optional<HostId> Publisher::State::admit(const Delta::Host& host, std::string_view name,
                                              Timestamp now) {
  if (host.is_claimed && !placement->clusters().is_mapped(name)) return hosts.find(name);
  const auto id = hosts.intern(name, options.hosts_max);
  // One that is only spoken of has not been heard, but its number must live as long.
  if (id) hosts.hear(*id, host.is_claimed ? now : host.last_heard);
  return id;
}

void Publisher::State::merge_entry(HostId host, MetricId metric, Delta::Entry& entry,
                                   Timestamp now) {
  Publication& publication = publication_of(entry.window);
  const Placement::Place& place = publication.placement->place_of(host, hosts[host].name);
  const std::uint64_t count = entry.summary.count();
  if (place.is_refused) {
    stats.samples_dropped_path_collision += count;
    return;
  }
  if (is_store_full(entry.window, host, metric)) {
    stats.samples_dropped_store_full += count;
    return;
  }
  stats.samples_merged += count;
  const MetricType type = metrics[metric].type;
  if (type == MetricType::kCounter) note_counter(place.cluster, metric, entry.window);
  if (type == MetricType::kAge) note_age(host, metric, entry.window, entry.summary.last_time());
  store.merge(entry.window, host, metric, std::move(entry.summary), now);
  if (publication.is_published) mark(publication, place, host, metric);
}

// The oldest windows make room once a tick, but those that are not published yet cannot. When they
// alone take twice the bound, series they do not have are refused.
bool Publisher::State::is_store_full(Seconds window, HostId host, MetricId metric) const {
  if (store.bytes() <= 2 * options.store.bytes_max) return false;
  const Window* known = store.find(window);
  return known == nullptr || known->find(host, metric) == nullptr;
}

// A window that opens after its time has come counts as published with nothing in it: each series
// that comes is a correction, so that a backlog is published within the budget of corrections.
Publication& Publisher::State::publication_of(Seconds start) {
  const auto [found, is_new] = publications.try_emplace(start);
  if (is_new) {
    found->second.placement = placement;
    found->second.is_published = start < next_due;
  }
  return found->second;
}

void Publisher::State::mark(Publication& publication, const Placement::Place& place, HostId host,
                            MetricId metric) {
  publication.hosts.mark({host, metric}, publication.published);
  publication.rollups.mark({kFleet, metric}, publication.published);
  publication.rollups.mark({place.cluster, metric}, publication.published);
}

// An event that came late makes the host younger in every window until its next event.
void Publisher::State::note_age(HostId host, MetricId metric, Seconds window, Timestamp event) {
  const std::optional<Seconds> next = ages.note({host, metric}, window, event);
  for (auto it = publications.lower_bound(window);
       it != publications.end() && (!next || it->first < *next); ++it) {
    if (!it->second.is_published) continue;
    const Placement::Place& place = it->second.placement->place_of(host, hosts[host].name);
    if (!place.is_refused) mark(it->second, place, host, metric);
  }
}

void Publisher::State::note_counter(ScopeId cluster, MetricId metric, Seconds window) {
  for (const ScopeId scope : {kFleet, cluster}) {
    SeenCounter& seen =
        counters.try_emplace({scope, metric}, SeenCounter{window, window}).first->second;
    seen.first = std::min(seen.first, window);
    seen.last = std::max(seen.last, window);
  }
}

void Publisher::State::watch_clock(Timestamp now) {
  const bool slept = now > last_tick + kSleptAfter;
  const bool was_put_back = now + kSleptAfter < last_tick;
  if (slept) store.note_gap(last_tick, now);
  if (was_put_back) {
    store.note_clock_put_back(now);
    next_due = first_open(now);
    // What was published of windows whose time comes again was a part.
    for (auto it = publications.lower_bound(next_due); it != publications.end(); ++it) {
      it->second.is_published = false;
    }
  }
  if (slept || was_put_back) {
    watched_from = window_start(now, options.store.window) + options.store.window;
  }
  last_tick = now;
}

// Windows that have samples, and those without in which a known counter stood still or time went
// by.
void Publisher::State::publish_due(Timestamp now) {
  const Seconds open = first_open(now);
  std::set<Seconds> due;
  for (const auto& [start, window] : store.windows()) {
    if (start >= open) break;
    if (!publication_of(start).is_published) due.insert(start);
  }
  for (Seconds start = std::max(next_due, watched_from); start < open;
       start += options.store.window)
    due.insert(start);
  for (const Seconds start : due) publish_window(start, now);
  next_due = std::max(next_due, open);
}

void Publisher::State::publish_window(Seconds start, Timestamp now) {
  Publication& publication = publication_of(start);
  publication.is_published = true;
  publication.published = now;
  ++stats.windows_published;
  const WindowView view = view_of(start, publication);
  if (options.rollups) {
    WindowWriter::Rollups rollups =
        writer.gather(view, [](const SeriesKey&) { return true; }, true);
    if (start >= watched_from) add_quiet_counters(view, rollups);
    writer.write_rollups(view, rollups);
  }
  writer.write_hosts(view);
}

void Publisher::State::add_quiet_counters(const WindowView& view, WindowWriter::Rollups& rollups) {
  for (const auto& [key, seen] : counters) {
    const bool is_known = seen.first < view.start && seen.last + options.host_ttl >= view.start;
    if (is_known) rollups.try_emplace(key, metrics[key.metric]);
  }
}

// Newest window first: it is the one people look at.
void Publisher::State::correct(Timestamp now, std::chrono::seconds interval, std::size_t most) {
  for (auto it = publications.rbegin(); it != publications.rend() && most > 0; ++it) {
    most -= correct_window(it->first, it->second, now, interval, most);
  }
}

// Returns how many host series were corrected.
std::size_t Publisher::State::correct_window(Seconds start, Publication& publication, Timestamp now,
                                             std::chrono::seconds interval, std::size_t most) {
  if (publication.hosts.is_empty() && publication.rollups.is_empty()) return 0;
  const WindowView view = view_of(start, publication);
  const auto series = publication.hosts.take(now, interval, most);
  stats.series_corrected += series.size();
  const auto scopes_wanted = publication.rollups.take(now, interval, SIZE_MAX);
  if (options.rollups && !scopes_wanted.empty()) {
    const absl::flat_hash_set<SeriesKey> wanted(scopes_wanted.begin(), scopes_wanted.end());
    const bool with_ages = std::ranges::any_of(scopes_wanted, [&](const SeriesKey& key) {
      return metrics[key.metric].type == MetricType::kAge;
    });
    const auto is_wanted = [&](const SeriesKey& key) { return wanted.contains(key); };
    writer.write_rollups(view, writer.gather(view, is_wanted, with_ages));
  }
  for (const SeriesKey& key : series) writer.write_host(view, key);
  return series.size();
}

WindowView Publisher::State::view_of(Seconds start, Publication& publication) {
  return {start, start + options.store.window, store.find(start), publication.placement.get()};
}

void Publisher::State::expire(Timestamp now) {
  for (const Seconds start : store.leaving(now, first_open(now))) {
    // The last chance of what is marked: nothing that was merged goes unpublished.
    correct_window(start, publication_of(start), now, std::chrono::seconds(0), SIZE_MAX);
    store.erase(start, now);
  }
  stats.windows_cut = store.windows_cut();
  // A window without samples is kept as long as one with samples would be.
  const auto is_over = [&](const auto& known) {
    return store.find(known.first) == nullptr &&
           known.first + options.store.window + options.store.horizon < now;
  };
  std::erase_if(publications, is_over);
  if (publications.empty()) return;
  const Timestamp limit = now - options.host_ttl;
  hosts.expire(limit);
  ages.prune(publications.begin()->first,
             [&](HostId host) { return hosts[host].last_heard < limit; });
  absl::erase_if(counters,
                 [&](const auto& known) { return known.second.last + options.host_ttl < now; });
}

}  // namespace sluice
