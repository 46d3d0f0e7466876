#include "pipeline/window_writer.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "sluice/graphite/plaintext.h"
#include "sluice/values/path_node.h"

namespace sluice {
namespace {

// The leaf of a state's count: the states, then those that every state metric has.
std::string_view state_leaf(const Metric& metric, std::size_t index) {
  if (index < metric.states.size()) return metric.states[index];
  return index == metric.states.size() ? kStaleLeaf : kNeverLeaf;
}

}  // namespace

WindowWriter::WindowWriter(Knowledge& knowledge, Gatherer& gatherer, Stats& stats)
    : knowledge_(knowledge), gatherer_(gatherer), stats_(stats) {}

void WindowWriter::begin(std::uint64_t version, std::vector<Datapoint>& datapoints) {
  version_ = version;
  datapoints_ = &datapoints;
  sound_names_.clear();
}

void WindowWriter::write_hosts(const WindowView& view) {
  if (view.window != nullptr) {
    const auto hosts = gatherer_.sorted_hosts(*view.window);
    make_room(view.window->series_count());
    for (std::size_t at = 0; at < hosts.size(); ++at) {
      Gatherer::expect(hosts, at);
      for (const StoredSeries& series : hosts[at]->series)
        write_series(view, hosts[at]->host, series);
    }
  }
  for (MetricId metric = 0; metric < knowledge_.metrics.size(); ++metric) write_last(view, metric);
}

// For so many series more: most have two leaves. Growing to them would move them several times.
void WindowWriter::make_room(std::size_t series_count) {
  const std::size_t count = datapoints_->size() + 2 * series_count;
  if (count > datapoints_->capacity())
    datapoints_->reserve(std::max(count, 2 * datapoints_->capacity()));
}

// What a host series has beside the samples of the window.
void WindowWriter::write_last(const WindowView& view, MetricId metric) {
  const bool is_age = knowledge_.metrics[metric].type == MetricType::kAge;
  if (!is_age && !(view.is_whole && is_zero_when_idle(knowledge_.metrics[metric]))) return;
  const auto& ranks = knowledge_.hosts.ranks();
  knowledge_.last.for_each_in_order(metric, view.end, ranks, knowledge_.hosts.ranks_version(),
                                    [&](HostId host, const LastEvent& event) {
                                      if (is_age) {
                                        write_age(view, {host, metric}, event);
                                      } else {
                                        write_zero(view, {host, metric}, event);
                                      }
                                    });
}

// A few at a time: their summaries lie far apart, and the processor fetches all of them at once.
void WindowWriter::write_hosts(const WindowView& view, std::span<const SeriesKey> host_metrics) {
  constexpr std::size_t kAtOnce = 16;
  std::array<const StoredSeries*, kAtOnce> samples{};
  make_room(host_metrics.size());
  while (!host_metrics.empty()) {
    const auto some = host_metrics.first(std::min(host_metrics.size(), kAtOnce));
    host_metrics = host_metrics.subspan(some.size());
    for (std::size_t i = 0; i < some.size(); ++i) samples[i] = samples_of(view, some[i]);
    for (std::size_t piece = 0; piece < StoredSeries::kPieces; ++piece) {
      for (std::size_t i = 0; i < some.size(); ++i) {
        if (samples[i] != nullptr) samples[i]->expect(piece);
      }
    }
    for (std::size_t i = 0; i < some.size(); ++i) write_host(view, some[i], samples[i]);
  }
}

// What a window has of an age is not written, and to look for it may mean to unpack the window.
const StoredSeries* WindowWriter::samples_of(const WindowView& view,
                                             const SeriesKey& host_metric) const {
  const bool is_age = knowledge_.metrics[host_metric.metric].type == MetricType::kAge;
  if (is_age || view.window == nullptr) return nullptr;
  return view.window->find(host_metric.owner, host_metric.metric);
}

void WindowWriter::write_host(const WindowView& view, const SeriesKey& host_metric,
                              const StoredSeries* samples) {
  const auto [host, metric] = host_metric;
  if (samples != nullptr) write_series(view, host, *samples);
  const LastEvent* event = knowledge_.last.last_before(metric, host, view.end);
  if (event == nullptr) return;
  if (knowledge_.metrics[metric].type == MetricType::kAge) {
    write_age(view, host_metric, *event);
  } else if (view.is_whole && is_zero_when_idle(knowledge_.metrics[metric])) {
    write_zero(view, host_metric, *event);
  }
}

void WindowWriter::write_series(const WindowView& view, HostId host, const StoredSeries& series) {
  const Metric& metric = knowledge_.metrics[series.metric()];
  if (metric.type == MetricType::kAge) return;  // Its leaf is no number of the samples.
  leaves_.clear();
  Summary room;
  append_host_leaves(metric, series.summary(view.start, room), leaves_);
  stats_.datapoints_refused += metric.host_stats.size() - leaves_.size();
  write_host_leaves(view, {host, series.metric()});
}

void WindowWriter::write_age(const WindowView& view, const SeriesKey& host_metric,
                             const LastEvent& event) {
  leaves_.clear();
  append_age_leaf(view.end, event.time, leaves_);
  write_host_leaves(view, host_metric);
}

// A host with samples in the window has its own values; one silent for too long has none.
void WindowWriter::write_zero(const WindowView& view, const SeriesKey& host_metric,
                              const LastEvent& event) {
  if (event.time >= view.start || view.end - event.time > knowledge_.host_ttl) return;
  leaves_.clear();
  for (const Stat stat : knowledge_.metrics[host_metric.metric].host_stats)
    leaves_.emplace_back(stat, 0);
  write_host_leaves(view, host_metric);
}

void WindowWriter::write_host_leaves(const WindowView& view, const SeriesKey& host_metric) {
  const Placement::Place& place = view.placement->place_of(host_metric.owner);
  if (place.is_refused) return;
  begin_leaves(Scope::kHost, place.path, knowledge_.metrics[host_metric.metric].name,
               place.has_sound_path && has_sound_name(host_metric.metric));
  for (const auto& [stat, value] : leaves_) write_leaf(name_of(stat), value, view.start);
}

void WindowWriter::write_rollups(const WindowView& view, const Rollups& rollups) {
  struct Item {
    Scope kind;
    ScopeId scope;
    std::uint32_t track;
    const ScopeValue* value;
  };
  std::vector<Item> items;
  const auto collect = [&](std::uint32_t track, const ScopeValues& values) {
    for (ScopeId scope = 0; scope < values.size(); ++scope) {
      if (values[scope])
        items.push_back({knowledge_.scopes[scope].kind, scope, track, values[scope].get()});
    }
  };
  for (MetricId i = 0; i < rollups.metrics.size(); ++i) collect(i, rollups.metrics[i]);
  for (std::size_t i = 0; i < rollups.presences.size(); ++i)
    collect(track_of_presence(i), rollups.presences[i]);
  std::ranges::sort(items, {},
                    [](const Item& item) { return std::tuple(item.kind, item.scope, item.track); });
  for (const Item& item : items) write_value(view, item.scope, item.track, *item.value);
}

void WindowWriter::write_value(const WindowView& view, ScopeId scope_id, std::uint32_t track,
                               const ScopeValue& value) {
  const ScopeTable::Entry& scope = knowledge_.scopes[scope_id];
  const auto begin = [&](std::string_view name, bool is_sound) {
    begin_leaves(scope.kind, scope.path, name, scope.has_sound_path && is_sound);
  };
  if ((track & kPresenceTrack) != 0) {
    const std::string name = "presence." + knowledge_.presences[track ^ kPresenceTrack].name;
    begin(name, is_metric_path(name));
    for (std::size_t i = 0; i < value.counts.size(); ++i)
      write_leaf(kPresenceLeaves[i], static_cast<double>(value.counts[i]), view.start);
    return;
  }
  const Metric& metric = knowledge_.metrics[track];
  if (metric.type == MetricType::kState) {
    for (std::size_t i = 0; i < value.counts.size(); ++i) {
      const std::string_view leaf = state_leaf(metric, i);
      begin(metric.name, has_sound_name(track) && is_metric_path(leaf));
      write_leaf(leaf, static_cast<double>(value.counts[i]), view.start);
    }
    return;
  }
  leaves_.clear();
  value.rollup->append_leaves(leaves_);
  stats_.datapoints_refused += metric.cluster_stats.size() - leaves_.size();
  begin(metric.name, has_sound_name(track));
  for (const auto& [stat, number] : leaves_) write_leaf(name_of(stat), number, view.start);
}

void WindowWriter::begin_leaves(Scope scope, std::string_view scope_path, std::string_view metric,
                                bool is_sound) {
  scope_ = scope;
  is_stem_sound_ = is_sound;
  stem_.assign(scope_path).append(1, '.').append(metric).append(1, '.');
}

void WindowWriter::write_leaf(std::string_view leaf, double value, Seconds time) {
  const std::size_t size = stem_.size() + leaf.size();
  if (!is_stem_sound_ || size > kPathBytesMax || !is_sendable(value, time)) {
    ++stats_.datapoints_refused;
    return;
  }
  Datapoint& datapoint = datapoints_->emplace_back();
  datapoint.path.reserve(size);
  datapoint.path.append(stem_).append(leaf);
  datapoint.value = value;
  datapoint.time = time;
  datapoint.version = version_;
  datapoint.scope = scope_;
  ++stats_.datapoints_published;
}

bool WindowWriter::has_sound_name(MetricId metric) {
  if (metric >= sound_names_.size()) sound_names_.resize(knowledge_.metrics.size());
  std::optional<bool>& is_sound = sound_names_[metric];
  if (!is_sound) is_sound = is_metric_path(knowledge_.metrics[metric].name);
  return *is_sound;
}

}  // namespace sluice
