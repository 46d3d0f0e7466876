#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sluice/base/prefetch.h"
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
    std::uint32_t rule = 0;    // Index into `rules`: the rule its first sample came from.
    Summary summary;
  };
  // A sign of life: a rule of a pack with this presence matched a message of the host.
  struct Sign {
    std::uint32_t presence = 0;  // Index into `presences`.
    Timestamp last{};            // Event time of the last such message.
  };
  struct Host {
    std::string name;
    Timestamp last_heard{};   // Arrival of its last message that a rule matched.
    bool is_claimed = false;  // All that is known of it here was said by others.
    // The name is a node of a metric path, in which the dots of the host's name were replaced.
    bool is_path_node = false;
    std::vector<Sign> signs;
    std::vector<Entry> entries;

    // As Summary::expect(): all of its entries are about to be read.
    static constexpr std::size_t kPieces = 1 + Summary::kPieces;
    void expect(std::size_t piece) const noexcept {
      for (const Entry& entry : entries) {
        if (piece == 0) {
          prefetch(&entry);
        } else {
          entry.summary.expect(piece - 1);
        }
      }
    }
  };

  std::vector<Metric> metrics;
  std::vector<std::string> rules;      // "pack/rule".
  std::vector<std::string> presences;  // "puppet".
  std::vector<Host> hosts;
  std::uint64_t sample_count = 0;  // Samples in all summaries, weights included.

  [[nodiscard]] bool is_empty() const noexcept { return hosts.empty(); }
  // Whoever goes through the hosts calls it at each: entries and summaries lie where the ingest
  // thread made them, far apart and in no cache of another thread, and the processor fetches those
  // of the next hosts while it is busy with this one.
  void expect_after(std::size_t host) const noexcept {
    for (std::size_t piece = 0; piece < Host::kPieces; ++piece) {
      const std::size_t next = host + Host::kPieces - piece;
      if (next < hosts.size()) hosts[next].expect(piece);
    }
  }
};

}  // namespace sluice
