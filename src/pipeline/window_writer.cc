#include "pipeline/window_writer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sluice/graphite/plaintext.h"

namespace sluice {

WindowWriter::WindowWriter(HostTable& hosts, const MetricTable& metrics, const AgeBook& ages,
                           const ScopeTable& scopes, Stats& stats)
    : hosts_(hosts), metrics_(metrics), ages_(ages), scopes_(scopes), stats_(stats) {}

void WindowWriter::begin(std::uint64_t version, std::vector<Datapoint>& datapoints) {
  version_ = version;
  datapoints_ = &datapoints;
}

void WindowWriter::write_hosts(const WindowView& view) {
  if (view.window != nullptr) {
    for (const Window::Host* host : sorted_hosts(*view.window)) {
      for (const StoredSeries& series : host->series) {
        if (metrics_[series.metric].type != MetricType::kAge)
          write_host(view, {host->host, series.metric});
      }
    }
  }
  for (const Age& age : ages_at(view)) write_host(view, age.host_metric);
}

void WindowWriter::write_host(const WindowView& view, const SeriesKey& host_metric) {
  const auto [host, metric_id] = host_metric;
  const Metric& metric = metrics_[metric_id];
  leaves_.clear();
  if (metric.type == MetricType::kAge) {
    const auto last = ages_.last_before(host_metric, view.end);
    if (!last) return;
    append_age_leaf(view.end, *last, leaves_);
  } else {
    const Summary* summary = view.window == nullptr ? nullptr : view.window->find(host, metric_id);
    if (summary == nullptr) return;
    append_host_leaves(metric, *summary, leaves_);
    stats_.datapoints_refused += metric.host_stats.size() - leaves_.size();
  }
  write_leaves(view.placement->place_of(host, hosts_[host].name).path, metric_id, view.start,
               Scope::kHost);
}

WindowWriter::Rollups WindowWriter::gather(const WindowView& view, const Wanted& is_wanted,
                                           bool with_ages) {
  Rollups rollups;
  if (view.window != nullptr) {
    for (const Window::Host* host : sorted_hosts(*view.window)) {
      const ScopeId cluster = view.placement->place_of(host->host, hosts_[host->host].name).cluster;
      for (const StoredSeries& series : host->series) {
        if (metrics_[series.metric].type == MetricType::kAge) continue;
        add_to(rollups, cluster, series.metric, is_wanted,
               [&](Rollup& rollup) { rollup.add_host(series.summary); });
      }
    }
  }
  if (!with_ages) return rollups;
  for (const Age& age : ages_at(view)) {
    const HostId host = age.host_metric.owner;
    const std::chrono::duration<double> seconds = view.end - age.last;
    add_to(rollups, view.placement->place_of(host, hosts_[host].name).cluster,
           age.host_metric.metric, is_wanted,
           [&](Rollup& rollup) { rollup.add_age(seconds.count()); });
  }
  return rollups;
}

void WindowWriter::add_to(Rollups& rollups, ScopeId cluster, MetricId metric,
                          const Wanted& is_wanted, const std::function<void(Rollup&)>& add) {
  for (const ScopeId scope : {kFleet, cluster}) {
    const SeriesKey key{scope, metric};
    auto found = rollups.find(key);
    if (found == rollups.end()) {
      if (!is_wanted(key)) continue;
      found = rollups.emplace(key, Rollup(metrics_[metric])).first;
    }
    add(found->second);
  }
}

void WindowWriter::write_rollups(const WindowView& view, const Rollups& rollups) {
  std::vector<SeriesKey> keys;
  keys.reserve(rollups.size());
  for (const auto& [key, rollup] : rollups) keys.push_back(key);
  std::ranges::sort(keys, {},
                    [](const SeriesKey& key) { return std::pair(key.owner, key.metric); });
  for (const SeriesKey& key : keys) {
    leaves_.clear();
    rollups.find(key)->second.append_leaves(leaves_);
    stats_.datapoints_refused += metrics_[key.metric].cluster_stats.size() - leaves_.size();
    write_leaves(scopes_.path(key.owner), key.metric, view.start,
                 key.owner == kFleet ? Scope::kAll : Scope::kCluster);
  }
}

std::vector<WindowWriter::Age> WindowWriter::ages_at(const WindowView& view) {
  std::vector<Age> found;
  ages_.for_each(view.end, [&](const SeriesKey& key, Timestamp last) {
    if (!view.placement->place_of(key.owner, hosts_[key.owner].name).is_refused)
      found.push_back({key, last});
  });
  const auto& ranks = hosts_.ranks();
  std::ranges::sort(found, {}, [&](const Age& age) {
    return std::pair(ranks[age.host_metric.owner], age.host_metric.metric);
  });
  return found;
}

std::vector<const Window::Host*> WindowWriter::sorted_hosts(const Window& window) {
  const auto& ranks = hosts_.ranks();
  std::vector<const Window::Host*> sorted;
  sorted.reserve(window.hosts().size());
  for (const Window::Host& host : window.hosts()) sorted.push_back(&host);
  std::ranges::sort(sorted, {}, [&](const Window::Host* host) { return ranks[host->host]; });
  return sorted;
}

void WindowWriter::write_leaves(const std::string& scope_path, MetricId metric, Seconds time,
                                Scope scope) {
  for (const auto& [stat, value] : leaves_) {
    Datapoint datapoint{
        .path = scope_path, .value = value, .time = time, .version = version_, .scope = scope};
    datapoint.path += '.';
    datapoint.path += metrics_[metric].name;
    datapoint.path += '.';
    datapoint.path += name_of(stat);
    if (!is_sendable(datapoint)) {
      ++stats_.datapoints_refused;
      continue;
    }
    ++stats_.datapoints_published;
    datapoints_->push_back(std::move(datapoint));
  }
}

}  // namespace sluice
