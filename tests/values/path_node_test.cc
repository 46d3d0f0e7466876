#include "sluice/values/path_node.h"

#include <catch2/catch.hpp>

namespace sluice {

TEST_CASE("any text becomes one path node that carbon takes", "[values]") {
  const auto [text, node] = GENERATE(table<std::string_view, std::string_view>({
      {"web01.example.com", "web01_example_com"},
      {"A-b_9", "A-b_9"},
      {"a b/c..d", "a_b_c__d"},
      {"", "_"},
      {"caf\xc3\xa9", "caf__"},
      {"\xff\x00x", "_"},
      {"2001:db8::7", "2001_db8__7"},
  }));
  CAPTURE(text);
  CHECK(to_path_node(text) == node);
  CHECK(is_metric_path(to_path_node(text)));
}

TEST_CASE("a path node is cut before a file name gets too long", "[values]") {
  CHECK(to_path_node(std::string(300, 'x')).size() == kPathNodeBytesMax);
}

TEST_CASE("a metric path is nodes joined by dots", "[values]") {
  const auto [path, expected] = GENERATE(table<std::string, bool>({
      {"a", true},
      {"puppet.time.catalog_application", true},
      {"", false},
      {".", false},
      {"a.", false},
      {".a", false},
      {"a..b", false},
      {"a b", false},
      {"a/b", false},
      {"a;tag=1", false},
      {"caf\xc3\xa9", false},
      {std::string(200, 'x'), true},
      {std::string(201, 'x'), false},
  }));
  CAPTURE(path);
  CHECK(is_metric_path(path) == expected);
}

}  // namespace sluice
