#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

// The lines that the benches send: a fleet of hosts whose programs mostly say what no rule reads.

namespace sluice::bench {

enum class LineFormat : std::uint8_t { kRfc3164, kRfc5424 };

struct WorkloadOptions {
  std::size_t lines = 1'000'000;
  std::size_t hosts = 2000;
  std::size_t clusters = 20;
  double matching = 0.2;  // Part of the lines that one of the five rules reads.
  LineFormat format = LineFormat::kRfc3164;
  bool counts_octets = false;  // Octet counting instead of LF.
  std::int64_t start = 0;      // Event time of the first line, seconds since the epoch.
  std::int64_t seconds = 60;   // The lines spread evenly over so many.
};

// All lines, framed, one after the other. The same options give the same octets.
[[nodiscard]] std::string make_workload(const WorkloadOptions& options);

struct GraphiteWorkloadOptions {
  std::size_t hosts = 3000;
  std::size_t cpus = 32;
  std::int64_t start = 0;  // Timestamp of all lines.
};

// One round of what collectd sends: each CPU of each host in eight states.
[[nodiscard]] std::string make_graphite_workload(const GraphiteWorkloadOptions& options);

}  // namespace sluice::bench
