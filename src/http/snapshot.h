#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sluice/base/stats.h"
#include "sluice/base/time.h"
#include "sluice/pipeline/sender_counts.h"

namespace sluice {

// How one destination stands. published = acknowledged + superseded + dropped + waiting + in
// flight.
struct DestinationSnapshot {
  std::string name;
  std::string endpoint;
  std::uint64_t published = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t superseded = 0;
  std::uint64_t dropped_full = 0;
  std::uint64_t dropped_old = 0;
  std::uint64_t waiting = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t batches_acknowledged = 0;
  std::uint64_t batches_failed = 0;
  bool is_down = false;    // The last batch was not acknowledged.
  std::string last_error;  // Why, when it is down.
};

// The state of the relay at the end of one tick. Immutable once it is handed to the status server,
// which may read it from several threads.
struct Snapshot {
  std::string version;
  std::string instance;
  Timestamp started{};
  Timestamp taken{};
  Stats stats;
  std::uint64_t samples_pending = 0;  // In deltas on their way.
  std::vector<DestinationSnapshot> destinations;
  std::uint64_t store_bytes = 0;
  std::uint64_t store_windows = 0;
  std::int64_t horizon_seconds = 0;  // How far back a sample is taken in now.
  std::uint64_t hosts = 0;
  std::uint64_t hosts_unmapped = 0;
  // Shared by the snapshots of several ticks, because it is long; null before the first report.
  std::shared_ptr<const SenderReport> senders;
  Timestamp senders_taken{};
  std::string
      config_error;  // Of the last reload, when it was refused; the old configuration runs on.
};

}  // namespace sluice
