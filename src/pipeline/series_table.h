#pragma once

#include <absl/container/flat_hash_map.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_map.h"
#include "pipeline/series_key.h"
#include "sluice/base/time.h"

namespace sluice {

struct SeriesLimits {
  std::size_t all = 2'000'000;
  std::size_t per_host = 2'000;
  std::size_t per_rule = 500'000;
};

// Every series (host, metric) that had a sample within host_ttl, so that no rule and no host can
// make more of them than carbon, the store and people can bear. A series belongs to the rule that
// gave its first sample. Costs about 30 bytes a series.
class SeriesTable {
 public:
  explicit SeriesTable(const SeriesLimits& limits) : limits_(limits) {}

  // Notes a sample; false, and nothing is noted, if the series would be a new one beyond a limit.
  [[nodiscard]] bool admit(const SeriesKey& host_metric, std::string_view rule, Timestamp now);

  // Forgets series that had no sample since before `limit`.
  void expire(Timestamp limit);
  void forget(std::uint32_t host);

  [[nodiscard]] std::size_t size() const noexcept { return series_.size(); }
  [[nodiscard]] bool has_host(std::uint32_t host) const {
    return host < host_counts_.size() && host_counts_[host] > 0;
  }
  [[nodiscard]] bool has_metric(std::uint32_t metric) const {
    return metric < metric_counts_.size() && metric_counts_[metric] > 0;
  }

 private:
  friend class CheckpointWriter;
  friend class CheckpointReader;

  struct Series {
    std::uint32_t rule = 0;
    std::uint32_t last = 0;  // Minutes since 1970.
  };
  [[nodiscard]] std::uint32_t rule_number(std::string_view rule);
  [[nodiscard]] std::size_t& host_count(std::uint32_t host);
  [[nodiscard]] std::size_t& metric_count(std::uint32_t metric);
  void release(const SeriesKey& host_metric, const Series& series);

  SeriesLimits limits_;
  absl::flat_hash_map<SeriesKey, Series> series_;
  std::vector<std::size_t> host_counts_;    // By HostId.
  std::vector<std::size_t> metric_counts_;  // By MetricId.
  std::vector<std::size_t> rule_counts_;    // By rule number.
  StringMap<std::uint32_t> rule_numbers_;
};

}  // namespace sluice
