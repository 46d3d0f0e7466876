// Names that are gone everywhere give their numbers back.
#include <set>
#include <vector>

#include "pipeline/publisher_state.h"

namespace sluice {
namespace {

// Which numbers something still refers to. What looks them up goes through everything that is
// known, so it is made only when there is a name that may go.
struct InUse {
  std::vector<bool> hosts;
  std::vector<bool> metrics;

  void note(const SeriesKey& host_metric) {
    hosts[host_metric.owner] = true;
    metrics[host_metric.metric] = true;
  }
};

}  // namespace

std::vector<HostId> Publisher::State::forgotten_hosts() const {
  std::vector<HostId> ids;
  const HostTable& hosts = knowledge.hosts;
  for (HostId id = 0; id < hosts.number_count(); ++id) {
    if (!hosts[id].is_known && !hosts.is_free(id) && !placement->is_expected(id) &&
        !series.has_host(id))
      ids.push_back(id);
  }
  return ids;
}

// A state metric tells of hosts that were never heard, so it stays as long as it can be told of.
std::vector<MetricId> Publisher::State::forgotten_metrics() const {
  std::vector<MetricId> ids;
  const MetricTable& metrics = knowledge.metrics;
  for (MetricId id = 0; id < metrics.size(); ++id) {
    if (!metrics.is_free(id) && metrics[id].type != MetricType::kState && !series.has_metric(id))
      ids.push_back(id);
  }
  return ids;
}

// Whether what is last known of the metric says nothing once no host had a sample within host_ttl:
// a held value is too old then, and zeros are published for no longer. An age grows for ever.
bool Publisher::State::is_last_worthless(std::uint32_t track) const {
  if ((track & kPresenceTrack) != 0) return false;
  const Metric& metric = knowledge.metrics[track];
  return is_zero_when_idle(metric) || (is_held(metric) && metric.hold <= options.host_ttl);
}

// A number is free when no series, window, correction, last event or placement of an open window
// refers to it: whoever gets it next must not find anything of the one before. (Workers refer to
// hosts by name.)
void Publisher::State::release_names() {
  std::vector<HostId> hosts = forgotten_hosts();
  std::vector<MetricId> metrics = forgotten_metrics();
  if (hosts.empty() && metrics.empty()) return;
  InUse used{std::vector<bool>(knowledge.hosts.number_count()),
             std::vector<bool>(knowledge.metrics.size())};
  for (const auto& [start, window] : store.windows()) {
    window.for_each_key([&](HostId host, MetricId metric) { used.note({host, metric}); });
  }
  std::set<Placement*> placements{placement.get()};
  const auto note_track = [&](std::uint32_t track) {
    if ((track & kPresenceTrack) == 0) used.metrics[track] = true;
  };
  for (const auto& [start, publication] : publications) {
    placements.insert(publication.placement.get());
    publication.hosts.for_each([&](const SeriesKey& key) { used.note(key); });
    publication.rollups.for_each([&](const SeriesKey& key) { note_track(key.metric); });
  }
  for (const Placement* one : placements) {
    for (const HostId host : one->expected()) used.hosts[host] = true;
  }
  knowledge.last.for_each_row([&](std::uint32_t track, HostId host) {
    used.hosts[host] = true;
    if (!is_last_worthless(track)) note_track(track);
  });
  knowledge.counters.for_each_row([&](std::uint32_t track, ScopeId) { note_track(track); });

  std::erase_if(hosts, [&](HostId id) { return used.hosts[id]; });
  for (const HostId id : hosts) {
    for (Placement* const one : placements) one->release(id);
  }
  knowledge.hosts.release(hosts);
  std::erase_if(metrics, [&](MetricId id) { return used.metrics[id]; });
  for (const MetricId id : metrics) {
    knowledge.last.erase_track(id);
    knowledge.counters.erase_track(id);
    knowledge.metrics.release(id);
  }
}

}  // namespace sluice
