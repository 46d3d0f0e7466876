#include "rules/direct_pattern.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/pack_files.h"
#include "rules/pattern_pairs.h"
#include "sluice/rules/pattern.h"

namespace sluice {
namespace {

// All rules of the shipped packs.
std::vector<RuleDefinition> shipped_rules() {
  Config config;
  config.packs.clear();
  for (const auto& file : std::filesystem::directory_iterator(SLUICE_SOURCE_DIR "/rules"))
    config.rules.push_back(file.path().string());
  const auto packs = load_packs(config);
  REQUIRE(packs.has_value());
  std::vector<RuleDefinition> rules;
  for (const PackDefinition& pack : *packs)
    rules.insert(rules.end(), pack.rules.begin(), pack.rules.end());
  return rules;
}

}  // namespace

TEST_CASE("a direct pattern finds what RE2 finds", "[rules]") {
  PatternMaker maker(20261130);
  std::size_t direct = 0;
  std::size_t answered = 0;
  constexpr std::size_t kPatterns = 3000;
  constexpr std::size_t kTexts = 8;
  for (std::size_t i = 0; i < kPatterns; ++i) {
    const PatternMaker::Made made = maker.make();
    const PatternPair pair(made.pattern);
    if (!pair.is_direct()) continue;
    ++direct;
    for (std::size_t j = 0; j < kTexts; ++j) {
      const std::string text = j == 0 ? made.text : maker.bend(made.text);
      if (pair.knows(text)) ++answered;
      const std::string difference = pair.difference(text);
      if (difference.empty()) continue;
      CAPTURE(made.pattern, text);
      FAIL(difference);
    }
  }
  // Else it would say nothing.
  CHECK(direct > kPatterns / 3);
  CHECK(answered > direct * kTexts * 9 / 10);
}

TEST_CASE("of the shipped packs nine patterns of ten are direct, and find what RE2 finds",
          "[rules]") {
  PatternMaker maker(1);
  std::size_t direct = 0;
  const auto rules = shipped_rules();
  std::vector<std::string> lines;
  for (const RuleDefinition& rule : rules) {
    for (const ExampleDefinition& example : rule.examples)
      lines.insert(lines.end(), example.lines.begin(), example.lines.end());
  }
  for (const RuleDefinition& rule : rules) {
    const PatternPair pair(rule.match);
    if (!pair.is_direct()) continue;
    ++direct;
    const auto check = [&](const std::string& text) {
      const std::string difference = pair.difference(text);
      CAPTURE(rule.name, rule.match, text);
      if (!difference.empty()) FAIL(difference);
    };
    for (const std::string& line : lines) check(line);
    for (const ExampleDefinition& example : rule.examples) {
      for (const std::string& line : example.lines) {
        for (int i = 0; i < 20; ++i) check(maker.bend(line));
        for (std::size_t size = 0; size < line.size(); ++size) check(line.substr(0, size));
      }
    }
  }
  CHECK(direct * 10 >= rules.size() * 9);
}

TEST_CASE("patterns that other engines might take otherwise are left to RE2", "[rules]") {
  for (const std::string pattern :
       {"a\\b",   "(?i)a",   "^(?i:a)",  "^(?m)a",          "a^",
        "^a|b",   "^(a|b)+", "^(?:a*)*", "^(?:a|b*)+",      "^(?:a(?:b+c)*)*",
        "^(?:)*", "^{2}a",   "^a\\pL",   "^[[:alpha:]]",    "^\\Qa\\E",
        "^a**",   ".*a",     "\\d+",     "[ab]c",           "^\\Aa",
        "^a\\z",  "^\\C",    "^\\x{61}", "^(?:\xE4|\xE4)b", "^(?:a\\xE4|a[\xE4]b)"}) {
    CAPTURE(pattern);
    CHECK_FALSE(DirectPattern::compile(pattern).has_value());
  }
  for (const std::string pattern :
       {"^a", "a", "^", "^$", "(?s)^a.", "ab[^c]*$", "^(?:a )*?b", "^(?:a|b)?(c)?", "^{ *a",
        "^a{0,3}", "^[]a]", "^[^]]", "^\xE4+", "^(?:a|b)[^\xE4]", "^a{01}"}) {
    CAPTURE(pattern);
    CHECK(DirectPattern::compile(pattern).has_value());
  }
}

TEST_CASE("braces that are no repetition to RE2 are none to a direct pattern", "[rules]") {
  const std::string braces =
      GENERATE(as<std::string>{}, "{01}", "{00}", "{1,02}", "{0,00}", "{0,9110511111111110}",
               "{1000000000}", "{1000000000,}", "{,2}", "{a}", "{}", "{1", "{0,2}", "{1}", "{0}?");
  CAPTURE(braces);
  for (const std::string begin : {"^a", "^(?:ab)", "^[ab]"}) {
    const PatternPair pair(begin + braces + "c?");
    for (const std::string text : {"a", "ab", "abab", "ac", "b", "c", "aa", "aaa"}) {
      CAPTURE(begin, text);
      CHECK(pair.difference(text).empty());
      CHECK(pair.difference(text + braces).empty());
      CHECK(pair.difference(text + braces + "c").empty());
    }
  }
}

TEST_CASE("a direct pattern tells what a text it matches may begin with", "[rules]") {
  const auto [pattern, beginning, may_begin] = GENERATE(table<std::string, std::string, bool>({
      {"^Applied in", "Appl", true},
      {"^Applied in", "Apple", false},
      {"^Applied in", "Applied in 3 seconds", true},
      {"^Applied in", "Applied on", true},  // Beyond what it looks at.
      {"^(?:ab?c)+e", "abcacabc", true},
      {"^(?:ab?c)+e", "abcacbab", false},
      {"^\\d{2,3} ", "1234", false},
      {"^\\d{2,3} ", "123 x", true},
      {"^\\d{2,3} ", "1 ", false},
      {"^a?$", "a", true},
      {"^a?$", "ab", false},
      {"a", "b", true},  // It may come later.
  }));
  CAPTURE(pattern, beginning);
  const auto compiled = DirectPattern::compile(pattern);
  REQUIRE(compiled.has_value());
  CHECK(compiled->needed_behind(beginning).has_value() == may_begin);
}

TEST_CASE("a direct pattern tells what a text it matches holds behind its beginning", "[rules]") {
  const auto [pattern, beginning, octets] = GENERATE(table<std::string, std::string, std::string>({
      {"^Done \\(x\\) in 3: ", "Done", "()3:"},
      {"^Done: (?:A|B)", "Done", ":"},                     // Either capital.
      {"^Done: (?:A1|B1)", "Done", ":1"},                  // What both have.
      {"^Done: (?:-X)*!", "Done", ":!"},                   // What it repeats may not be there.
      {"^Done: (?:-X)+!", "Done", ":-X!"},                 // What it must is.
      {"^(?:[A-Z][a-z]*: )?(?:Lost|Left) X", "Los", "X"},  // It may be at the next word's end.
      {"^(?:[A-Z][a-z]*: )?(?:Lost|Left)Y$", "Found", ":LY"},
      {"^[A-Z]*#", "AB", "#"},
      {"^ab", "ab:", ""},  // The match is complete.
      {"x:", "ab", ""},    // It may have begun before.
  }));
  CAPTURE(pattern, beginning);
  const auto compiled = DirectPattern::compile(pattern);
  REQUIRE(compiled.has_value());
  CHECK(compiled->needed_behind(beginning) == needed_octets(octets));
}

TEST_CASE("words are gone along eight octets at a time up to any octet that ends them", "[rules]") {
  const auto pattern =
      GENERATE(as<std::string>{}, "^(\\S*)(.?)", "^([^ ]{2,})( |x)", "^([!-~]+)(.*)", "^(\\S{1,9})",
               "^(?:(\\S+) ?)?$", "(?s)^(.*)!", "(?s)^(.+?)(!*)$");
  CAPTURE(pattern);
  const PatternPair pair(pattern);
  REQUIRE(pair.is_direct());
  for (std::size_t size = 1; size < 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (unsigned octet = 0; octet < 256; ++octet) {
        std::string text(size, '~');
        text.front() = '!';
        text[at] = static_cast<char>(octet);
        const std::string difference = pair.difference(text);
        if (difference.empty()) continue;
        CAPTURE(size, at, octet);
        FAIL(difference);
      }
    }
  }
}

TEST_CASE("a text made to be slow is left to RE2 after a few steps for each octet", "[rules]") {
  const std::string pattern = "^.*a.*b.*c.*d.*e$";
  const std::string text = std::string(2000, 'a') + std::string(2000, 'b') +
                           std::string(2000, 'c') + std::string(2000, 'd') + "ef";
  const PatternPair pair(pattern);
  REQUIRE(pair.is_direct());
  CHECK_FALSE(pair.knows(text));
  auto compiled = Pattern::compile(pattern);
  REQUIRE(compiled.has_value());
  CHECK(compiled->is_direct());
  CHECK_FALSE(compiled->matches(text));
  CHECK(compiled->matches(text.substr(0, text.size() - 1)));
}

TEST_CASE("more ways left than there is room for are no reason for a wrong answer", "[rules]") {
  const PatternPair pair("^(?:a?b)*(?:b|(c))$");
  REQUIRE(pair.is_direct());
  for (const std::size_t size : {1U, 63U, 64U, 65U, 66U, 200U}) {
    const std::string text(size, 'b');
    CAPTURE(size);
    CHECK(pair.difference(text).empty());
    CHECK(pair.difference(text + 'c').empty());
    CHECK(pair.difference(text + 'd').empty());
  }
}

}  // namespace sluice
