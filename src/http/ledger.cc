#include "http/ledger.h"

#include <fmt/format.h>

namespace sluice {
namespace {

// Counters never come near 2^63, and a difference may be of either sign.
std::int64_t difference(std::uint64_t a, std::uint64_t b) noexcept {
  return static_cast<std::int64_t>(a) - static_cast<std::int64_t>(b);
}

// First of all: what a relay that hangs says of itself otherwise is of the past.
void append_standstill(std::vector<std::string>& troubles, const Snapshot& snapshot,
                       std::chrono::steady_clock::time_point now) {
  if (snapshot.disk != nullptr) {
    if (const auto behind = snapshot.disk->behind(now); behind > kDiskBehindMax) {
      troubles.push_back(
          fmt::format("the disk below state_dir hangs: what it was given {} s ago is not done",
                      behind.count()));
    }
  }
  if (!snapshot.taken_steady) return;
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - *snapshot.taken_steady);
  if (age > kSnapshotAgeMax) {
    troubles.push_back(
        fmt::format("this is the state of {} s ago: the relay hangs, waits for its disk, or stops",
                    age.count()));
  }
}

}  // namespace

std::uint64_t samples_dropped(const Stats& stats) noexcept {
  return stats.samples_dropped_too_late + stats.samples_dropped_unknown_host +
         stats.samples_dropped_path_collision + stats.samples_dropped_tick_full +
         stats.samples_dropped_host_limit + stats.samples_dropped_metric_limit +
         stats.samples_dropped_store_full + stats.samples_dropped_series_limit;
}

std::uint64_t datapoints_dropped(const DestinationSnapshot& destination) noexcept {
  return destination.dropped_full + destination.dropped_old + destination.dropped_damaged;
}

UncountedLoss uncounted_loss(const Snapshot& snapshot) noexcept {
  const Stats& stats = snapshot.stats;
  UncountedLoss loss;
  loss.messages =
      difference(stats.messages_received, stats.messages_parsed + stats.messages_malformed);
  loss.samples = difference(
      stats.samples, stats.samples_merged + snapshot.samples_pending + samples_dropped(stats));
  for (const DestinationSnapshot& one : snapshot.destinations) {
    loss.datapoints += difference(one.spooled_at_start + one.published,
                                  one.acknowledged + one.unconfirmed + one.superseded +
                                      datapoints_dropped(one) + one.waiting + one.in_flight);
    loss.not_taken +=
        difference(stats.datapoints_published + one.restored, one.published_before + one.published);
  }
  return loss;
}

std::vector<std::string> troubles_of(const Snapshot& snapshot,
                                     std::chrono::steady_clock::time_point now) {
  std::vector<std::string> troubles;
  append_standstill(troubles, snapshot, now);
  if (const UncountedLoss loss = uncounted_loss(snapshot); !loss.is_none()) {
    troubles.push_back(
        fmt::format("uncounted loss: {} messages, {} samples, {} datapoints, {} datapoints that a "
                    "spool did not take; please report this",
                    loss.messages, loss.samples, loss.datapoints, loss.not_taken));
  }
  if (!snapshot.config_error.empty()) {
    troubles.push_back("the last reload was refused, the old rules and map run on: " +
                       snapshot.config_error);
  }
  if (!snapshot.state_trouble.empty()) troubles.push_back(snapshot.state_trouble);
  if (!snapshot.history_trouble.empty()) troubles.push_back(snapshot.history_trouble);
  if (!snapshot.names_trouble.empty()) troubles.push_back(snapshot.names_trouble);
  for (const DestinationSnapshot& one : snapshot.destinations) {
    if (one.has_spool_failed) {
      troubles.push_back(fmt::format(
          "destination {}: its spool cannot be used, so what waits is lost if the relay stops; the "
          "log says why",
          one.name));
    }
    if (!one.is_down) continue;
    troubles.push_back(fmt::format("destination {} ({}) does not take datapoints, {} wait: {}",
                                   one.name, one.endpoint, one.waiting + one.in_flight,
                                   one.last_error));
  }
  return troubles;
}

}  // namespace sluice
