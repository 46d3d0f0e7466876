#pragma once

#include <cstddef>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/values/byte_encoding.h"

namespace sluice {

// Stretches of time, [from, to). Those that touch become one, so that what goes on for months takes
// one place.
class TimeRanges {
 public:
  // Beyond these the oldest is forgotten: 1,000 holes in what goes on.
  static constexpr std::size_t kRangesMax = 1000;

  // `from` before `to`.
  void add(Seconds from, Seconds to);
  // Takes out what lies at or after `from`.
  void cut_from(Seconds from);
  // True if any part of [from, to) is inside.
  [[nodiscard]] bool touches(Seconds from, Seconds to) const;
  [[nodiscard]] std::size_t size() const noexcept { return ranges_.size(); }

  void encode(ByteWriter& writer, Timestamp base) const;
  void decode(ByteReader& reader, Timestamp base);

 private:
  struct Range {
    Seconds from;
    Seconds to;
  };
  std::vector<Range> ranges_;  // Sorted, never touching each other.
};

}  // namespace sluice
