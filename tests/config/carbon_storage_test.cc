#include "config/carbon_storage.h"

#include <catch2/catch.hpp>

namespace sluice {

TEST_CASE("a retention is a step and a number of points or a time, as whisper reads it",
          "[config]") {
  CHECK(parse_retention("60s:7d") == Retention{60, 7 * 1440});
  CHECK(parse_retention("60:1440") == Retention{60, 1440});
  CHECK(parse_retention("1min:1years") == Retention{60, 365 * 1440});
  CHECK(parse_retention("1h:1w") == Retention{3600, 168});
  for (const char* wrong :
       {"", "60s", ":7d", "60s:", "0:7d", "x:7d", "60s:7q", "-1:5", "60s:-7d"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_retention(wrong));
  }
}

TEST_CASE("storage-schemas.conf is read as carbon reads it", "[config]") {
  const auto schemas = decode_storage_schemas(
      "# comment\n"
      "[carbon]\n"
      "pattern = ^carbon\\.\n"
      "retentions = 60:90d\n"
      "; another\n"
      "[no pattern]\n"
      "retentions = 1m:1d\n"
      "[no retentions]\n"
      "Pattern: x\n"
      "\n"
      "[default]\n"
      "PATTERN = .*\r\n"
      "retentions = 5m:30d,\n"
      "  60s:1d , 1h:3y\n");
  REQUIRE(schemas);
  REQUIRE(schemas->size() == 2);
  CHECK((*schemas)[0].pattern == "^carbon\\.");
  CHECK((*schemas)[1].name == "default");
  CHECK((*schemas)[1].pattern == ".*");
  CHECK(format_retentions((*schemas)[1].retentions) == "60s:1d,5m:30d,1h:3y");
}

TEST_CASE("what carbon would not start with is refused, with the line", "[config]") {
  const auto message = [](std::string_view text) {
    const auto schemas = decode_storage_schemas(text);
    return schemas ? std::string() : std::string(schemas.error().message());
  };
  CHECK(message("pattern = x\n") ==
        "line 1: expected a section such as [default], found \"pattern = x\"");
  CHECK(message("[a\n") == "line 1: expected ']' after the name of a section");
  CHECK(message("\n[a]\nnonsense\n") == "line 3: expected \"name = value\", found \"nonsense\"");
  CHECK(message("[a]\npattern = x\nretentions = 60s\n") ==
        "line 1: section [a]: retentions: expected STEP:TIME such as \"60s:7d\", found \"60s\"; "
        "carbon does not start with it");
}

TEST_CASE("storage-aggregation.conf: carbon's defaults stand for what is missing", "[config]") {
  const auto rules = decode_storage_aggregation(
      "[count]\npattern = \\.count$\nxFilesFactor = 0\naggregationMethod = max\n"
      "[rest]\npattern = .*\n");
  REQUIRE(rules);
  REQUIRE(rules->size() == 2);
  CHECK((*rules)[0].method == "max");
  CHECK((*rules)[0].x_files_factor == 0);
  CHECK((*rules)[1].method == "average");
  CHECK((*rules)[1].x_files_factor == 0.5);
  CHECK_FALSE(decode_storage_aggregation("[a]\npattern = x\nxFilesFactor = 2\n"));
}

TEST_CASE("a whisper file has 12 octets a point", "[config]") {
  // Debian's whisper-create makes these.
  CHECK(whisper_file_bytes({{60, 1440}}) == 17'308);
  CHECK(whisper_file_bytes({{60, 1440}, {300, 8640}, {3600, 26280}}) == 436'372);
}

}  // namespace sluice
