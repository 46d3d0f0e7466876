#include "rules/number.h"

#include <catch2/catch.hpp>
#include <string>

namespace sluice {

TEST_CASE("a capture is a number if it spells one, finite and whole", "[rules]") {
  const auto [text, expected] = GENERATE(table<std::string, std::optional<double>>({
      {"12.34", 12.34},
      {"0.50", 0.5},
      {"-3", -3.0},
      {"+3", 3.0},
      {"1e3", 1000.0},
      {"1,234", 1234.0},
      {"12,345,678.5", 12345678.5},
      {"-1,000", -1000.0},
      {"1,23", std::nullopt},
      {"1,2345", std::nullopt},
      {",123", std::nullopt},
      {"1,,234", std::nullopt},
      {"", std::nullopt},
      {"-", std::nullopt},
      {"12s", std::nullopt},
      {" 12", std::nullopt},
      {"nan", std::nullopt},
      {"inf", std::nullopt},
      {"1e999", std::nullopt},
      {"0x10", std::nullopt},
      {std::string(65, '1'), std::nullopt},
  }));
  CAPTURE(text);
  CHECK(parse_number(text) == expected);
}

}  // namespace sluice
