#include <catch2/catch.hpp>

#include "sluice/pipeline/cluster_map.h"
#include "sluice/pipeline/host_name.h"

namespace sluice {

TEST_CASE("hosts have one name, however they are written", "[pipeline]") {
  using enum HostNameForm;
  const auto [form, hostname, peer, expected] =
      GENERATE(table<HostNameForm, std::string_view, std::string_view, std::string_view>({
          {kAsSent, "web01", "10.0.0.1", "web01"},
          {kAsSent, "Web01.Example.COM", "10.0.0.1", "web01.example.com"},
          {kAsSent, "web01.", "10.0.0.1", "web01"},
          {kAsSent, "", "10.0.0.1", "10.0.0.1"},
          {kShort, "Web01.example.com", "", "web01"},
          {kShort, "10.1.2.3", "", "10.1.2.3"},
          {kShort, "", "2001:db8::7", "2001:db8::7"},
          {kFqdn, "web01", "", "web01.example.com"},
          {kFqdn, "web01.other.org", "", "web01.other.org"},
          {kFqdn, "10.1.2.3", "", "10.1.2.3"},
          {kShort, "[10.0.0.1]", "", "10.0.0.1"},
          {kFqdn, "[2001:DB8::7]", "", "2001:db8::7"},
      }));
  CAPTURE(hostname);
  std::string scratch;
  CHECK(canonical_host(hostname, peer, {.form = form, .domain = "example.com"}, scratch) ==
        expected);
}

TEST_CASE("the map decides, then wildcards, then patterns, then the default", "[pipeline]") {
  ClusterMapDefinition definition;
  definition.entries = {{"web01.example.com", "special", {}},
                        {"db*.example.com", "db", {}},
                        {"*.example.com", "rest", {}}};
  definition.aliases = {{"old-web", "web01.example.com"}};
  const auto map = ClusterMap::make(
      definition, {.patterns = {"^(?P<cluster>[a-z]+)-\\d+$"}, .fallback = "other"});
  REQUIRE(map);
  const auto [host, cluster, by] =
      GENERATE(table<std::string_view, std::string_view, ClusterMatch::By>({
          {"web01.example.com", "special", ClusterMatch::By::kMap},
          {"old-web", "special", ClusterMatch::By::kMap},
          {"db7.eu.example.com", "db", ClusterMatch::By::kWildcard},
          {"mail.example.com", "rest", ClusterMatch::By::kWildcard},
          {"cache-17", "cache", ClusterMatch::By::kPattern},
          {"laptop", "other", ClusterMatch::By::kDefault},
      }));
  CAPTURE(host);
  CHECK((*map)->cluster_of(host).cluster == cluster);
  CHECK((*map)->cluster_of(host).by == by);
  CHECK((*map)->is_mapped(host) == (by != ClusterMatch::By::kDefault));
}

TEST_CASE("the map tells the groups of a host, and which hosts are expected", "[pipeline]") {
  ClusterMapDefinition definition;
  definition.entries = {{"web01", "web", {{"environment", "prod"}}},
                        {"db*", "db", {{"environment", "test"}}},
                        {"bare", "web", {}}};
  definition.aliases = {{"old-web", "web01"}};
  const auto map = ClusterMap::make(definition, {});
  REQUIRE(map);
  using Groups = std::map<std::string, std::string>;
  CHECK((*map)->groups_of("web01") == Groups{{"environment", "prod"}});
  CHECK((*map)->groups_of("old-web") == Groups{{"environment", "prod"}});
  CHECK((*map)->groups_of("db7") == Groups{{"environment", "test"}});
  CHECK((*map)->groups_of("bare").empty());
  CHECK((*map)->groups_of("stranger").empty());
  CHECK((*map)->hosts() == std::vector<std::string_view>{"web01", "bare"});
}

TEST_CASE("a cluster pattern must compile and name its capture", "[pipeline]") {
  CHECK(ClusterMap::make({}, {.patterns = {"^web"}}).error().message() ==
        "pattern 0: expected a capture (?P<cluster>...) in \"^web\"");
  CHECK(ClusterMap::make({}, {.patterns = {"("}})
            .error()
            .message()
            .starts_with("pattern 0: expected an RE2 pattern"));
}

}  // namespace sluice
