#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/error.h"

namespace sluice {

struct HistoryPoint {
  std::int64_t time = 0;  // Epoch seconds.
  double value = 0;

  friend bool operator==(const HistoryPoint&, const HistoryPoint&) = default;
};

// The points of one series in one block as bytes: times as runs of equal distance, values with runs
// of equal values and of equal differences in 1 or 2 bytes, every other value in 1 to 9. Points are
// in order of time, none twice, none before `base`.
[[nodiscard]] std::string encode_points(std::span<const HistoryPoint> points, std::int64_t base);
// Refuses bytes that are damaged.
[[nodiscard]] Expected<std::vector<HistoryPoint>> decode_points(std::string_view bytes,
                                                                std::int64_t base);

// Puts `newer` into `points`, both in order of time; of two for one time the newer one stays.
void merge_points(std::vector<HistoryPoint>& points, std::span<const HistoryPoint> newer);

// One point into points in order of time, replacing one of the same time.
void merge_point(std::vector<HistoryPoint>& points, const HistoryPoint& newer);

}  // namespace sluice
