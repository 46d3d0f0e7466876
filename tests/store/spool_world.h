#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "store/spool.h"

namespace sluice {

// Test time: seconds around a second whose number is easily read.
inline std::chrono::seconds at_seconds(std::int64_t seconds) {
  return std::chrono::seconds(1'000'000 + seconds);
}

inline Timestamp at(std::int64_t seconds) { return Timestamp(at_seconds(seconds)); }

inline Datapoint point(std::string path, double value, std::int64_t time, std::uint64_t version,
                       Scope scope = Scope::kHost) {
  return {std::move(path), value, Seconds(at_seconds(time)), version, scope};
}

// prefix0, prefix1, ...
inline std::vector<Datapoint> points(const std::string& prefix, int count, std::int64_t time,
                                     std::uint64_t version, Scope scope = Scope::kHost) {
  std::vector<Datapoint> list;
  for (int i = 0; i < count; ++i)
    list.push_back(point(prefix + std::to_string(i), 1, time, version, scope));
  return list;
}

inline std::string lines_of(const std::optional<Batch>& batch) {
  return batch ? batch->lines : std::string();
}

inline std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

inline std::string sorted_lines_of(const std::optional<Batch>& batch) {
  std::vector<std::string> lines = split_lines(lines_of(batch));
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

inline std::string describe(const SpoolStats& stats) {
  std::ostringstream text;
  text << "start " << stats.spooled_at_start << " put " << stats.put << " acknowledged "
       << stats.acknowledged << " unconfirmed " << stats.unconfirmed << " waiting " << stats.waiting
       << " held " << stats.held << " in_flight " << stats.in_flight << " superseded "
       << stats.superseded << " full " << stats.dropped_full << " old " << stats.dropped_old
       << " damaged " << stats.dropped_damaged;
  return text.str();
}

inline bool is_balanced(const SpoolStats& stats) {
  return stats.spooled_at_start + stats.put ==
         stats.acknowledged + stats.unconfirmed + stats.waiting + stats.held + stats.in_flight +
             stats.superseded + stats.dropped_full + stats.dropped_old + stats.dropped_damaged;
}

inline void check_account(const Spool& spool) {
  const SpoolStats stats = spool.stats();
  INFO(describe(stats));
  CHECK(is_balanced(stats));
}

}  // namespace sluice
