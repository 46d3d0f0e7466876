#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "http/snapshot.h"

namespace sluice {

// The account of every message, sample and datapoint. What its identities do not explain is lost
// without having been counted: a bug of ours, 0 in every snapshot.
//   received = parsed + malformed
//   samples = merged + pending + dropped
//   per destination: spooled at start + published =
//     acknowledged + unconfirmed + waiting + in flight + superseded + dropped
//   per destination: published_before + published = what the relay published + restored
struct UncountedLoss {
  std::int64_t messages = 0;
  std::int64_t samples = 0;
  std::int64_t datapoints = 0;  // Of all destinations.
  std::int64_t not_taken = 0;   // Datapoints that were published and that a spool has not got.

  [[nodiscard]] bool is_none() const noexcept {
    return messages == 0 && samples == 0 && datapoints == 0 && not_taken == 0;
  }
};

[[nodiscard]] UncountedLoss uncounted_loss(const Snapshot& snapshot) noexcept;
[[nodiscard]] std::uint64_t samples_dropped(const Stats& stats) noexcept;
[[nodiscard]] std::uint64_t datapoints_dropped(const DestinationSnapshot& destination) noexcept;

// A snapshot is made every second; one of so many seconds tells of a relay that hangs.
inline constexpr std::chrono::seconds kSnapshotAgeMax{10};
// How long the disk may take for what it was given.
inline constexpr std::chrono::seconds kDiskBehindMax{10};

// What is wrong with the relay, in words, one reason a line; empty when it is well. `now` is what
// the age of the snapshot and of the disk's work are measured with.
[[nodiscard]] std::vector<std::string> troubles_of(
    const Snapshot& snapshot,
    std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

}  // namespace sluice
