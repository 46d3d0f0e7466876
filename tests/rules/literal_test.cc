#include "rules/literal.h"

#include <catch2/catch.hpp>

namespace sluice {

TEST_CASE("the octets that a pattern requires are read off its text", "[rules]") {
  const auto [pattern, prefix, inside] =
      GENERATE(table<std::string_view, std::string_view, std::string_view>({
          {"^Applied catalog in (\\d+\\.\\d+) seconds$", "Applied catalog in ", " seconds"},
          {"^(?:Finished catalog run|Applied catalog) in (?P<s>\\d+) seconds$", "", " seconds"},
          {"^\\(/Stage\\[.*\\) change from .* failed: ", "(/Stage[", ") change from "},
          {"failed", "", "failed"},
          {"a|b", "", ""},
          {"^a|b", "", ""},
          {"(?i)failed", "", ""},
          {"^ab?c", "a", "c"},
          {"^ab*", "a", ""},
          {"^ab{2}cd", "a", "cd"},
          {"x[abc]yz", "", "yz"},
          {"x[]a]yz", "", "yz"},
          {"x[[:digit:]]yz", "", "yz"},
          {"\\d+\\s\\w", "", ""},
          {"(a(b)c)def", "", "def"},
          {"(a\\)b)def", "", "def"},
          {"\\Qa.b\\E", "", ""},
          {"a.b", "", "a"},
          {"", "", ""},
          {"^", "", ""},
          {"(", "", ""},
          {"[", "", ""},
          {"\\", "", ""},
          {"content changed '\\{\\w+\\}", "", "content changed '{"},
          {"\\x41bc", "", ""},
          // Braces that are no quantifier stand for themselves.
          {"^Stage{(?P<name>[^}]+)} done$", "Stage{", "} done"},
          {"^size {(?P<a>\\d{1,3})} mb$", "size {", "} mb"},
          {"a{b|c}d", "", ""},
          {"x{(a}b)c", "", "x{"},
          {"ab{2,}cd", "", "cd"},
          {"ab{2,3}?cd", "", "cd"},
          {"\\101BC", "", ""},
          {"^*abc", "", ""},
          {"a$?bcd", "", "bcd"},
          {"(\\Qa)b\\E)c", "", ""},
      }));
  CAPTURE(pattern);
  const RequiredLiterals found = required_literals(pattern);
  CHECK(found.prefix == prefix);
  CHECK(found.inside == inside);
}

TEST_CASE("a pattern is anchored when it can only match at the start", "[rules]") {
  const auto [pattern, expected] = GENERATE(table<std::string_view, bool>({
      {"^a", true},
      {"(?s)^a.*b", true},
      {"^(?:a|b)c", true},
      {"^[|]a", true},
      {"^a\\|b", true},
      {"^a|b", false},
      {"^a|^b", false},
      {"a", false},
      {"(?:^a)", false},
      {"(?m)^a", false},
      {"^*a", false},
      {"^\\Qa|b\\E", false},
      {"", false},
  }));
  CAPTURE(pattern);
  CHECK(is_anchored(pattern) == expected);
}

}  // namespace sluice
