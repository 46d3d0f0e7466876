#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/values/metric.h"
#include "sluice/values/summary.h"

namespace sluice {

// What one ingest worker saw since its last tick: the summaries of the samples that came in, per
// host, metric and window. Owns all it names, so that it can cross threads and go into the journal.
struct Delta {
  struct Entry {
    std::uint32_t metric = 0;  // Index into `metrics`.
    Seconds window{};          // Its start.
    bool is_claimed = false;   // Of a host that was only named in another host's message.
    Summary summary;
  };
  struct Host {
    std::string name;
    Timestamp last_heard{};   // Arrival of its last message that a rule matched.
    bool is_claimed = false;  // All that is known of it here was said by others.
    std::vector<Entry> entries;
  };

  std::vector<Metric> metrics;
  std::vector<Host> hosts;
  std::uint64_t sample_count = 0;  // Samples in all summaries, weights included.

  [[nodiscard]] bool is_empty() const noexcept { return hosts.empty(); }
};

}  // namespace sluice
