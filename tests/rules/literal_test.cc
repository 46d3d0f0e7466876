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
          {"^ab{02}cd", "ab{02}cd", ""},
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

TEST_CASE("a pattern is cut at the last literal in front of its groups", "[rules]") {
  const auto [pattern, literal, end] =
      GENERATE(table<std::string_view, std::string_view, std::string_view>({
          {"^cpu:? (?:\\S+ )*?user=(?P<p>\\d+)%?$", "user=", "^user=(?P<p>\\d+)%?$"},
          {"(?s)^.* of (\\w+)", " of ", "(?s)^ of (\\w+)"},
          {"took (\\d+)", "", ""},   // Nothing in front.
          {"^took (\\d+)", "", ""},  // Or nothing but '^'.
          {"\\w+ took \\w* *(\\d+)", " took ", "^ took \\w* *(\\d+)"},
          {"a*\\(b\\.(c)", "(b.", "^\\(b\\.(c)"},
          {"a* b?(c)", " ", "^ b?(c)"},
          {"a*(?:b(c))", "", ""},
          {"a*x(?:b(c)|[(]d)", "x", "^x(?:b(c)|[(]d)"},
          {"a*x(?:b)", "", ""},  // No group.
          {"a*x(?P<a>b)", "x", "^x(?P<a>b)"},
          {"(a)*x(b)", "", ""},  // A group in front.
          {"a*x(?:y|(?:[)(]|\\((z)))", "x", "^x(?:y|(?:[)(]|\\((z)))"},
          {"a*x(b)|c", "", ""},
          {"(?i)a*x(b)", "", ""},
          {"a*(?i)x(b)", "", ""},
          {"a*\\Qx\\E(b)", "", ""},
          // What looks at the octet in front, or asks for the beginning.
          {"a*x(b)\\b", "", ""},
          {"a*x(?:\\B|c)(b)", "", ""},
          {"a*x(\\A|b)", "", ""},
          {"a*x(^|b)", "", ""},
          {"a*x([^b]\\\\b)$", "x", "^x([^b]\\\\b)$"},
          {"", "", ""},
      }));
  CAPTURE(pattern);
  const auto found = end_with_groups(pattern);
  CHECK((found ? found->literal : "") == literal);
  CHECK((found ? found->pattern : "") == end);
}

TEST_CASE("a pattern is anchored when it can only match at the start", "[rules]") {
  const auto [pattern, expected] = GENERATE(table<std::string_view, bool>({
      {"^a", true},
      {"(?s)^a.*b", true},
      {"^(?:a|b)c", true},
      {"^[|]a", true},
      {"^a\\|b", true},
      {"^a|b", false},
      {"^a|^b", true},
      {"(?s)^a|^b(?:c|d)|^", true},
      {"^a|", false},
      {"^a|^*b", false},
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
