#include "sluice/pipeline/event_time.h"

#include <catch2/catch.hpp>

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// A zone that never changes its clocks.
class FixedZone : public Zone {
 public:
  explicit FixedZone(hours east) : east_(east) {}
  [[nodiscard]] Timestamp to_utc(std::chrono::local_time<std::chrono::nanoseconds> local,
                                 Timestamp) const noexcept override {
    return Timestamp(local.time_since_epoch() - east_);
  }

 private:
  hours east_;
};

// 2026-11-22T07:40:01Z
const Timestamp kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + hours(7) +
                       std::chrono::minutes(40) + seconds(1);

Stamp zoned(int hour, int minute, int second, int day = 22) {
  return {.year = 2026,
          .month = 11,
          .day = static_cast<std::uint8_t>(day),
          .hour = static_cast<std::uint8_t>(hour),
          .minute = static_cast<std::uint8_t>(minute),
          .second = static_cast<std::uint8_t>(second),
          .present = true,
          .has_offset = true};
}

Stamp bsd(int hour, int minute, int second) {
  Stamp stamp = zoned(hour, minute, second);
  stamp.year = 0;
  stamp.has_offset = false;
  return stamp;
}

const FixedZone kUtc{hours(0)};

}  // namespace

TEST_CASE("what a stamp meant in one zone is not taken for another", "[pipeline]") {
  const FixedZone utc{hours(0)};
  const FixedZone east{hours(1)};
  EventTimes times;
  bool proven = true;
  bool unproven = false;
  const Stamp stamp = bsd(7, 40, 0);
  const Timestamp in_utc = times.resolve(stamp, proven, utc, kNow).time;
  CHECK(in_utc == kNow - seconds(1));
  CHECK(times.resolve(bsd(3, 0, 0), unproven, east, kNow).source == TimeSource::kSkewed);
  CHECK(times.resolve(stamp, proven, east, kNow).time == in_utc - hours(1));
  CHECK(times.resolve(stamp, proven, utc, kNow).time == in_utc);
  // And what meant nothing, or was far ahead, neither.
  CHECK(times.resolve({}, proven, utc, kNow).source == TimeSource::kNoStamp);
  CHECK(times.resolve(bsd(8, 40, 0), proven, utc, kNow).source == TimeSource::kFuture);
  CHECK(times.resolve(bsd(8, 40, 0), proven, east, kNow).source == TimeSource::kStamp);
}

TEST_CASE("a stamp with a zone counts as said, however old", "[pipeline]") {
  EventTimes times;
  bool is_proven = false;
  const EventTime live = times.resolve(zoned(7, 40, 0), is_proven, kUtc, kNow);
  CHECK(live.source == TimeSource::kStamp);
  CHECK(live.time == kNow - seconds(1));
  const EventTime late = times.resolve(zoned(4, 40, 1), is_proven, kUtc, kNow);
  CHECK(late.source == TimeSource::kStamp);
  CHECK(late.time == kNow - hours(3));
}

TEST_CASE("a stamp more than a minute ahead is replaced by the time of arrival", "[pipeline]") {
  EventTimes times;
  bool is_proven = false;
  CHECK(times.resolve(zoned(7, 41, 1), is_proven, kUtc, kNow).source == TimeSource::kStamp);
  const EventTime ahead = times.resolve(zoned(7, 41, 2), is_proven, kUtc, kNow);
  CHECK(ahead.source == TimeSource::kFuture);
  CHECK(ahead.time == kNow);
  CHECK(ahead.stamp == kNow + seconds(61));
}

TEST_CASE("no stamp, or one that names no moment, means the time of arrival", "[pipeline]") {
  EventTimes times;
  bool is_proven = false;
  CHECK(times.resolve({}, is_proven, kUtc, kNow).source == TimeSource::kNoStamp);
  Stamp impossible = zoned(7, 0, 0);
  impossible.month = 2;
  impossible.day = 29;
  CHECK(times.resolve(impossible, is_proven, kUtc, kNow).source == TimeSource::kNoStamp);
}

TEST_CASE("a zone is believed once its sender has sent a stamp close to arrival", "[pipeline]") {
  EventTimes times;
  bool is_proven = false;
  const EventTime early = times.resolve(bsd(4, 40, 1), is_proven, kUtc, kNow);
  CHECK(early.source == TimeSource::kSkewed);
  CHECK(early.time == kNow);
  CHECK_FALSE(is_proven);
  CHECK(times.resolve(bsd(7, 39, 30), is_proven, kUtc, kNow).source == TimeSource::kStamp);
  CHECK(is_proven);
  const EventTime late = times.resolve(bsd(4, 40, 1), is_proven, kUtc, kNow);
  CHECK(late.source == TimeSource::kStamp);
  CHECK(late.time == kNow - hours(3));
  bool is_other_proven = false;
  CHECK(times.resolve(bsd(4, 40, 1), is_other_proven, kUtc, kNow).source == TimeSource::kSkewed);
}

TEST_CASE("a stamp with a zone proves nothing about the sender's own", "[pipeline]") {
  EventTimes times;
  bool is_proven = false;
  CHECK(times.resolve(zoned(7, 40, 0), is_proven, kUtc, kNow).source == TimeSource::kStamp);
  CHECK_FALSE(is_proven);
}

TEST_CASE("stamps are read in the zone that is given", "[pipeline]") {
  const FixedZone new_york{hours(-5)};
  EventTimes times;
  bool is_proven = false;
  CHECK(times.resolve(bsd(2, 40, 1), is_proven, new_york, kNow).time == kNow);
  CHECK(times.resolve(bsd(2, 40, 1), is_proven, new_york, kNow).source == TimeSource::kStamp);
  CHECK(times.resolve(bsd(2, 40, 1), is_proven, kUtc, kNow).time == kNow - hours(5));
}

}  // namespace sluice
