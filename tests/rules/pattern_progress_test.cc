#include "rules/pattern_progress.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace sluice {

TEST_CASE("how far a pattern gets", "[rules][progress]") {
  struct Row {
    std::string pattern;
    std::string text;
    std::string matched;
    std::string expected;
    std::string found;
  };
  const std::vector<Row> rows{
      {R"(^Applied in (?P<s>\d+\.\d+) seconds$)", "Applied in 12.34 minutes",
       R"(^Applied in (?P<s>\d+\.\d+) )", "seconds$", "Applied in 12.34 "},
      {R"(^Applied in (?P<s>\d+\.\d+) seconds$)", "Applied in 12 seconds",
       R"(^Applied in (?P<s>\d+)", R"(\.\d+) seconds$)", "Applied in 12"},
      {R"(^Applied in (?P<s>\d+) s$)", "Applied in 12 s or so", R"(^Applied in (?P<s>\d+) s)", "$",
       "Applied in 12 s"},
      {"^a(b|c)d", "axd", "^a", "(b|c)d", "a"},
      {"^a(b|c-)d", "acd", "^a(b|c", "-)d", "ac"},
      {"^a(b|cx)d", "acd", "^a", "(b|cx)d", "a"},
      {"^a catalog", "a cat", "^a ", "catalog", "a "},
      {"^a catalogs?$", "a catalogue", "^a catalogs?", "$", "a catalog"},
      {"^a(?:bc)+d", "abcbcx", "^a(?:bc)+", "d", "abcbc"},
      {"^[a-z]+[0-9]{2,3}x", "abc1", "^[a-z]+", "[0-9]{2,3}x", "abc"},
      {"one|two three", "two four", "one|two ", "three", "two "},
      {"(?i)APPLIED (?-i)now", "applied NOW", "(?i)APPLIED ", "(?-i)now", "applied "},
      {R"(^\x{41}\p{L}\d$)", "AB!", R"(^\x{41}\p{L})", R"(\d$)", "AB"},
      {"^x", "y", "^", "x", ""},
      {"xyz", "abc", "", "xyz", ""},
      {"^x", "", "^", "x", ""},
      {R"(\Qa.b\E)", "c", "", R"(\Qa.b\E)", ""},
  };
  PatternBeginnings beginnings;
  for (const Row& row : rows) {
    CAPTURE(row.pattern, row.text);
    const PatternProgress progress = pattern_progress(row.pattern, row.text, beginnings);
    CHECK(progress.matched == row.matched);
    CHECK(progress.expected == row.expected);
    CHECK(progress.text == row.found);
  }
}

TEST_CASE("how far a pattern gets, in words", "[rules][progress]") {
  PatternBeginnings beginnings;
  const auto words = [&beginnings](std::string_view pattern, std::string_view text) {
    return in_words(pattern_progress(pattern, text, beginnings));
  };
  CHECK(words("^in (\\d+) s$", "in 12 minutes") ==
        "it gets as far as \"in 12 \", then expects \"s$\" and finds \"minutes\"");
  CHECK(words("^in (\\d+) s$", "in 12") ==
        "it gets as far as \"in 12\", then expects \" s$\" and finds the end");
  CHECK(words("^x", "y") == "its beginning is nowhere in \"y\"");
  CHECK(words("^x", "") == "the text is empty");
  CHECK(words("^a-b", "a" + std::string(100, 'y')) ==
        "it gets as far as \"a\", then expects \"-b\" and finds \"" + std::string(60, 'y') +
            "...\"");
}

}  // namespace sluice
