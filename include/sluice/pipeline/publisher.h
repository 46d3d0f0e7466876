#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sluice/aggregate/window_store.h"
#include "sluice/base/stats.h"
#include "sluice/base/time.h"
#include "sluice/graphite/paths.h"
#include "sluice/pipeline/cluster_map.h"
#include "sluice/values/datapoint.h"
#include "sluice/values/delta.h"

namespace sluice {

struct PublisherOptions {
  WindowStoreOptions store;
  bool rollups = true;                           // Publish clusters and the fleet.
  std::chrono::seconds host_ttl{7 * 24 * 3600};  // A host unheard for longer is forgotten.
  // A series is not published again sooner than this after its last publication: a backlog that
  // trickles in would otherwise send each value once a tick.
  std::chrono::seconds correction_interval{2};
  // Host series corrected in one tick, so that a backlog never delays what is live.
  std::size_t corrections_max = 20'000;
  std::size_t hosts_max = 500'000;
  std::size_t metrics_max = 20'000;
};

// The second half of the pipeline: deltas in, datapoints out. Owns all windows, knows every host.
// Time is an argument, so the same deltas and ticks always give the same datapoints.
class Publisher {
 public:
  Publisher(const PublisherOptions& options, Paths paths,
            std::shared_ptr<const ClusterMap> clusters, Timestamp now);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // Takes in what a worker saw. What cannot be taken in is counted, sample by sample.
  void merge(Delta delta, Timestamp now);

  // Appends what is due at `now`: windows that have ended and waited for the grace, then
  // corrections of published ones, newest window first. To be called about once a second.
  void tick(Timestamp now, std::vector<Datapoint>& datapoints);

  // Appends everything, windows that have not ended included: the relay stops.
  void flush(Timestamp now, std::vector<Datapoint>& datapoints);

  // A new map takes effect for windows that are opened from now on.
  void set_clusters(std::shared_ptr<const ClusterMap> clusters);

  [[nodiscard]] const Stats& stats() const noexcept;
  [[nodiscard]] const WindowStore& store() const noexcept;
  [[nodiscard]] std::size_t host_count() const noexcept;
  [[nodiscard]] std::size_t unmapped_host_count() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
