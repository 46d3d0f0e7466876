#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <vector>

#include "sluice/values/byte_encoding.h"
#include "store/history.h"

// The form of the history's file, for the files that History is written in: history.cc takes points
// in, history_load.cc opens the file and reads it, history_names.cc sees to the names of series,
// history_blocks.cc writes and lets go what is over, history_bounds.cc keeps the file small,
// history_query.cc answers.
namespace sluice {

// The parts of a row's id: tier, block, group. A block of 16 s is below 2^32 for 2,000 years.
inline constexpr int kTierShift = 60;
inline constexpr int kBlockShift = 26;

inline std::int64_t History::GroupKey::id() const noexcept {
  return std::int64_t{tier} << kTierShift | block << kBlockShift | group;
}

inline std::int64_t seconds_of(Seconds time) noexcept { return time.time_since_epoch().count(); }
inline std::int64_t seconds_of(Timestamp time) noexcept {
  return seconds_of(floor_to_seconds(time));
}

inline void put_logged(ByteWriter& log, SeriesPlace place, const HistoryPoint& point,
                       std::int64_t base) {
  log.put_varint(std::uint64_t{place.number} << 1 | place.tier);
  log.put_signed(point.time - base);
  log.put_number(point.value);
}

inline std::unexpected<Error> damaged() { return fail("a row of the history is damaged"); }

// Points of blocks that are over, to be merged into their rows.
struct History::Late {
  std::map<GroupKey, GroupPoints> groups;

  void add(SeriesPlace place, std::int64_t block, const HistoryPoint& point) {
    merge_point(
        groups[{place.tier, block, place.number / kGroupSeries}][place.number % kGroupSeries],
        point);
  }
};

struct History::Additions {
  std::vector<SeriesPlace> new_series;
  Late late;
  ByteWriter log;  // Points of the block of now.
  std::uint64_t log_count = 0;
};

}  // namespace sluice
