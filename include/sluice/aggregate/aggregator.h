#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/values/delta.h"
#include "sluice/values/sample.h"

namespace sluice {

struct AggregatorOptions {
  std::chrono::seconds window{60};
  // Host names remembered between ticks, so that a known host costs no allocation. A flood of
  // invented names makes room by forgetting them all; only speed is lost.
  std::size_t hosts_max = 100'000;
  // Series and windows touched in one tick; a sample beyond is refused and counted.
  std::size_t entries_max = 2'000'000;
};

// One ingest worker's part of the aggregation: sums the samples that came in since the last tick
// into summaries per host, metric and window. Where they belong in time, and whether they are too
// late, the WindowStore decides.
class Aggregator {
 public:
  explicit Aggregator(const AggregatorOptions& options);
  ~Aggregator();
  Aggregator(const Aggregator&) = delete;
  Aggregator& operator=(const Aggregator&) = delete;

  // Where a host is known. Whoever keeps one beside the host's name saves the lookup of the name;
  // an old one does no harm, but one of another host gives it the samples.
  struct HostPlace {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;  // 0: not known yet.
  };

  // False when the tick holds entries_max series already; the sample is then lost to the caller's
  // account. Keeps nothing that the sample points to. `place`: of the sample's host; is set.
  [[nodiscard]] bool add(const Sample& sample, Timestamp now, HostPlace& place);
  [[nodiscard]] bool add(const Sample& sample, Timestamp now);

  // The host at `place`, or this sample, is about to be added to: the processor fetches what is
  // known of it meanwhile. Calls for other hosts and samples between the steps pay for the way: the
  // sample's entry, whose number is good until the next delta is taken, then the pieces of its
  // summary.
  void expect(const HostPlace& place) const noexcept;
  [[nodiscard]] std::uint32_t expect(const Sample& sample, const HostPlace& place) noexcept;
  void expect(std::uint32_t entry, std::size_t piece) const noexcept;  // As Summary::expect().

  // Notes that a rule matched a message of `host` at `now`, whether or not it gave a sample.
  // `presence`: of the rule's pack, for which the message, whose event time is `time`, is a sign of
  // life; or empty. Of one window the last sign is kept. `is_path_node`: as in Sample.
  void hear(std::string_view host, std::string_view presence, Timestamp time, Timestamp now,
            HostPlace& place, bool is_path_node = false);
  void hear(std::string_view host, std::string_view presence, Timestamp time, Timestamp now,
            bool is_path_node = false);

  // The names of the rules that Sample::rule means from now on; one without a name has an empty
  // one.
  void set_rule_names(std::vector<std::string> names);

  // Everything since the last call.
  [[nodiscard]] Delta take_delta();

  // Samples that the next delta will hold.
  [[nodiscard]] std::uint64_t pending_samples() const noexcept;

  // Series and windows that the next delta will hold.
  [[nodiscard]] std::size_t entry_count() const noexcept;

  // Must be called when the Metrics that samples point to are about to go (a reload).
  void forget_metrics();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
