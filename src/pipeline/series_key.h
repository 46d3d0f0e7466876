#pragma once

#include <cstdint>
#include <utility>

#include "sluice/aggregate/window_store.h"

namespace sluice {

// A metric of a host, or of the fleet or a cluster.
struct SeriesKey {
  std::uint32_t owner = 0;  // HostId or ScopeId; which of the two, the container says.
  MetricId metric = 0;

  friend bool operator==(const SeriesKey&, const SeriesKey&) = default;
  template <typename H>
  friend H AbslHashValue(H hash, const SeriesKey& key) {
    return H::combine(std::move(hash), key.owner, key.metric);
  }
};

}  // namespace sluice
