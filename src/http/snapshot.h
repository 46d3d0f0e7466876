#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/attention.h"
#include "http/observed.h"
#include "sluice/base/stats.h"
#include "sluice/base/time.h"
#include "sluice/pipeline/sender_counts.h"

namespace sluice {

// How one destination stands. spooled at start + published = acknowledged + unconfirmed + waiting +
// in flight + superseded + dropped; what is sent once more after it had been acknowledged
// (`replayed`) stays in the column it was in. And published = datapoints_published of the relay -
// published_before + restored: what a spool does not take would be missing in all its columns.
struct DestinationSnapshot {
  std::string name;
  std::string endpoint;
  std::uint64_t spooled_at_start = 0;  // Left by an earlier run of the relay.
  std::uint64_t published_before = 0;  // By the relay, before a reload added this destination.
  std::uint64_t published = 0;         // That it was given, and took.
  std::uint64_t restored = 0;  // Of these, out of the journal: an earlier run published them.
  std::uint64_t acknowledged = 0;
  std::uint64_t unconfirmed = 0;  // Taken by its kernel; it never answers a half-close.
  std::uint64_t superseded = 0;
  std::uint64_t dropped_full = 0;
  std::uint64_t dropped_old = 0;
  std::uint64_t dropped_damaged = 0;  // The disk did not give them back.
  std::uint64_t waiting = 0;          // On their way into the spool included.
  std::uint64_t in_flight = 0;
  std::uint64_t replayed = 0;
  std::uint64_t held_series = 0;  // New ones, of those that wait: they leave at a bounded rate.
  std::uint64_t held_datapoints = 0;
  std::uint64_t held_seconds = 0;  // How long until the last of them has left, if no more come,
  bool is_held_growing = false;    // and whether more came lately.
  std::uint64_t new_series_per_minute = 0;
  std::uint64_t replay_waiting = 0;         // To be sent once more; in flight included.
  std::optional<Timestamp> oldest_waiting;  // Its window; of what is not sent once more.
  std::uint64_t lag_seconds = 0;  // Since nothing waited but what is held; 0: nothing does.
  std::uint64_t spool_bytes = 0;
  bool is_spool_on_disk = false;
  bool has_spool_failed = false;  // It should be on disk, and is in memory for now.
  std::uint64_t batches_acknowledged = 0;
  std::uint64_t batches_failed = 0;
  bool is_unconfirmed = false;  // Run without acknowledgement for now.
  bool is_down = false;         // The last batch was not acknowledged.
  std::string last_error;       // Why, when it is down.
};

// How far the thread that owns the disk is behind, as of now and not of a tick: a disk that hangs
// stops the ticks as well.
struct DiskGauge {
  // When the oldest job that is not done was given, on the steady clock; 0: none is under way.
  std::atomic<std::chrono::steady_clock::rep> oldest_job{0};

  [[nodiscard]] std::chrono::seconds behind(std::chrono::steady_clock::time_point now) const {
    using Clock = std::chrono::steady_clock;
    const Clock::rep oldest = oldest_job.load(std::memory_order_relaxed);
    if (oldest == 0) return std::chrono::seconds(0);
    return std::chrono::duration_cast<std::chrono::seconds>(
        now - Clock::time_point(Clock::duration(oldest)));
  }
};

// The spool of a destination that the configuration does not name (any more), as the start found
// it.
struct OrphanedSpool {
  std::string file;
  std::uint64_t datapoints = 0;  // That wait in it, for nobody.
};

// The state of the relay at the end of one tick. Immutable once it is handed to the status server,
// which may read it from several threads.
struct Snapshot {
  std::string version;
  std::string instance;
  Timestamp started{};
  Timestamp taken{};
  // The same moment on a clock that nobody sets; nothing: a snapshot that does not grow old.
  std::optional<std::chrono::steady_clock::time_point> taken_steady;
  std::shared_ptr<const DiskGauge> disk;  // May be null.
  Stats stats;
  std::uint64_t samples_pending = 0;  // In deltas on their way.
  std::string state_trouble;          // Why windows do not outlive the relay now; empty: they do.
  std::string history_trouble;        // What is wrong with the history; empty: nothing.
  std::string names_trouble;          // Who finds no place in the tables of names; empty: all do.
  std::vector<DestinationSnapshot> destinations;
  std::vector<OrphanedSpool> orphaned_spools;
  std::uint64_t datapoints_removed = 0;  // With destinations whose spools were in memory.
  std::uint64_t store_bytes = 0;
  std::uint64_t store_windows = 0;
  std::int64_t horizon_seconds = 0;  // How far back a sample is taken in now.
  std::uint64_t hosts = 0;
  bool has_history = false;  // It is switched on, and open.
  bool is_history_on_disk = false;
  std::uint64_t history_series = 0;
  std::uint64_t history_bytes = 0;
  std::uint64_t hosts_unmapped = 0;
  // Shared by the snapshots of several ticks, because it may be long. Never null.
  std::shared_ptr<const SenderReport> senders = std::make_shared<const SenderReport>();
  // The same, of those who need attention.
  std::shared_ptr<const Attention> attention = std::make_shared<const Attention>();
  // Shapes of unmatched lines, rules, failures, events: shared as the senders are.
  Observed observed;
  // Of the last reload or change of the map file, when it was refused; the old one runs on.
  std::string config_error;
};

}  // namespace sluice
