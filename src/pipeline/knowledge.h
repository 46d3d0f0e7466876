#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/last_book.h"
#include "pipeline/name_tables.h"
#include "pipeline/placement.h"
#include "pipeline/watch.h"
#include "sluice/aggregate/window_store.h"
#include "sluice/base/time.h"

namespace sluice {

// A sign of life that packs declare.
struct Presence {
  std::string name;
  std::chrono::seconds every{0};  // 0: no pack declares it any more.
  Timestamp since{};              // From when on this relay has listened for it.
  // As PresenceDefinition; of the configuration, so no part of a checkpoint.
  std::vector<std::string> hosts;
  std::vector<std::string> clusters;
};

// What the publisher knows beside the windows.
struct Knowledge {
  Knowledge(const Paths& paths, std::chrono::seconds window, std::chrono::seconds ttl,
            Timestamp now)
      : host_ttl(ttl), scopes(paths), watch(now), last(window), counters(window) {}

  std::chrono::seconds host_ttl;
  HostTable hosts;
  MetricTable metrics;
  ScopeTable scopes;
  std::vector<Presence> presences;  // A handful.
  Watch watch;
  LastBook last;      // By host; tracks are metrics that knows_last() holds for, and presences.
  LastBook counters;  // By scope; tracks are counters.
};

// Metrics are tracks by their MetricId, presences by their place in Knowledge::presences and this.
inline constexpr LastBook::TrackId kPresenceTrack = LastBook::TrackId{1} << 31;

[[nodiscard]] constexpr LastBook::TrackId track_of_presence(std::size_t presence) noexcept {
  return kPresenceTrack | static_cast<LastBook::TrackId>(presence);
}

// True if the last event of each host is needed beyond its window.
[[nodiscard]] inline bool knows_last(const Metric& metric) noexcept {
  return metric.type == MetricType::kAge || metric.type == MetricType::kState || is_held(metric) ||
         is_zero_when_idle(metric);
}

// True if cluster and fleet values come from each host's last event, not from samples.
[[nodiscard]] inline bool is_rolled_up_from_last(const Metric& metric) noexcept {
  return metric.type == MetricType::kAge || metric.type == MetricType::kState || is_held(metric);
}

}  // namespace sluice
