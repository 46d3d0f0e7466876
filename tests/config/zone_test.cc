#include "config/zone.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <limits>
#include <string>

#include "config/outcome.h"

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::local_time;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;
using namespace std::chrono_literals;

local_time<nanoseconds> local(year_month_day day, nanoseconds time) {
  return local_time<nanoseconds>(local_days(day).time_since_epoch() + time);
}

Timestamp utc(year_month_day day, nanoseconds time) { return sys_days(day) + time; }

TEST_CASE("a clock is read in its zone", "[config]") {
  const auto day = GENERATE(values<year_month_day>({2026y / 1 / 15, 2026y / 7 / 15}));
  const bool is_summer = day.month() == std::chrono::July;
  const auto [name, winter, summer] = GENERATE(table<std::string, minutes, minutes>({
      {"UTC", 0min, 0min},
      {"Europe/Berlin", 60min, 120min},
      {"America/New_York", -300min, -240min},
      {"Asia/Kolkata", 330min, 330min},
      {"Etc/GMT+5", -300min, -300min},
      {"+05:30", 330min, 330min},
      {"-0345", -225min, -225min},
      {"+00:00", 0min, 0min},
  }));
  CAPTURE(name, is_summer);
  const auto zone = load_zone(name);
  REQUIRE(zone);
  const nanoseconds time = 13h + 14min + 15s + 123456789ns;
  CHECK((*zone)->to_utc(local(day, time), utc(day, 0h)) ==
        utc(day, time) - (is_summer ? summer : winter));
}

TEST_CASE("an hour that exists twice is read nearest to now", "[config]") {
  const auto zone = load_zone("Europe/Berlin");
  REQUIRE(zone);
  const year_month_day day = 2026y / 10 / 25;  // 03:00 CEST is put back to 02:00 CET.
  const auto clock = local(day, 2h + 30min);
  const auto earlier = utc(day, 0h + 30min);
  const auto later = utc(day, 1h + 30min);
  const auto [now, expected] = GENERATE_COPY(table<Timestamp, Timestamp>({
      {earlier, earlier},
      {later, later},
      {earlier - 24h, earlier},
      {later + 24h, later},
      {earlier + 30min - 1ns, earlier},
      {earlier + 30min, later},  // As near: the later one.
  }));
  CHECK((*zone)->to_utc(clock, now) == expected);
  CHECK((*zone)->to_utc(local(day, 1h + 59min), later) == utc(day, -1min));
  CHECK((*zone)->to_utc(local(day, 3h), earlier) == utc(day, 2h));
}

TEST_CASE("an hour that does not exist is read nearest to now", "[config]") {
  const auto zone = load_zone("Europe/Berlin");
  REQUIRE(zone);
  const year_month_day day = 2026y / 3 / 29;  // 02:00 CET is put forward to 03:00 CEST.
  const auto clock = local(day, 2h + 30min);
  CHECK((*zone)->to_utc(clock, utc(day, 0h)) == utc(day, 30min));
  CHECK((*zone)->to_utc(clock, utc(day, 3h)) == utc(day, 1h + 30min));
}

TEST_CASE("years without any rule and the ends of time are read without harm", "[config]") {
  const auto zone = load_zone("Pacific/Kiritimati");
  REQUIRE(zone);
  const auto end = local_time<nanoseconds>::max();
  const auto start = local_time<nanoseconds>::min();
  CHECK((*zone)->to_utc(end, Timestamp::min()) <= Timestamp::max());
  CHECK((*zone)->to_utc(end, Timestamp()) > utc(2262y / 4 / 1, 0h));
  CHECK((*zone)->to_utc(start, Timestamp::max()) < utc(1677y / 10 / 1, 0h));
  // 10:40 west of UTC until 1979, 14 hours east of it today.
  CHECK((*zone)->to_utc(local(1969y / 12 / 31, 23h + 1ns), Timestamp()) ==
        utc(1970y / 1 / 1, 9h + 40min + 1ns));
  CHECK((*zone)->to_utc(local(2261y / 7 / 1, 12h), Timestamp()) == utc(2261y / 6 / 30, 22h));
}

TEST_CASE("a name that is no zone is refused", "[config]") {
  const std::string name =
      GENERATE(as<std::string>(), "Europe/Belin", "Mars", "/etc/passwd", "../../etc/passwd",
               "/usr/share/zoneinfo/UTC", "Europe/", "Fixed/UTC+01:00:00", "libc:localtime", "a b",
               std::string(100, 'a'), "zone.tab", "+24:00", "+01:60", "+1:00", "+01", "01:00",
               "+01:0x", "+01:00 ", "+ab:cd", "--0100");
  CAPTURE(name);
  CHECK(error_of(load_zone(name))
            .starts_with("expected a time zone of this machine (/usr/share/zoneinfo, package "
                         "tzdata) such as \"Europe/Berlin\" or \"UTC\", or an offset such as "
                         "\"+01:00\", got \"" +
                         name.substr(0, 80)));
}

TEST_CASE("the empty name is this machine's zone", "[config]") { CHECK(load_zone("")); }

}  // namespace
}  // namespace sluice
