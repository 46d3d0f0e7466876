#include "app/map_change.h"

#include <catch2/catch.hpp>

namespace sluice {
namespace {

ClusterMapDefinition map_of(std::vector<ClusterMapDefinition::Entry> entries) {
  return {.entries = std::move(entries), .aliases = {}};
}

ClusterMapDefinition map_of_size(std::size_t count) {
  ClusterMapDefinition map;
  for (std::size_t i = 0; i < count; ++i) {
    map.entries.push_back({"web" + std::to_string(100 + i), "web", {}});
  }
  return map;
}

TEST_CASE("a change of the map is told by what becomes of hosts", "[app]") {
  ClusterMapDefinition before =
      map_of({{"a", "web", {}}, {"b", "web", {}}, {"c", "db", {{"environment", "prod"}}}});
  ClusterMapDefinition after =
      map_of({{"b", "db", {}}, {"c", "db", {{"environment", "dev"}}}, {"d*", "web", {}}});
  before.aliases = {{"same", "a"}, {"gone", "a"}, {"turned", "a"}};
  after.aliases = {{"same", "a"}, {"turned", "b"}, {"fresh", "b"}};
  CHECK(describe_map_change(before, after) ==
        "2 hosts, 1 patterns; 1 added (d*); 1 removed (a); 1 moved (b from web to db); 1 in other "
        "groups (c); 3 "
        "aliases changed (fresh, turned, gone)");
  CHECK(describe_map_change(before, before) == "3 hosts");
}

TEST_CASE("ten names of a kind are told", "[app]") {
  const ClusterMapDefinition none;
  CHECK(describe_map_change(none, map_of_size(10)) ==
        "10 hosts; 10 added (web100, web101, web102, web103, web104, web105, web106, web107, "
        "web108, web109)");
  CHECK(describe_map_change(none, map_of_size(12)) ==
        "12 hosts; 12 added (web100, web101, web102, web103, web104, web105, web106, web107, "
        "web108, web109 and 2 more)");
}

TEST_CASE("a map shrinks when more than a fifth of its hosts is gone", "[app]") {
  const auto [before, after, expected] = GENERATE(table<std::size_t, std::size_t, bool>({
      {100, 80, false},
      {100, 79, true},
      {100, 101, false},
      {5, 4, false},
      {4, 3, true},
      {1, 1, false},
      {0, 0, false},
  }));
  CAPTURE(before, after);
  CHECK(has_shrunk(map_of_size(before), map_of_size(after)) == expected);
}

}  // namespace
}  // namespace sluice
