#include "sluice/values/graphite_line.h"

#include <bit>
#include <catch2/catch.hpp>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace sluice {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

Timestamp at_second(std::int64_t second) { return Timestamp(std::chrono::seconds(second)); }

TEST_CASE("a Graphite line is a path, a value and a timestamp", "[values][graphite]") {
  const auto [text, path, value, second] =
      GENERATE(table<std::string_view, std::string_view, double, std::int64_t>({
          {"web01.load.shortterm 1.5 1732000000", "web01.load.shortterm", 1.5, 1732000000},
          {"a\t-3\t1732000000", "a", -3, 1732000000},
          {"  a \t 1e3   1732000000 \r", "a", 1000, 1732000000},
          {"a +.5 +1732000000", "a", 0.5, 1732000000},
          {"a 5. 1.732e9", "a", 5, 1732000000},
          {"a;host=web01;cpu=0 7 1", "a;host=web01;cpu=0", 7, 1},
          {"puppetlabs.http.puppet-v3-catalog-/*/-percentage 0 1732000000",
           "puppetlabs.http.puppet-v3-catalog-/*/-percentage", 0, 1732000000},
          {"caf\xe9.\xff\xfe.\xc3\xa9 1 1732000000", "caf\xe9.\xff\xfe.\xc3\xa9", 1, 1732000000},
          {"a 1\v2", "a", 1, 2},
      }));
  CAPTURE(text);
  GraphiteLine line;
  REQUIRE(parse_graphite_line(text, line) == LineError::kNone);
  CHECK(line.path == path);
  CHECK(line.value == value);
  CHECK(line.has_number());
  REQUIRE(line.time);
  CHECK(*line.time == at_second(second));
}

TEST_CASE("what is no Graphite line is refused by the field that is wrong", "[values][graphite]") {
  const auto [text, error] = GENERATE(table<std::string_view, LineError>({
      {"", LineError::kFields},
      {"   \t", LineError::kFields},
      {"a", LineError::kFields},
      {"a 1", LineError::kFields},
      {"a 1 ", LineError::kFields},
      {"a 1 2 3", LineError::kFields},
      {"<13>Nov 22 07:40:00 web01 puppet-agent[12]: text", LineError::kFields},
      {"a\0b 1 1732000000"sv, LineError::kPath},
      {"a\x1b[31m 1 1732000000", LineError::kPath},
      {"a\x7f 1 1732000000", LineError::kPath},
      {"a x 1732000000", LineError::kValue},
      {"a 0x10 1732000000", LineError::kValue},
      {"a 1,5 1732000000", LineError::kValue},
      {"a 1_000 1732000000", LineError::kValue},
      {"a 1e999 1732000000", LineError::kValue},
      {"a 1.5s 1732000000", LineError::kValue},
      {"a +-1 1732000000", LineError::kValue},
      {"a ++1 1732000000", LineError::kValue},
      {"a + 1732000000", LineError::kValue},
      {"a 1\0 1732000000"sv, LineError::kValue},
      {"a 1 N", LineError::kTimestamp},
      {"a 1 now", LineError::kTimestamp},
      {"a 1 0", LineError::kTimestamp},
      {"a 1 -2", LineError::kTimestamp},
      {"a 1 nan", LineError::kTimestamp},
      {"a 1 inf", LineError::kTimestamp},
      {"a 1 1732000000Z", LineError::kTimestamp},
      {"a 1 2024-11-19T07:06:40Z", LineError::kTimestamp},
  }));
  CAPTURE(text);
  GraphiteLine line;
  CHECK(parse_graphite_line(text, line) == error);
}

TEST_CASE("a path may have as many octets as a file's path", "[values][graphite]") {
  GraphiteLine line;
  const std::string longest(kGraphiteLinePathMax, 'a');
  CHECK(parse_graphite_line(longest + " 1 2", line) == LineError::kNone);
  CHECK(parse_graphite_line(longest + "a 1 2", line) == LineError::kPath);
}

TEST_CASE("nan and inf are values without a number", "[values][graphite]") {
  const std::string value = GENERATE("nan", "NaN", "-nan", "inf", "-inf", "Infinity", "+INF");
  CAPTURE(value);
  GraphiteLine line;
  REQUIRE(parse_graphite_line("a " + value + " 1732000000", line) == LineError::kNone);
  CHECK_FALSE(line.has_number());
}

TEST_CASE("a timestamp may have a fraction, be -1 for now, and is bounded", "[values][graphite]") {
  GraphiteLine line;
  REQUIRE(parse_graphite_line("a 1 1732000000.25", line) == LineError::kNone);
  CHECK(line.time == Timestamp(at_second(1732000000) + 250ms));
  for (const char* now : {"a 1 -1", "a 1 -1.0"}) {
    REQUIRE(parse_graphite_line(now, line) == LineError::kNone);
    CHECK_FALSE(line.time);
  }
  for (const char* far : {"a 1 1732000000000", "a 1 1e300"}) {
    REQUIRE(parse_graphite_line(far, line) == LineError::kNone);
    CHECK(line.time == at_second(9'000'000'000));
  }
}

TEST_CASE("a value is the double nearest to its decimals, to the bit", "[values][graphite]") {
  std::mt19937_64 random(7);
  std::vector<std::string> texts{"0",
                                 "-0",
                                 "1.",
                                 ".5",
                                 "-.5",
                                 ".",
                                 "-",
                                 "",
                                 "1..2",
                                 "1.2.",
                                 "0.1",
                                 "0.3",
                                 "1e3",
                                 "00.1",
                                 "1-2",
                                 "--1",
                                 "1,5",
                                 "0x1p",
                                 "9007199254740993",
                                 "999999999999999",
                                 "9999999999999999",
                                 ".999999999999999",
                                 "0.000000000000001"};
  for (int i = 0; i < 20'000; ++i) {
    std::string text = std::to_string(random() % 1'000'000'000'000'000'000U >> random() % 60);
    text.insert(random() % (text.size() + 1), ".");
    texts.push_back(random() % 4 == 0 ? '-' + text : text);
  }
  for (const std::string& text : texts) {
    CAPTURE(text);
    double expected = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), expected);
    GraphiteLine line;
    const std::string whole = "a " + text + " 1732000000";
    const LineError found = parse_graphite_line(whole, line);
    if (error != std::errc{} || end != text.data() + text.size()) {
      CHECK(found == (text.empty() ? LineError::kFields : LineError::kValue));
      continue;
    }
    REQUIRE(found == LineError::kNone);
    CHECK(std::bit_cast<std::uint64_t>(line.value) == std::bit_cast<std::uint64_t>(expected));
  }
}

TEST_CASE("each octet that ends a path, or spoils it, does so wherever it stands",
          "[values][graphite]") {
  for (unsigned octet = 0; octet < 256; ++octet) {
    for (std::size_t place = 1; place + 1 < 40; ++place) {
      std::string path(40, 'p');
      path[place] = static_cast<char>(octet);
      const std::string whole = path + " 1 1732000000";
      CAPTURE(octet, place);
      GraphiteLine line;
      const LineError found = parse_graphite_line(whole, line);
      if (std::string_view(" \t\r\v\f").contains(static_cast<char>(octet))) {
        CHECK(found == LineError::kFields);  // There are four.
      } else if (octet < 0x20 || octet == 0x7f) {
        CHECK(found == LineError::kPath);
      } else {
        CHECK(found == LineError::kNone);
        CHECK(line.path == path);
      }
    }
  }
}

TEST_CASE("a datagram is cut into its lines", "[values][graphite]") {
  const auto [datagram, expected] =
      GENERATE(table<std::string_view, std::vector<std::string_view>>({
          {"", {}},
          {"\n\r\n\n", {}},
          {"a 1 2", {"a 1 2"}},
          {"a 1 2\n", {"a 1 2"}},
          {"a 1 2\r\nb 1 2\n\nc", {"a 1 2", "b 1 2", "c"}},
          {"\na\rb\n", {"a\rb"}},
      }));
  CAPTURE(datagram);
  std::string_view rest = datagram;
  std::vector<std::string_view> lines;
  for (std::string_view line; next_graphite_line(rest, line);) lines.push_back(line);
  CHECK(lines == expected);
}

}  // namespace
}  // namespace sluice
