#include "config/path_template.h"

#include <catch2/catch.hpp>

#include "config/outcome.h"

namespace sluice {
namespace {

TEST_CASE("a path template is one for its scope", "[config]") {
  const auto [scope, text] = GENERATE(table<std::string, std::string>({
      {"hosts", "{prefix}.hosts.{cluster}.{host}"},
      {"hosts", "hosts.{host}"},
      {"hosts", "{instance}.x-{host}_y"},
      {"clusters", "{prefix}.clusters.{cluster}"},
      {"groups", "{prefix}.by.{group}.{value}"},
      {"groups", "{group}-{value}"},
      {"all", "fleet"},
      {"all", "{prefix}.{instance}"},
      {"relays", "{prefix}.relays.{instance}"},
  }));
  CHECK(parse_path_template(scope, text) == text);
}

TEST_CASE("what is no path template is refused", "[config]") {
  const auto [scope, text] = GENERATE(table<std::string, std::string>({
      {"hosts", "hosts.{cluster}"},  // All hosts of a cluster would share one path.
      {"clusters", "all"},
      {"clusters", "{host}"},
      {"groups", "by.{group}"},
      {"groups", "by.{value}"},
      {"groups", "by.{group}.{value}.{host}"},
      {"all", "a.{cluster}"},
      {"relays", "a.{host}"},
      {"hosts", "{hots}"},
      {"hosts", "{}"},
      {"hosts", "a.{host"},
      {"hosts", "a..{host}"},
      {"hosts", "a b.{host}"},
      {"hosts", "{host}."},
      {"all", ""},
  }));
  CAPTURE(scope, text);
  CHECK(error_of(parse_path_template(scope, text)).starts_with("expected "));
}

TEST_CASE("two scopes never share a path", "[config]") {
  CHECK(check_paths_differ({}, "sluice"));
  CHECK(check_paths_differ({{"hosts", "hosts.{host}"}}, "sluice"));
  CHECK(error_of(check_paths_differ({{"hosts", "x.{host}"}, {"clusters", "x.{cluster}"}}, "s")) ==
        "the paths of \"hosts\" and \"clusters\" can be the same; add a node that tells them "
        "apart");
  CHECK(error_of(check_paths_differ({{"hosts", "s.clusters.{host}"}}, "s")) ==
        "the paths of \"hosts\" and \"clusters\" can be the same; add a node that tells them "
        "apart");
  CHECK(error_of(check_paths_differ({{"groups", "{prefix}.hosts.{group}.{value}"}}, "s")) ==
        "the paths of \"hosts\" and \"groups\" can be the same; add a node that tells them apart");
  CHECK(error_of(check_paths_differ({{"relays", "{prefix}.all"}}, "s")) ==
        "the paths of \"all\" and \"relays\" can be the same; add a node that tells them apart");
}

TEST_CASE("nodes and prefixes are of the characters of paths", "[config]") {
  CHECK(parse_path_node("Web-01_x"));
  CHECK(error_of(parse_path_node("a.b")) ==
        "expected one path node, [A-Za-z0-9_-] and at most 200 bytes, got \"a.b\"");
  CHECK_FALSE(parse_path_node(""));
  CHECK_FALSE(parse_path_node(std::string(201, 'a')));
  CHECK(parse_prefix("a.B-c"));
  CHECK(error_of(parse_prefix("a..b")) ==
        "expected path nodes of [A-Za-z0-9_-] joined by dots, got \"a..b\"");
}

}  // namespace
}  // namespace sluice
