#include "sluice/rules/pattern.h"

#include <catch2/catch.hpp>

namespace sluice {
namespace {

TEST_CASE("what RE2 refuses comes with what to write instead", "[rules]") {
  const std::string look =
      "RE2 has no lookahead and no lookbehind: match the text around as well and put what you need "
      "into a capture; leave out what must not match with a class such as [^x], or with a rule "
      "before this one that matches it and has \"stop\"";
  const std::string named = "a capture with a name is written (?P<name>...)";
  const std::string back = "RE2 has no back-references: give each place a capture of its own";
  const std::string possessive =
      "RE2 never backtracks, so it has no possessive repetitions and no atomic groups: write the "
      "plain ones, such as a+ and (?:a)";
  const auto [pattern, refused, advice] =
      GENERATE_COPY(table<std::string, std::string, std::string>({
          {"in (?<seconds>\\d+) s", "invalid perl operator: (?<", named},
          {"(?'seconds'\\d+)", "invalid perl operator: (?'", named},
          {"(?P'seconds'\\d+)", "invalid perl operator: (?P", named},
          {"(?<=in )\\d", "invalid perl operator: (?<", look},
          {"(?<!in )\\d", "invalid perl operator: (?<", look},
          {"a(?=b)", "invalid perl operator: (?=", look},
          {"^(?!Notice)", "invalid perl operator: (?!", look},
          {"(a)\\1", "invalid escape sequence: \\1", back},
          {"(?P<x>a)(?P=x)", "invalid perl operator: (?P", back},
          {"(a)\\g1", "invalid escape sequence: \\g", back},
          {"(a)\\k<x>", "invalid escape sequence: \\k", back},
          {"a++", "bad repetition operator: ++", possessive},
          {"a*+", "bad repetition operator: *+", possessive},
          {"a?+", "bad repetition operator: ?+", possessive},
          {"(?>a)", "invalid perl operator: (?>", possessive},
          {"a\\Z", "invalid escape sequence: \\Z", "the end of the text is $"},
          {"a\\hb", "invalid escape sequence: \\h", "a blank or tab is [ \\t]"},
          {"a\\Rb", "invalid escape sequence: \\R", "a line feed is \\n"},
          {"\\u00e9", "invalid escape sequence: \\u", "write the letter itself; the pack is UTF-8"},
          {"(?x)a", "invalid perl operator: (?x",
           "RE2 has no free spacing: write the pattern without blanks, and comments beside it with "
           "//"},
          {"(?#a)", "invalid perl operator: (?#", "write comments beside the pattern with //"},
          {"(?P<a-b>x)", "invalid named capture group: (?P<a-b>",
           "the name of a capture is made of letters, digits and _"},
      }));
  CAPTURE(pattern);
  const auto compiled = Pattern::compile(pattern);
  REQUIRE_FALSE(compiled.has_value());
  CHECK(compiled.error().message() ==
        "expected an RE2 pattern, but: " + refused + " in \"" + pattern + "\"; " + advice);
}

TEST_CASE("where RE2's own words are enough there are no others", "[rules]") {
  const std::string pattern = GENERATE("(a", "(?P<n>", "(?P<n>a(?P<m>");
  const auto compiled = Pattern::compile(pattern);
  REQUIRE_FALSE(compiled.has_value());
  CHECK(compiled.error().message() ==
        "expected an RE2 pattern, but: missing ): " + pattern + " in \"" + pattern + '"');
}

TEST_CASE("a pattern searches octets and tells its captures", "[rules]") {
  auto pattern = Pattern::compile("in (?P<seconds>\\d+)(?P<unit>s)?");
  REQUIRE(pattern.has_value());
  CHECK(pattern->group_names() == std::vector<std::string>{"seconds", "unit"});
  CHECK(pattern->group_number("unit") == 2);
  CHECK(pattern->group_number("none") == 0);
  std::vector<std::string_view> groups(3);
  REQUIRE(pattern->search("done in 12 \xff", groups));
  CHECK(groups[1] == "12");
  CHECK(groups[2].data() == nullptr);
  CHECK_FALSE(pattern->search("done", groups));
}

}  // namespace
}  // namespace sluice
