#include "syslog/parse_pri.h"

#include <catch2/catch.hpp>
#include <string>

namespace sluice::detail {
namespace {

TEST_CASE("PRI is 0..191 in at most three digits (RFC 5424 6.2.1)", "[syslog][rfc5424]") {
  const auto [wire, kind, facility, severity] = GENERATE(table<std::string_view, Pri, int, int>({
      {"<0>", Pri::kGood, 0, 0},
      {"<13>x", Pri::kGood, 1, 5},
      {"<191>", Pri::kGood, 23, 7},
      {"<007>", Pri::kGood, 0, 7},
      {"<192>", Pri::kBad, -1, -1},
      {"<999>", Pri::kBad, -1, -1},
      {"<1234>", Pri::kBad, -1, -1},
      {"<0013>", Pri::kBad, -1, -1},
      {"<>", Pri::kBad, -1, -1},
      {"<", Pri::kBad, -1, -1},
      {"<1", Pri::kBad, -1, -1},
      {"<13", Pri::kBad, -1, -1},
      {"<191", Pri::kBad, -1, -1},
      {"<1a>", Pri::kBad, -1, -1},
      {"<-1>", Pri::kBad, -1, -1},
      {"< 1>", Pri::kBad, -1, -1},
      {"<99999999999999999999>", Pri::kBad, -1, -1},
      {"<invld>", Pri::kInvalid, -1, -1},
      {"<invl", Pri::kBad, -1, -1},
      {"13>", Pri::kNone, -1, -1},
      {"", Pri::kNone, -1, -1},
  }));
  CAPTURE(wire);
  Record record;
  std::string_view rest = wire;
  CHECK(take_pri(rest, record) == kind);
  CHECK((record.facility ? *record.facility : -1) == facility);
  CHECK((record.severity ? *record.severity : -1) == severity);
  if (kind == Pri::kBad || kind == Pri::kNone) CHECK(rest == wire);
  CHECK(pri_length(wire) == (kind == Pri::kGood ? wire.find('>') + 1 : 0));
}

TEST_CASE("every PRI of RFC 5424 is read", "[syslog][rfc5424]") {
  for (int value = 0; value <= 191; ++value) {
    const std::string wire = "<" + std::to_string(value) + ">";
    std::string_view rest = wire;
    Record record;
    REQUIRE(take_pri(rest, record) == Pri::kGood);
    CHECK(*record.facility * 8 + *record.severity == value);
    CHECK(rest.empty());
  }
}

}  // namespace
}  // namespace sluice::detail
