#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/string_map.h"
#include "sluice/base/time.h"
#include "sluice/values/datapoint.h"

namespace sluice {

struct SpoolOptions {
  std::uint64_t bytes_max = std::uint64_t{1} << 30;
  // Whisper writes points older than its finest archive raw into a coarse one; better none.
  std::chrono::seconds age_max{23 * 3600};
};

// What became of the datapoints put in. put = acknowledged + superseded + dropped + waiting + in
// flight.
struct SpoolStats {
  std::uint64_t put = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t superseded = 0;    // A newer version came before it was acknowledged.
  std::uint64_t dropped_full = 0;  // The oldest, because bytes_max was reached.
  std::uint64_t dropped_old = 0;   // Older than age_max.
};

// The datapoints that wait for one destination's acknowledgement. Of each path and time only the
// newest version waits, so an older value never follows a newer one. Kept in memory.
class Spool {
 public:
  explicit Spool(const SpoolOptions& options);

  // Takes one publication in.
  void put(std::span<const Datapoint> datapoints);

  // The next batch to send: newest window first, within it the fleet, then clusters, then hosts.
  // Nothing when nothing waits. Only one batch can be out at a time.
  [[nodiscard]] std::optional<Batch> take(Timestamp now);

  // The batch that was taken has arrived.
  void acknowledge();
  // It has not, or nobody knows: what no newer version replaces waits again.
  void give_back();

  [[nodiscard]] bool is_empty() const noexcept { return waiting_count_ == 0 && in_flight_.empty(); }
  [[nodiscard]] std::uint64_t waiting_count() const noexcept { return waiting_count_; }
  [[nodiscard]] std::uint64_t in_flight_count() const noexcept { return in_flight_.size(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] const SpoolStats& stats() const noexcept { return stats_; }

 private:
  struct Waiting {
    double value = 0;
    std::uint64_t version = 0;
  };
  // By scope, in the order in which they leave.
  using WindowQueue = std::array<StringMap<Waiting>, 5>;

  void insert(const Datapoint& datapoint);
  void drop_oldest(std::uint64_t& counter);
  void drop_old(Timestamp now);

  SpoolOptions options_;
  std::map<Seconds, WindowQueue> windows_;
  std::vector<Datapoint> in_flight_;
  std::uint64_t waiting_count_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t next_batch_id_ = 1;
  SpoolStats stats_;
};

}  // namespace sluice
