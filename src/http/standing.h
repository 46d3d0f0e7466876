#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "http/snapshot.h"

namespace sluice {

// What a snapshot says besides the counters of kCounters: one row a number, with one name for
// Prometheus, Graphite and docs/metrics.md.
struct RelayRow {
  std::string_view name;
  std::string_view help;
  std::int64_t (*value)(const Snapshot& snapshot);
};

// The same for each destination.
struct DestinationRow {
  std::string_view name;  // With _total at the end: a counter.
  std::string_view help;
  std::int64_t (*value)(const DestinationSnapshot& destination);
};

[[nodiscard]] std::span<const RelayRow> relay_rows() noexcept;
[[nodiscard]] std::span<const DestinationRow> destination_rows() noexcept;

}  // namespace sluice
