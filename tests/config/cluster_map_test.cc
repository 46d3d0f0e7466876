#include "config/cluster_map.h"

#include <catch2/catch.hpp>

#include "config/outcome.h"
#include "config/temporary_folder.h"

namespace sluice {
namespace {

TEST_CASE("a cluster map is read, names first, then patterns as they decide", "[config]") {
  const auto map = decode_cluster_map(R"({
    "$schema": "x",
    "hosts": {
      "*": "rest",
      "db*.example.com": {"cluster": "db", "environment": "prod", "role": "primary"},
      "*.example.net": "a",
      "a*.example.com": "c",
      "Web01.Example.com": "web"  // Any case.
    },
    "aliases": {"Old-Name": "WEB01.example.com"}
  })",
                                      "map.json");
  REQUIRE(map);
  CHECK(map->entries ==
        std::vector<ClusterMapDefinition::Entry>{
            {"web01.example.com", "web", {}},
            {"db*.example.com", "db", {{"environment", "prod"}, {"role", "primary"}}},
            {"a*.example.com", "c", {}},
            {"*.example.net", "a", {}},
            {"*", "rest", {}}});
  CHECK(map->aliases == std::map<std::string, std::string>{{"old-name", "web01.example.com"}});
}

TEST_CASE("a cluster map with a mistake is refused", "[config]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"[]", "map.json: expected an object {...}, got an empty list"},
      {"{}",
       "map.json: the key \"hosts\" is missing; expected \"hosts\": {\"web01.example.com\": "
       "\"web\"}"},
      {R"({"hosts": {}})",
       "map.json: /hosts: expected at least one host; an empty map would move every host to the "
       "default cluster"},
      {R"({"hosts": []})",
       "map.json: /hosts: expected an object such as {\"web01\": \"web\"}, got an empty list"},
      {R"({"host": {"a": "b"}})", "map.json: /host: unknown key; did you mean \"hosts\"?"},
      {R"({"hosts": {"a": 1}})",
       "map.json: /hosts/a: expected a cluster name, or an object of groups, got 1"},
      {R"({"hosts": {"a": "b.c"}})",
       "map.json: /hosts/a: expected one path node, [A-Za-z0-9_-] and at most 200 bytes, got "
       "\"b.c\""},
      {R"({"hosts": {"a": ""}})",
       "map.json: /hosts/a: expected a text that is not empty, got \"\""},
      {R"({"hosts": {"a": {"role": "x"}}})",
       "map.json: /hosts/a: the key \"cluster\" is missing; expected \"cluster\": \"web\""},
      {R"({"hosts": {"a": {"cluster": "x", "ro le": "x"}}})",
       "map.json: /hosts/a/ro le: expected one path node, [A-Za-z0-9_-] and at most 200 bytes, got "
       "\"ro le\""},
      {R"({"hosts": {"a": {"cluster": "x", "role": 1}}})",
       "map.json: /hosts/a/role: expected a text in double quotes, got 1"},
      {R"({"hosts": {"a b": "x"}})",
       "map.json: /hosts/a b: expected a host name or a pattern with '*', at most 255 printable "
       "characters, got \"a b\""},
      {R"({"hosts": {"": "x"}})",
       "map.json: /hosts/: expected a host name or a pattern with '*', at most 255 printable "
       "characters, got \"\""},
      {R"({"hosts": {"a": "x", "A": "y"}})",
       "map.json: /hosts: \"a\" is given twice, in upper and lower case; keep one of them"},
      {R"({"hosts": {"a": "x", "a": "y"}})",
       "map.json: /hosts/a: this key is given twice; keep one of them"},
      {R"({"hosts": {"a": "x"}, "aliases": ["b"]})",
       "map.json: /aliases: expected an object such as {\"old\": \"web01\"}, got a list"},
      {R"({"hosts": {"a": "x"}, "aliases": {"b*": "a"}})",
       "map.json: /aliases/b*: expected a host name without '*', got \"b*\""},
      {R"({"hosts": {"a": "x"}, "aliases": {"b": "a*"}})",
       "map.json: /aliases/b: expected a host name without '*', got \"a*\""},
      {R"({"hosts": {"a": "x"}, "aliases": {"b": "c", "c": "a"}})",
       "map.json: /aliases/b: \"c\" is an alias itself; name the host it stands for"},
      {R"({"hosts": {"a": "x"}, "aliases": {"b": "B"}})",
       "map.json: /aliases/b: \"b\" is an alias itself; name the host it stands for"},
      {R"({"hosts": {"a": "x"}, "aliases": {"a": "b"}})",
       "map.json: /aliases/a: \"a\" is also listed in \"hosts\"; remove one"},
      {R"({"hosts": {"a": "x"}, "aliases": {"b": "a", "B": "c"}})",
       "map.json: /aliases/b: this alias is given twice, in upper and lower case; keep one of "
       "them"},
  }));
  CAPTURE(text);
  CHECK(error_of(decode_cluster_map(text, "map.json")) == message);
}

TEST_CASE("a cluster map comes from a file, and its errors name it", "[config]") {
  const TemporaryFolder folder;
  const std::string file = folder.write("map.json", R"({"hosts": {"a": "b"}})");
  REQUIRE(load_cluster_map(file));
  CHECK(load_cluster_map(file)->entries.size() == 1);
  CHECK(error_of(load_cluster_map(file + "x")) ==
        file + "x: cannot be read: No such file or directory");
  CHECK(error_of(load_cluster_map(folder.write("empty.json", ""))) ==
        folder.path() + "/empty.json: the file is empty; expected a JSON object, at least {}");
}

}  // namespace
}  // namespace sluice
