#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/values/metric.h"
#include "sluice/values/sketch_sum.h"
#include "sluice/values/summary.h"

namespace sluice {

// One published leaf: the last node of its path and its value.
using Leaf = std::pair<Stat, double>;

// The mathematics of the leaves (docs/numbers.md). A value that is not finite is left out and
// counted by the caller as the difference in size.

// Appends the leaves of one host's series in one window; `summary.count() > 0`. Ages are not
// series of samples: see age_leaves().
void append_host_leaves(const Metric& metric, const Summary& summary, std::vector<Leaf>& leaves);

// Appends the leaves of a host's age: seconds from the last event to the window's end.
void append_age_leaf(Seconds window_end, Timestamp last_event, std::vector<Leaf>& leaves);

// Gathers the hosts of one cluster (or of all) for one metric in one window, and gives its leaves:
// none without hosts, but for a counter, which is 0 then. Hosts must be added in sorted order of
// their names, so that the same samples always give the same bits. Not for states, whose leaves are
// numbers of hosts.
class Rollup {
 public:
  explicit Rollup(const Metric& metric);

  // A host whose sum overflowed is left out. `buckets`: of timings and distributions, as
  // Summary::append_buckets(); the rollups that a host is in share them.
  void add_host(const Summary& summary, std::span<const Sketch::Bucket> buckets);
  void add_age(double seconds);
  // A host whose one value is what is last known of it, or 0: held metrics, idle gauges.
  void add_value(double value, Timestamp time);

  // False while nothing was added.
  [[nodiscard]] bool has_hosts() const noexcept { return host_count_ > 0; }
  void append_leaves(std::vector<Leaf>& leaves) const;

 private:
  void append_level_leaves(std::vector<Leaf>& leaves) const;

  const Metric& metric_;
  std::uint64_t host_count_ = 0;
  std::uint64_t hosts_with_any_ = 0;  // Counters: hosts whose sum is above 0.
  std::uint64_t over_limit_ = 0;      // Ages.
  // Timings and distributions: every sample, in `samples_` too. Counters: one value a host. Gauges
  // and ages: one level a host, in `levels_` too.
  Summary total_;
  SketchSum samples_;
  std::vector<double> levels_;
};

// The value at place ceil(q * n) of `sorted` (ascending, not empty): the nearest-rank quantile.
[[nodiscard]] double nearest_rank(std::span<const double> sorted, double q);

}  // namespace sluice
