#include "sluice/syslog/stamp_time.h"

#include <catch2/catch.hpp>
#include <vector>

namespace sluice {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

Timestamp at(year_month_day date, nanoseconds time = 0ns) { return sys_days(date) + time; }

Stamp stamp_of(unsigned month, unsigned day, unsigned hour, std::uint16_t year = 0) {
  Stamp stamp;
  stamp.present = true;
  stamp.year = year;
  stamp.month = static_cast<std::uint8_t>(month);
  stamp.day = static_cast<std::uint8_t>(day);
  stamp.hour = static_cast<std::uint8_t>(hour);
  return stamp;
}

LocalMoments utc(LocalTime local) {
  const Timestamp moment(local.time_since_epoch());
  return {moment, moment};
}

TEST_CASE("the year of a year-less stamp is the latest that is not far ahead",
          "[syslog][rfc3164]") {
  struct Row {
    Timestamp now;
    unsigned month;
    unsigned day;
    year expected;
  };
  const std::vector<Row> rows{
      {at(2026y / 11 / 22), 11, 22, 2026y},  // Today.
      {at(2026y / 11 / 22), 11, 21, 2026y},  // Yesterday.
      {at(2026y / 11 / 22), 12, 23, 2026y},  // 31 days ahead.
      {at(2026y / 11 / 22), 12, 24, 2025y},  // 32 days ahead.
      {at(2026y / 12 / 31), 1, 1, 2027y},    // A fast clock at New Year.
      {at(2027y / 1 / 1), 12, 31, 2026y},    // A message that arrives after New Year.
      {at(2027y / 1 / 31), 3, 4, 2026y},     // 32 days ahead.
      {at(2027y / 6 / 1), 6, 1, 2027y},     {at(2027y / 1 / 15), 2, 1, 2027y},
  };
  for (const Row& row : rows) {
    CAPTURE(row.month, row.day, row.now.time_since_epoch().count());
    const auto moment = resolve_stamp(stamp_of(row.month, row.day, 0), row.now, utc);
    REQUIRE(moment);
    CHECK(*moment == at(row.expected / static_cast<int>(row.month) / static_cast<int>(row.day)));
  }
}

TEST_CASE("31 days ahead are counted to the nanosecond", "[syslog][rfc3164]") {
  const Timestamp now = at(2026y / 11 / 22);
  Stamp stamp = stamp_of(12, 23, 0);
  CHECK(resolve_stamp(stamp, now, utc) == at(2026y / 12 / 23));
  stamp.nanoseconds = 1;
  CHECK(resolve_stamp(stamp, now, utc) == at(2025y / 12 / 23, 1ns));
}

TEST_CASE("29 February is of the latest leap year within 400 days", "[syslog][rfc3164]") {
  const Stamp leap_day = stamp_of(2, 29, 12);
  CHECK(resolve_stamp(leap_day, at(2024y / 3 / 1), utc) == at(2024y / 2 / 29, 12h));
  CHECK(resolve_stamp(leap_day, at(2024y / 2 / 10), utc) == at(2024y / 2 / 29, 12h));
  CHECK(resolve_stamp(leap_day, at(2025y / 3 / 1), utc) == at(2024y / 2 / 29, 12h));
  CHECK(resolve_stamp(leap_day, at(2025y / 4 / 4), utc) == at(2024y / 2 / 29, 12h));
  CHECK_FALSE(resolve_stamp(leap_day, at(2025y / 4 / 6), utc));
  CHECK_FALSE(resolve_stamp(leap_day, at(2026y / 3 / 1), utc));
  CHECK_FALSE(resolve_stamp(leap_day, at(2027y / 12 / 31), utc));
}

TEST_CASE("a stamp with year and offset needs neither clock nor zone", "[syslog][rfc5424]") {
  Stamp stamp = stamp_of(3, 4, 5, 2026);
  stamp.has_offset = true;
  stamp.offset_minutes = 90;
  const Timestamp expected = at(2026y / 3 / 4, 3h + 30min);
  CHECK(zoned_time(stamp) == expected);
  const auto no_zone = [](LocalTime) -> LocalMoments {
    FAIL("the zone was asked");
    return {};
  };
  CHECK(resolve_stamp(stamp, Timestamp{}, no_zone) == expected);
  stamp.offset_minutes = -90;
  CHECK(zoned_time(stamp) == at(2026y / 3 / 4, 6h + 30min));
  stamp.has_offset = false;
  CHECK_FALSE(zoned_time(stamp));
  CHECK_FALSE(zoned_time(Stamp{}));
}

TEST_CASE("second 60 is the first of the next minute", "[syslog][rfc5424]") {
  Stamp stamp = stamp_of(12, 31, 23, 2026);
  stamp.has_offset = true;
  stamp.minute = 59;
  stamp.second = 60;
  CHECK(zoned_time(stamp) == at(2027y / 1 / 1));
}

TEST_CASE("of two readings of a local time the one nearest to now counts", "[syslog][rfc3164]") {
  const auto twice = [](LocalTime local) -> LocalMoments {  // An autumn hour: +02:00, then +01:00.
    const Timestamp as_utc(local.time_since_epoch());
    return {as_utc - 2h, as_utc - 1h};
  };
  const Stamp stamp = stamp_of(10, 25, 2);
  CHECK(resolve_stamp(stamp, at(2026y / 10 / 25, 5min), twice) == at(2026y / 10 / 25));
  CHECK(resolve_stamp(stamp, at(2026y / 10 / 25, 65min), twice) == at(2026y / 10 / 25, 1h));
}

TEST_CASE("days that do not exist and years that cannot be reckoned with give nothing",
          "[syslog][hostile]") {
  CHECK_FALSE(civil_time(Stamp{}, 2026y));
  CHECK_FALSE(civil_time(stamp_of(2, 29, 0), 2026y));
  CHECK(civil_time(stamp_of(2, 29, 0), 2024y));
  CHECK_FALSE(civil_time(stamp_of(1, 1, 0, 1900), 2026y));
  CHECK(civil_time(stamp_of(1, 1, 0, 1901), 2026y));
  CHECK(civil_time(stamp_of(12, 31, 23, 2190), 2026y));
  CHECK_FALSE(civil_time(stamp_of(1, 1, 0, 2191), 2026y));
  CHECK_FALSE(civil_time(stamp_of(1, 1, 0, 9999), 2026y));
  CHECK_FALSE(resolve_stamp(stamp_of(3, 4, 5, 1681), at(2026y / 11 / 22), utc));
  const auto oldest = resolve_stamp(stamp_of(1, 1, 0, 1901), at(2190y / 12 / 31), utc);
  REQUIRE(oldest);
  CHECK(at(2190y / 12 / 31) - *oldest > 289 * 365 * 24h);
  CHECK(civil_time(stamp_of(3, 4, 5, 2008), 2026y) == LocalTime(local_days(2008y / 3 / 4) + 5h));
}

}  // namespace
}  // namespace sluice
