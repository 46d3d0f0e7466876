#include "base/ascii_case.h"

#include <catch2/catch.hpp>
#include <tuple>

namespace sluice {

TEST_CASE("a part is found whatever its case, of ASCII alone", "[base]") {
  const auto [text, part, is_held] = GENERATE(table<std::string_view, std::string_view, bool>({
      {"web01.example.com", "", true},
      {"web01.example.com", "WEB01", true},
      {"Web01", "eB0", true},
      {"web", "web0", false},
      {"", "a", false},
      {"", "", true},
      {"a@b", "A`b", false},  // '@' and '`' are 32 apart as letters are.
      {"\xc3\x84", "\xe3\xa4", false},
  }));
  CAPTURE(text, part);
  CHECK(holds_word(text, part) == is_held);
}

TEST_CASE("words are the same whatever their case", "[base]") {
  CHECK(is_same_word("Content-Length", "content-LENGTH"));
  CHECK(is_same_word("", ""));
  CHECK_FALSE(is_same_word("web", "web0"));
  CHECK_FALSE(is_same_word("web[", "web{"));
}

}  // namespace sluice
