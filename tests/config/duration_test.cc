#include "config/duration.h"

#include <catch2/catch.hpp>

#include "config/outcome.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

TEST_CASE("a duration is a whole number and a unit", "[config]") {
  const auto [text, count] = GENERATE(table<std::string, std::int64_t>({
      {"0s", 0},
      {"500ms", 500},
      {"10s", 10'000},
      {"5m", 300'000},
      {"2h", 7'200'000},
      {"7d", 604'800'000},
      {"007s", 7'000},
      {"36500d", 3'153'600'000'000},
  }));
  CAPTURE(text);
  const auto duration = parse_duration(text);
  REQUIRE(duration);
  CHECK(duration->count() == count);
}

TEST_CASE("what is no duration is refused with examples of one", "[config]") {
  const std::string text =
      GENERATE("", "s", "10", "10 s", " 10s", "10s ", "-1s", "+1s", "1.5h", "1h30m", "10S", "10sec",
               "1w", "ms", "36501d", "99999999999999999999s", "18446744073709551615d", "10s\n");
  CAPTURE(text);
  CHECK(error_of(parse_duration(text)).starts_with("expected a duration such as \"500ms\", "));
}

TEST_CASE("the error of a duration quotes what was found", "[config]") {
  CHECK(error_of(parse_duration("ten\nseconds")) ==
        "expected a duration such as \"500ms\", \"10s\", \"5m\", \"2h\" or \"7d\", got "
        "\"ten\\nseconds\"");
}

TEST_CASE("a duration is shown in the largest unit without a fraction", "[config]") {
  const auto [count, text] = GENERATE(table<std::int64_t, std::string>({
      {0, "0s"},
      {1, "1ms"},
      {1'500, "1500ms"},
      {90'000, "90s"},
      {120'000, "2m"},
      {3'600'000, "1h"},
      {86'400'000, "1d"},
      {-1'000, "-1s"},
  }));
  CHECK(format_duration(milliseconds(count)) == text);
}

}  // namespace
}  // namespace sluice
