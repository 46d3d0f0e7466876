#include "base/nearest.h"

#include <array>
#include <catch2/catch.hpp>
#include <string>

namespace sluice {
namespace {

constexpr std::array<std::string_view, 5> kNames{"listen", "grace", "window", "tz", "host_ttl"};

TEST_CASE("the nearest name is the one with the fewest typing mistakes", "[base]") {
  const auto [word, meant] = GENERATE(table<std::string, std::string>({
      {"listn", "listen"},    // A letter less.
      {"listten", "listen"},  // One more.
      {"lisden", "listen"},   // Another one.
      {"lisetn", "listen"},   // Two swapped.
      {"Listen", "listen"},   // Case counts for nothing.
      {"LISTEN", "listen"},
      {"hostttl", "host_ttl"},
      {"tt", "tz"},
  }));
  CAPTURE(word);
  REQUIRE(nearest(word, kNames));
  CHECK(*nearest(word, kNames) == meant);
  CHECK(did_you_mean(word, kNames) == "; did you mean \"" + meant + "\"?");
}

TEST_CASE("no name is offered when none is near", "[base]") {
  const std::string word =
      GENERATE(as<std::string>(), "", "x", "destinations", "lst", std::string(1'000'000, 'l'));
  CHECK_FALSE(nearest(word, kNames));
  CHECK(did_you_mean(word, kNames).empty());
}

TEST_CASE("names are listed with or before the last", "[base]") {
  constexpr std::array<std::string_view, 3> kThree{"a", "b", "c"};
  CHECK(list_of(kThree) == "\"a\", \"b\" or \"c\"");
  CHECK(list_of(std::span(kThree).first(1)) == "\"a\"");
  CHECK(list_of({}).empty());
}

}  // namespace
}  // namespace sluice
