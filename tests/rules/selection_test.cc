#include "rules/selection.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "sluice/rules/matcher.h"

namespace sluice {
namespace {

RuleDefinition rule_of(std::string match, std::vector<std::string> apps = {}) {
  RuleDefinition rule{.name = "r", .apps = std::move(apps), .match = std::move(match)};
  rule.emits.push_back({.metric = {.name = "m"}});
  return rule;
}

std::shared_ptr<const RuleSet> compiled(const std::vector<std::string>& patterns) {
  PackDefinition pack{.name = "p"};
  for (const std::string& pattern : patterns) {
    pack.rules.push_back(rule_of(pattern));
    pack.rules.back().name += std::to_string(pack.rules.size());
  }
  auto rules = RuleSet::compile({pack});
  REQUIRE(rules.has_value());
  return *rules;
}

// The rules that match, found by narrowing first.
std::vector<std::uint32_t> matching(Matcher& matcher, std::string_view text) {
  std::vector<Sample> samples;
  Record record;
  record.app_name = "app";
  record.message = text;
  matcher.match({.record = record, .host = "h"}, samples);
  return matcher.matched();
}

// The same by trying each of them.
std::vector<std::uint32_t> matching_one_by_one(Matcher& matcher, std::string_view text) {
  std::vector<Sample> samples;
  std::vector<RuleTrace> traces;
  Record record;
  record.app_name = "app";
  record.message = text;
  matcher.explain({.record = record, .host = "h"}, samples, traces);
  return matcher.matched();
}

const std::vector<std::string> kFew{
    "^Applied catalog in ", "^Applied", "^(?:Finished|Applied) ", "catalog", "^$", ""};
const std::vector<std::string> kMany{"^Applied catalog in ",
                                     "^(?:Finished|Applied) ",
                                     "catalog",
                                     "^a|b$",
                                     "(?s)^x.*y$",
                                     "^[A-Z]\\w+ run",
                                     "^\\d+ files",
                                     "^(?:INFO|WARN)? *Compiled",
                                     "(?i)ERROR",
                                     "^\\(/",
                                     "\\xe4",
                                     "^(?:.* )?end$"};

// The same patterns, each left to RE2.
std::vector<std::string> left_to_re2(std::vector<std::string> patterns) {
  for (std::string& pattern : patterns) pattern += "(?:\\b|\\B)";
  return patterns;
}

}  // namespace

TEST_CASE("narrowing keeps every rule that matches, in order", "[rules]") {
  const auto patterns = GENERATE(as<std::vector<std::string>>{}, kFew, kMany, left_to_re2(kMany));
  const auto rules = compiled(patterns);
  Matcher matcher(rules, {});
  for (const std::string_view text : {"",
                                      "a",
                                      "b",
                                      "ab",
                                      "Applied catalog in 3 seconds",
                                      "  Applied catalog in 3 seconds",
                                      "Finished run",
                                      "Finished catalog run",
                                      "xAy",
                                      "x\ny",
                                      "12 files",
                                      "INFO   Compiled it",
                                      "Compiled",
                                      "an error",
                                      "(/Stage[main]",
                                      "\xe4",
                                      "to the end",
                                      "end",
                                      "the end\n",
                                      "Zoo run",
                                      "the catalog Applied",
                                      "Applie",
                                      "\x80\xff"}) {
    CAPTURE(text);
    CHECK(matching(matcher, text) == matching_one_by_one(matcher, text));
  }
}

TEST_CASE("of many rules with one beginning those that match are told, and no others", "[rules]") {
  const auto rules = compiled(left_to_re2({"^\\(/.*a", "^\\(/(?P<what>.*b)", "^\\(/.*a+b",
                                           "^\\(/.*c$", "^\\(/.*d", "^\\(x", "(?s)e$"}));
  std::vector<std::uint32_t> all(rules->size());
  std::iota(all.begin(), all.end(), 0);
  Selection selection(rules->compiled(), all);
  const auto told = [&](std::string_view text) {
    const Selection::Candidates left = selection.narrow(text);
    CHECK(left.are_matching);
    return std::vector<std::uint32_t>(left.rules.begin(), left.rules.end());
  };
  using Rules = std::vector<std::uint32_t>;
  CHECK(told("(/aab c") == Rules{0, 1, 2, 3});
  CHECK(told("(/b") == Rules{1});
  CHECK(told("(/nothing") == Rules{});
  // One rule has this beginning, and is tried.
  CHECK_FALSE(selection.narrow("(x").are_matching);
  Matcher matcher(rules, {});
  for (const std::string_view text : {"(/aab c", "(/b", "(/bc", "(/abce", "(x e", "(/", "(/dc"}) {
    CAPTURE(text);
    CHECK(matching(matcher, text) == matching_one_by_one(matcher, text));
  }
}

TEST_CASE("a text that no rule can match is told at a glance", "[rules]") {
  const auto rules = compiled(left_to_re2(kMany));
  std::vector<std::uint32_t> all;
  for (std::uint32_t rule = 0; rule < rules->size(); ++rule) all.push_back(rule);
  Selection selection(rules->compiled(), all);
  CHECK(selection.narrow("nothing of interest").rules.empty());
  CHECK(selection.narrow("Another").rules.empty());
  CHECK(selection.narrow("12 files").rules.size() == 1);
  CHECK(selection.rules().size() == kMany.size());
}

TEST_CASE("direct patterns are told apart by how a text begins", "[rules]") {
  const auto rules = compiled({"^(?:Info: )?Applied catalog", "^(?:Info: )?Applying",
                               "^[A-Z]\\w+: a$", "^(?:Info|Notice): Finished", "^App.*z$"});
  Selection selection(rules->compiled(), {0, 1, 2, 3, 4});
  using Rules = std::vector<std::uint32_t>;
  const auto left = [&](std::string_view text) {
    static_cast<void>(selection.narrow(text));  // A beginning that comes again is worked out.
    const Selection::Candidates found = selection.narrow(text);
    CHECK_FALSE(found.are_matching);
    return Rules(found.rules.begin(), found.rules.end());
  };
  for (int i = 0; i < 2; ++i) {  // Then it is known.
    CHECK(left("Applied catalog") == Rules{0, 4});
    CHECK(left("Applying it") == Rules{1, 2, 4});
    CHECK(left("Apples:") == Rules{0, 1, 2, 4});  // Too short: by the first octet.
    CHECK(left("Apples: a") == Rules{2, 4});
    CHECK(left("Info: Applying it") == Rules{0, 1});
  }
}

TEST_CASE("direct patterns are told apart by an octet that most need", "[rules]") {
  const auto rules = compiled({"^(?:[A-Z][a-z ]*: )?Lost \\d+$", "^(?:[A-Z][a-z ]*: )?Left$",
                               "^[A-Z][a-z ]+\\.$", "^Losing ways(?:: many)?$"});
  Selection selection(rules->compiled(), {0, 1, 2, 3});
  using Rules = std::vector<std::uint32_t>;
  const auto left = [&](std::string_view text) {
    static_cast<void>(selection.narrow(text));  // A beginning that comes again is worked out.
    const Selection::Candidates found = selection.narrow(text);
    return Rules(found.rules.begin(), found.rules.end());
  };
  for (int i = 0; i < 2; ++i) {  // Then it is known.
    CHECK(left("Losing ways: Lost 7") == Rules{0, 1, 2, 3});
    CHECK(left("Losing ways") == Rules{2, 3});
    CHECK(left("Losing ways.") == Rules{2, 3});
    CHECK(left("Lost 12345") == Rules{0});
    CHECK(left("Found it") == Rules{2});
    CHECK(left("Found it:") == Rules{0, 1, 2});
    CHECK(left("Fun: Left") == Rules{1});  // The ':' is a part of the beginning.
  }
}

TEST_CASE("a beginning that comes once is not worked out", "[rules]") {
  const auto rules = compiled({"^[0-9]+ gone: ", "^[0-9]+ lost: "});
  Selection selection(rules->compiled(), {0, 1});
  for (int i = 0; i < 100; ++i) {
    CHECK(selection.narrow(std::to_string(12345678 + i) + " files").rules.size() == 2);
  }
  CHECK(selection.narrow("12345777 others").rules.empty());  // As the last one.
}

TEST_CASE("what may match is asked before, and then known", "[rules]") {
  const auto patterns = GENERATE(as<std::vector<std::string>>{}, kFew, kMany, left_to_re2(kMany));
  Matcher matcher(compiled(patterns), {});
  for (const std::string_view text :
       {"", "a", "Applied catalog in 3 seconds", "Finished run", "x\ny", "12 files", "Compiled",
        "INFO   Compiled it", "an error", "\xe4", "the end", "nothing of interest", "Another"}) {
    CAPTURE(text);
    const auto wanted = matching(matcher, text);
    const bool may_match = matcher.may_match("app", text);
    CHECK(may_match == !wanted.empty());
    std::vector<Sample> samples;
    Record record;
    record.app_name = "app";
    record.message = text;
    matcher.match({.record = record, .host = "h", .is_asked = true}, samples);
    CHECK(matcher.matched() == wanted);
  }
  CHECK_FALSE(Matcher(compiled(kMany), {}).may_match("app", "nothing of interest"));
  CHECK_FALSE(Matcher(compiled({"^a", "^b"}), {}).may_match("app", "c"));
}

TEST_CASE("of few rules those are tried that may begin so", "[rules]") {
  const auto rules = compiled({"^a", "^(?:b|c)x", "^[c-e]", "(?s)^fg.", "h$"});
  Selection selection(rules->compiled(), {0, 1, 2, 3, 4});
  using Rules = std::vector<std::uint32_t>;
  const auto left = [&](std::string_view text) {
    const Selection::Candidates found = selection.narrow(text);
    CHECK_FALSE(found.are_matching);
    return Rules(found.rules.begin(), found.rules.end());
  };
  CHECK(left("a") == Rules{0, 4});
  CHECK(left("c") == Rules{1, 2, 4});
  CHECK(left("fg") == Rules{3, 4});
  CHECK(left("f") == Rules{4});
  CHECK(left("z") == Rules{4});
  CHECK(left("") == Rules{0, 1, 2, 3, 4});
}

TEST_CASE("each program has the rules that name it, however often it speaks", "[rules]") {
  PackDefinition pack{.name = "p"};
  pack.rules = {rule_of("x", {"one"}), rule_of("x", {"tw*"}), rule_of("x")};
  pack.rules[1].name = "s";
  pack.rules[2].name = "t";
  Matcher matcher(*RuleSet::compile({pack}), {});
  const std::string long_name = "tw" + std::string(100, 'o');
  for (int i = 0; i < 2; ++i) {
    for (const auto& [app, count] : {std::pair<std::string_view, std::size_t>{"one", 2},
                                     {"two", 2},
                                     {long_name, 2},
                                     {"three", 1},
                                     {"", 1}}) {
      CAPTURE(app);
      std::vector<Sample> samples;
      Record record;
      record.app_name = app;
      record.message = "x";
      CHECK(matcher.match({.record = record, .host = "h"}, samples) == count);
    }
  }
}

}  // namespace sluice
