#include "syslog/parse_timestamp.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "syslog/fields.h"

namespace sluice::detail {
namespace {

struct Row {
  std::string_view text;
  StampFound found;
  std::string stamp;
  std::string_view rest;
};

void check_all(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.text);
    Stamp stamp;
    std::string_view rest = row.text;
    CHECK(take_stamp(rest, stamp) == row.found);
    CHECK(test::shown(stamp) == row.stamp);
    CHECK(rest == row.rest);
  }
}

constexpr auto kGood = StampFound::kGood;
constexpr auto kBad = StampFound::kBad;
constexpr auto kNone = StampFound::kNone;

TEST_CASE("stamps of RFC 3339's shape are read, strict and loose", "[syslog][rfc5424]") {
  check_all({
      {"2026-03-04T05:06:07Z x", kGood, "2026-03-04T05:06:07+00:00", " x"},
      {"2026-03-04t05:06:07z", kGood, "2026-03-04T05:06:07+00:00", ""},
      {"2026-03-04 05:06:07", kGood, "2026-03-04T05:06:07", ""},
      {"2026-03-04T05:06:07", kGood, "2026-03-04T05:06:07", ""},
      {"2026-03-04T05:06:07+01:30", kGood, "2026-03-04T05:06:07+01:30", ""},
      {"2026-03-04T05:06:07-0330 x", kGood, "2026-03-04T05:06:07-03:30", " x"},
      {"2026-03-04T05:06:07+05", kGood, "2026-03-04T05:06:07+05:00", ""},
      {"2026-03-04T05:06:07-23:59", kGood, "2026-03-04T05:06:07-23:59", ""},
      {"2026-03-04T05:06:07.5Z", kGood, "2026-03-04T05:06:07.5+00:00", ""},
      {"2026-03-04T05:06:07,25Z", kGood, "2026-03-04T05:06:07.25+00:00", ""},
      {"2026-03-04T05:06:07.Z", kGood, "2026-03-04T05:06:07+00:00", ""},
      {"2026-03-04T05:06:07.", kGood, "2026-03-04T05:06:07", ""},
      {"2026-03-04T05:06:07.000000001Z", kGood, "2026-03-04T05:06:07.000000001+00:00", ""},
      {"2026-03-04T05:06:07.1234567899999999999999999999999999999999999Z", kGood,
       "2026-03-04T05:06:07.123456789+00:00", ""},
      {"2026-12-31T23:59:60Z", kGood, "2026-12-31T23:59:60+00:00", ""},
      {"2024-02-29T00:00:00Z", kGood, "2024-02-29T00:00:00+00:00", ""},
      {"2026-03-04T05:06:07 UTC x", kGood, "2026-03-04T05:06:07+00:00", " x"},
      {"2026-03-04T05:06:07Z: x", kGood, "2026-03-04T05:06:07+00:00", " x"},
  });
}

TEST_CASE("a fraction that rsyslog corrupted costs the fraction only", "[syslog][rsyslog]") {
  check_all({
      {"2026-03-04T05:06:07.\x10Z x", kGood, "2026-03-04T05:06:07+00:00", " x"},
      {"2026-03-04T05:06:07.u30Z x", kGood, "2026-03-04T05:06:07+00:00", " x"},
      {"2026-03-04T05:06:07.\xB7"
       "789+02:00 x",
       kGood, "2026-03-04T05:06:07+02:00", " x"},
      {"2026-03-04T05:06:07.12\x01Z x", kGood, "2026-03-04T05:06:07+00:00", " x"},
      {"2026-03-04T05:06:07.!! x", kGood, "2026-03-04T05:06:07", " x"},
      {"2026-03-04T05:06:07.!-0330", kGood, "2026-03-04T05:06:07-03:30", ""},
  });
}

TEST_CASE("stamps that name no moment are taken off and refused", "[syslog][rfc5424]") {
  check_all({
      {"2026-02-29T05:06:07Z x", kBad, "", " x"},
      {"2026-13-04T05:06:07Z x", kBad, "", " x"},
      {"2026-00-04T05:06:07Z x", kBad, "", " x"},
      {"2026-03-00T05:06:07Z x", kBad, "", " x"},
      {"2026-03-32T05:06:07Z x", kBad, "", " x"},
      {"2026-03-04T24:00:00Z x", kBad, "", " x"},
      {"2026-03-04T05:60:07Z x", kBad, "", " x"},
      {"2026-03-04T05:06:61Z x", kBad, "", " x"},
      {"2026-03-04T05:06:07A x", kBad, "", " x"},
      {"2026-03-04T05:06:07Z+07:00 x", kBad, "", " x"},
      {"2026-03-04T05:06:07-24:00 x", kBad, "", " x"},
      {"2026-03-04T05:06:07-07:60 x", kBad, "", " x"},
      {"0000-03-04T05:06:07Z x", kBad, "", " x"},
      {"2026-03-04T05:06", kBad, "", ""},
      {"2026-03-04T", kBad, "", ""},
  });
}

TEST_CASE("a date alone is text and no stamp", "[syslog]") {
  check_all({
      {"2026-03-04 x", kNone, "", "2026-03-04 x"},
      {"2026-03-04 is a good day", kNone, "", "2026-03-04 is a good day"},
      {"2026-03-04", kNone, "", "2026-03-04"},
  });
}

TEST_CASE("BSD stamps are read with what appliances add", "[syslog][rfc3164]") {
  check_all({
      {"Mar  4 05:06:07 x", kGood, "--03-04T05:06:07", " x"},
      {"mar 04 05:06:07 x", kGood, "--03-04T05:06:07", " x"},
      {"MAR 4 05:06:07 x", kGood, "--03-04T05:06:07", " x"},
      {"Mar  4 5:06:07 x", kGood, "--03-04T05:06:07", " x"},
      {"Mar  4 05:06:07.25 x", kGood, "--03-04T05:06:07.25", " x"},
      {"Mar  4 05:06:07,25 x", kGood, "--03-04T05:06:07.25", " x"},
      {"Mar  4 05:06:07. x", kGood, "--03-04T05:06:07", " x"},
      {"Mar  4 05:06:07: x", kGood, "--03-04T05:06:07", " x"},
      {"Mar  4 2008 05:06:07 x", kGood, "2008-03-04T05:06:07", " x"},
      {"2008 Mar 4 05:06:07 x", kGood, "2008-03-04T05:06:07", " x"},
      {"Mar  4 05:06:07 2008 x", kGood, "2008-03-04T05:06:07", " x"},
      {"Mar  4 05:06:07 2008", kGood, "2008-03-04T05:06:07", ""},
      {"Mar  4 05:06:07 UTC 2008 x", kGood, "2008-03-04T05:06:07+00:00", " x"},
      {"Mar  4 05:06:07 2008 UTC x", kGood, "2008-03-04T05:06:07+00:00", " x"},
      {"Mar  4 05:06:07 CEST: x", kGood, "--03-04T05:06:07+02:00", " x"},
      {"Mar  4 05:06:07 IST: x", kGood, "--03-04T05:06:07", " x"},
      {"Mar  4 05:06:07+02:00 x", kGood, "--03-04T05:06:07+02:00", " x"},
      {"Mar  4 05:06:07 +02:00 x", kGood, "--03-04T05:06:07+02:00", " x"},
      {"Mar  4 05:06:07Z x", kGood, "--03-04T05:06:07+00:00", " x"},
      {"Mar  4 05:06:07 12345 x", kGood, "--03-04T05:06:07", " 12345 x"},
      {"Mar  4 05:06:07 2200 x", kGood, "--03-04T05:06:07", " 2200 x"},
      {"Mar  4 05:06:07 EST1 x", kGood, "--03-04T05:06:07", " EST1 x"},
      {"Feb 29 05:06:07 x", kGood, "--02-29T05:06:07", " x"},
      {"Dec 31 23:59:60 x", kGood, "--12-31T23:59:60", " x"},
      {"Feb 30 05:06:07 x", kBad, "", " x"},
      {"Feb 29 2023 05:06:07 x", kBad, "", " x"},
      {"Mrz  4 05:06:07 x", kBad, "", " x"},
      {"Mar  4 05:06:07x y", kBad, "", " y"},
      {"Mar  0 05:06:07 x", kBad, "", " x"},
      {"Mar  4 05:06 x", kNone, "", "Mar  4 05:06 x"},
      {"Mar 444 05:06:07 x", kNone, "", "Mar 444 05:06:07 x"},
      {"March 4 05:06:07 x", kNone, "", "March 4 05:06:07 x"},
      {"1990 x", kNone, "", "1990 x"},
      {"12345", kNone, "", "12345"},
  });
}

TEST_CASE("every month has its name and its days", "[syslog][rfc3164]") {
  const std::vector<std::pair<std::string, int>> months{
      {"Jan", 31}, {"Feb", 29}, {"Mar", 31}, {"Apr", 30}, {"May", 31}, {"Jun", 30},
      {"Jul", 31}, {"Aug", 31}, {"Sep", 30}, {"Oct", 31}, {"Nov", 30}, {"Dec", 31}};
  for (std::size_t i = 0; i < months.size(); ++i) {
    for (int day = 0; day <= 32; ++day) {
      const std::string text = months[i].first + " " + std::to_string(day) + " 05:06:07";
      CAPTURE(text);
      Stamp stamp;
      std::string_view rest = text;
      const bool is_day = day >= 1 && day <= months[i].second;
      CHECK(take_stamp(rest, stamp) == (is_day ? kGood : kBad));
      if (is_day) CHECK(stamp.month == i + 1);
    }
  }
}

TEST_CASE("a stamp cut at any octet is safe and leaves no half stamp", "[syslog][hostile]") {
  for (const std::string_view whole : {"2026-03-04T05:06:07.123456+01:00",
                                       "Mar  4 2008 05:06:07.123 UTC", "2008 Mar 4 05:06:07"}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const std::string cut(whole.substr(0, length));
      CAPTURE(cut);
      Stamp stamp;
      std::string_view rest = cut;
      const StampFound found = take_stamp(rest, stamp);
      CHECK(stamp.present == (found == kGood));
      if (found != kGood) CHECK(stamp == Stamp{});
      CHECK(cut.ends_with(rest));
      if (found == kNone) CHECK(rest == cut);
    }
  }
}

}  // namespace
}  // namespace sluice::detail
