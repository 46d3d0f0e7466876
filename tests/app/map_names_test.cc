#include "app/map_names.h"

#include <catch2/catch.hpp>

namespace sluice {
namespace {

const HostNameOptions kShort{.form = HostNameForm::kShort};
const HostNameOptions kFqdn{.form = HostNameForm::kFqdn, .domain = "example.com"};

std::string failure(ClusterMapDefinition map, const HostNameOptions& names) {
  const auto named = with_host_names(std::move(map), names);
  return named ? "" : named.error().message();
}

}  // namespace

TEST_CASE("a map of whole names serves a relay that cuts them, and the other way round", "[app]") {
  const ClusterMapDefinition map{
      {{"web1.example.com", "web", {{"role", "front"}}},
       {"db1", "db", {}},
       {"w*.example.com", "web", {}}},
      {{"old.example.com", "web1.example.com"}, {"db1.example.com", "db1"}}};
  const auto cut = with_host_names(map, kShort);
  REQUIRE(cut);
  CHECK(cut->entries ==
        std::vector<ClusterMapDefinition::Entry>{{"web1", "web", {{"role", "front"}}},
                                                 {"db1", "db", {}},
                                                 {"w*.example.com", "web", {}}});
  CHECK(cut->aliases == std::map<std::string, std::string>{{"old", "web1"}});
  const auto completed = with_host_names(map, kFqdn);
  REQUIRE(completed);
  CHECK(completed->entries[1].host == "db1.example.com");
  CHECK(completed->aliases ==
        std::map<std::string, std::string>{{"old.example.com", "web1.example.com"}});
  CHECK(with_host_names(map, {}) == map);
}

TEST_CASE("two names that become one are refused unless the map says the same of both", "[app]") {
  CHECK(failure({{{"a.x", "web", {}}, {"a.y", "web", {}}}, {}}, kShort).empty());
  CHECK(failure({{{"a.x", "web", {}}, {"a.y", "db", {}}}, {}}, kShort) ==
        R"(/hosts: "a.x" and "a.y" are both called "a" ("host_names"), but are in different )"
        "clusters or groups");
  CHECK(failure({{{"a.x", "web", {}}, {"b.x", "web", {}}}, {{"b.y", "a.x"}}}, kShort) ==
        R"(/aliases: "b" is the name of a host too, as "host_names" has them called)");
  CHECK(failure({{}, {{"c.x", "a.x"}, {"c.y", "b.x"}}}, kShort) ==
        R"(/aliases: "c.y" is called "c" ("host_names"), which stands for both "a" and "b")");
  CHECK(
      failure({{}, {{"c.x", "b.x"}, {"b.y", "a.x"}}}, kShort) ==
      R"(/aliases: "c" stands for "b", which is an alias itself, as "host_names" has them called)");
}

}  // namespace sluice
