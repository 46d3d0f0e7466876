#pragma once

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
//   per destination: published = what the relay published + restored
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

// What is wrong with the relay, in words, one reason a line; empty when it is well.
[[nodiscard]] std::vector<std::string> troubles_of(const Snapshot& snapshot);

}  // namespace sluice
