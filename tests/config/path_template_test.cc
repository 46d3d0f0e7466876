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
      {"all", "fleet"},
      {"all", "{prefix}.{instance}"},
      {"relays", "{prefix}.relays.{instance}"},
  }));
  CHECK(parse_path_template(scope, text) == text);
}

TEST_CASE("what is no path template is refused", "[config]") {
  const auto [scope, text, message] = GENERATE(table<std::string, std::string, std::string>({
      {"hosts", "hosts.{cluster}",
       "without {host} all hosts would share one path; got "
       "\"hosts.{cluster}\""},
      {"clusters", "all", "without {cluster} all clusters would share one path; got \"all\""},
      {"clusters", "{host}", "{host} has no meaning in a path of \"clusters\""},
      {"all", "a.{cluster}", "{cluster} has no meaning in a path of \"all\""},
      {"relays", "a.{host}", "{host} has no meaning in a path of \"relays\""},
      {"hosts", "{hots}",
       "unknown placeholder {hots}; known are {prefix}, {instance}, {cluster} and {host}; did you "
       "mean \"host\"?"},
      {"hosts", "{}",
       "unknown placeholder {}; known are {prefix}, {instance}, {cluster} and {host}"},
      {"hosts", "a.{host", "a '{' without its '}' in \"a.{host\""},
      {"hosts", "a..{host}",
       "expected path nodes of [A-Za-z0-9_-] and placeholders joined by dots, such as "
       "\"{prefix}.hosts.{cluster}.{host}\", got \"a..{host}\""},
      {"hosts", "a b.{host}",
       "expected path nodes of [A-Za-z0-9_-] and placeholders joined by dots, such as "
       "\"{prefix}.hosts.{cluster}.{host}\", got \"a b.{host}\""},
      {"hosts", "{host}.",
       "expected path nodes of [A-Za-z0-9_-] and placeholders joined by dots, such as "
       "\"{prefix}.hosts.{cluster}.{host}\", got \"{host}.\""},
  }));
  CHECK(error_of(parse_path_template(scope, text)) == message);
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
