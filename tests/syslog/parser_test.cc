#include "sluice/syslog/parser.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "syslog/fields.h"

namespace sluice {
namespace {

using namespace std::string_view_literals;

TEST_CASE("one line ending or NUL at the end belongs to the transport", "[syslog]") {
  const auto [wire, raw] = GENERATE(table<std::string_view, std::string_view>({
      {"<13>a: b"sv, "<13>a: b"sv},
      {"<13>a: b\n"sv, "<13>a: b"sv},
      {"<13>a: b\r\n"sv, "<13>a: b"sv},
      {"<13>a: b\0"sv, "<13>a: b"sv},
      {"<13>a: b\n\0"sv, "<13>a: b"sv},
      {"<13>a: b\r\n\0"sv, "<13>a: b"sv},
      {"<13>a: b\0\n"sv, "<13>a: b"sv},
      {"<13>a: b\n\n"sv, "<13>a: b\n"sv},
      {"<13>a: b\0\0"sv, "<13>a: b\0"sv},
      {"\n"sv, ""sv},
      {"\0"sv, ""sv},
      {""sv, ""sv},
  }));
  Record record;
  parse_message(wire, record);
  CHECK(record.raw == raw);
  CHECK(test::is_inside(record.raw, wire));
}

TEST_CASE("nothing at all is an empty message", "[syslog]") {
  for (const std::string_view wire : {""sv, "\n"sv, "\r\n"sv, "\0"sv}) {
    Record record;
    CHECK(parse_message(wire, record) == ParseError::kEmpty);
    CHECK(record.error == ParseError::kEmpty);
    CHECK_FALSE(record.has_message);
  }
}

TEST_CASE("without a PRI the header is read all the same", "[syslog]") {
  Record record;
  CHECK(parse_message("Mar  4 05:06:07 db7 cron[42]: started", record) == ParseError::kNoPri);
  CHECK_FALSE(record.facility.has_value());
  CHECK_FALSE(record.severity.has_value());
  CHECK(record.hostname == "db7");
  CHECK(record.app_name == "cron");
  CHECK(record.message == "started");
}

TEST_CASE("what begins like a PRI but is none is all text", "[syslog]") {
  for (const std::string_view wire :
       {"<192>Mar  4 05:06:07 db7 a: b"sv, "<>a: b"sv, "<13 Mar  4 05:06:07 db7 a: b"sv,
        "<1234>a: b"sv, "<1a>a: b"sv, "<"sv, "<1"sv, "<13"sv}) {
    CAPTURE(wire);
    Record record;
    CHECK(parse_message(wire, record) == ParseError::kNoPri);
    CHECK(record.message == wire);
    CHECK(record.app_name.empty());
    CHECK_FALSE(record.stamp.present);
  }
}

TEST_CASE("behind rsyslog's <invld> stands a good header", "[syslog][rsyslog]") {
  Record record;
  CHECK(parse_message("<invld>Mar  4 05:06:07 db7 cron[42]: started", record) ==
        ParseError::kNoPri);
  CHECK_FALSE(record.facility.has_value());
  CHECK(record.hostname == "db7");
  CHECK(record.procid == "42");
  CHECK(record.message == "started");
}

TEST_CASE("white space before a PRI is skipped, before a text it is kept", "[syslog]") {
  Record record;
  CHECK(parse_message("\n \t<13>1 - db7 - - - - x", record) == ParseError::kNone);
  CHECK(record.hostname == "db7");
  CHECK(parse_message("  plain", record) == ParseError::kNoPri);
  CHECK(record.message == "  plain");
}

TEST_CASE("a record is overwritten as a whole", "[syslog]") {
  Record record;
  parse_message("<13>1 2026-03-04T05:06:07Z db7 cron 42 M1 [a b=\"c\"] text", record);
  record.truncated = true;
  parse_message("x", record);
  CHECK(record.hostname.empty());
  CHECK(record.structured_data.empty());
  CHECK_FALSE(record.stamp.present);
  CHECK_FALSE(record.truncated);
  CHECK_FALSE(record.facility.has_value());
}

TEST_CASE("an empty MSG is told from an absent one", "[syslog]") {
  const auto [wire, has_message] = GENERATE(table<std::string_view, bool>({
      {"<13>1 - - - - - -", false},
      {"<13>1 - - - - - - ", true},
      {"<13>1 - - - - - - x", true},
      {"<13>Mar  4 05:06:07 db7", false},
      {"<13>Mar  4 05:06:07 db7 cron:", false},
      {"<13>Mar  4 05:06:07 db7 cron: x", true},
  }));
  CAPTURE(wire);
  Record record;
  parse_message(wire, record);
  CHECK(record.has_message == has_message);
}

// Views must lie in the input, and a message is malformed or has a PRI.
bool is_sound(std::string_view bytes) {
  Record record;
  const ParseError error = parse_message(bytes, record);
  return test::are_views_inside(record, bytes) && error == record.error &&
         record.facility.has_value() == record.severity.has_value() &&
         (record.facility.has_value() || error == ParseError::kNoPri ||
          error == ParseError::kEmpty);
}

TEST_CASE("every input of up to three octets is parsed soundly", "[syslog][hostile]") {
  std::string bytes;
  REQUIRE(is_sound(bytes));
  std::size_t unsound = 0;
  for (int a = 0; a < 256; ++a) {
    bytes.assign(1, static_cast<char>(a));
    unsound += !is_sound(bytes);
    for (int b = 0; b < 256; ++b) {
      bytes.assign({static_cast<char>(a), static_cast<char>(b)});
      unsound += !is_sound(bytes);
      for (int c = 0; c < 256; ++c) {
        bytes.assign({static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)});
        unsound += !is_sound(bytes);
      }
    }
  }
  CHECK(unsound == 0);
}

TEST_CASE("every message cut at every octet is parsed soundly", "[syslog][hostile]") {
  const std::vector<std::string_view> wires{
      "<13>1 2026-03-04T05:06:07.123456+01:00 db7 cron 42 M1 [a b=\"c\\\"\\]\"][d e=f] "
      "\xEF\xBB\xBFtext",
      "<13>Mar  4 2008 05:06:07.123 UTC: 2001:db8::7 a/b(c)[42]: [ID 702911 user.error] text",
      "<189>29: r1: *Mar  4 05:06:07.5: %SYS-5-CONFIG_I: by vty",
      "<189>138: RP/0/RP0/CPU0:Dec 11 12:43:29.227 EST: snmpd[1002]: %A-B-3-C : got",
      "<38>Sep 22 10:11:56 Message forwarded from aix1: sshd[5]: in",
      "<187>: 2013 Jun 14 09:12:31.123 PST: %ETHPORT-5-IF_UP: up",
      "<invld>2026-03-04T05:06:07.\xB7"
      "789+02:00 h : %FTD-6-3: x",
  };
  for (const std::string_view wire : wires) {
    for (std::size_t from = 0; from < wire.size(); ++from) {
      for (std::size_t length = 0; length <= wire.size() - from; ++length) {
        const std::string cut(wire.substr(from, length));
        if (!is_sound(cut)) FAIL("unsound: " << cut);
      }
    }
  }
}

TEST_CASE("long hostile inputs take linear time", "[syslog][hostile]") {
  constexpr std::size_t kOctets = 1'000'000;
  for (const std::string_view piece : {"[", "[a]", "[a b=\"", "\\", "\"", ":", "::", "1", " ", "-",
                                       "<", "a[", "]", "/", "1:", "2001:", "%", "\xFF"}) {
    for (const std::string_view front :
         {"", "<13>", "<13>1 - - - - - ", "<13>Mar  4 05:06:07 ", "<13>Mar  4 05:06:07 h "}) {
      std::string wire(front);
      while (wire.size() < kOctets) wire += piece;
      CHECK(is_sound(wire));
    }
  }
}

}  // namespace
}  // namespace sluice
