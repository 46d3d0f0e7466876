#include "rules/number.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <charconv>
#include <random>
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

TEST_CASE("short decimals are the doubles that from_chars() makes of them", "[rules]") {
  std::mt19937_64 random(20261130);
  for (int i = 0; i < 50'000; ++i) {
    std::string text = std::to_string(random());
    text.resize(1 + random() % std::min<std::size_t>(text.size(), 18));
    if (random() % 4 != 0) text.insert(random() % (text.size() + 1), ".");
    if (random() % 8 == 0) text.insert(0, "0");
    double expected = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), expected);
    const bool is_number = error == std::errc{} && end == text.data() + text.size();
    const auto found = parse_number(text);
    if (found.has_value() == is_number && (!is_number || *found == expected)) continue;
    CAPTURE(text);
    FAIL("not what from_chars() makes of it");
  }
}

}  // namespace sluice
