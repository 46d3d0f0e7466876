#include "sluice/aggregate/time_ranges.h"

#include <algorithm>

#include "sluice/base/check.h"
#include "sluice/values/value_encoding.h"

namespace sluice {

void TimeRanges::add(Seconds from, Seconds to) {
  SLUICE_CHECK(from < to, "a stretch of time ends after it began");
  // Those from `first` to `last` touch the new one and go into it.
  const auto first = std::ranges::lower_bound(ranges_, from, {}, &Range::to);
  auto last = first;
  for (; last != ranges_.end() && last->from <= to; ++last) {
    from = std::min(from, last->from);
    to = std::max(to, last->to);
  }
  ranges_.insert(ranges_.erase(first, last), {from, to});
  if (ranges_.size() > kRangesMax) ranges_.erase(ranges_.begin());
}

void TimeRanges::cut_from(Seconds from) {
  std::erase_if(ranges_, [from](const Range& range) { return range.from >= from; });
  if (!ranges_.empty()) ranges_.back().to = std::min(ranges_.back().to, from);
}

bool TimeRanges::touches(Seconds from, Seconds to) const {
  const auto after = std::ranges::upper_bound(ranges_, from, {}, &Range::to);
  return after != ranges_.end() && after->from < to;
}

void TimeRanges::encode(ByteWriter& writer, Timestamp base) const {
  writer.put_varint(ranges_.size());
  for (const Range& range : ranges_) {
    writer.put_time(range.from, base);
    writer.put_time(range.to, range.from);
  }
}

void TimeRanges::decode(ByteReader& reader, Timestamp base) {
  ranges_.resize(reader.take_count(2));
  Seconds last = Seconds::min();
  for (Range& range : ranges_) {
    range.from = floor_to_seconds(take_moment(reader, base));
    range.to = floor_to_seconds(take_moment(reader, range.from));
    if (range.from <= last || range.to <= range.from) reader.fail();
    last = range.to;
  }
}

}  // namespace sluice
