#include "sluice/rules/overlaps.h"

#include <catch2/catch.hpp>

namespace sluice {
namespace {

RuleDefinition rule_of(std::string name, std::string match, std::string metric, std::string line) {
  RuleDefinition rule{.name = std::move(name), .apps = {"app"}, .match = std::move(match)};
  rule.emits.push_back({.metric = {.name = metric}});
  rule.examples.push_back({.lines = {std::move(line)}, .gives = {{std::move(metric), 1.0}}});
  return rule;
}

RuleOverlaps overlaps_of(const std::vector<PackDefinition>& packs) {
  const auto rules = RuleSet::compile(packs);
  REQUIRE(rules.has_value());
  return find_overlaps(packs, *rules);
}

}  // namespace

TEST_CASE("two rules that count one line under one name are told, once", "[rules]") {
  const PackDefinition a{.name = "a", .rules = {rule_of("x", "^done", "jobs", "done in 5 s")}};
  const PackDefinition b{.name = "b", .rules = {rule_of("y", "s$", "jobs", "done in 5 s")}};
  const RuleOverlaps found = overlaps_of({a, b});
  REQUIRE(found.double_counts.size() == 1);
  CHECK(found.double_counts[0] ==
        "rules a/x and b/y both count jobs for one line, such as \"done in 5 s\"");
  CHECK(overlaps_of({a}).double_counts.empty());
  const PackDefinition other{.name = "b", .rules = {rule_of("y", "s$", "other", "done in 5 s")}};
  CHECK(overlaps_of({a, other}).double_counts.empty());
}

TEST_CASE("a level that two rules tell of one line is no double count", "[rules]") {
  PackDefinition a{.name = "a", .rules = {rule_of("x", "^done", "level", "done")}};
  a.rules.push_back(rule_of("y", "^do", "level", "done"));
  for (RuleDefinition& rule : a.rules) rule.emits[0].metric.type = MetricType::kGauge;
  CHECK(overlaps_of({a}).double_counts.empty());
}

TEST_CASE("a rule that an earlier one's stop hides is told", "[rules]") {
  PackDefinition a{.name = "a", .rules = {rule_of("all", "^d", "lines", "drum")}};
  const PackDefinition b{.name = "b", .rules = {rule_of("done", "^done$", "jobs", "done")}};
  CHECK(overlaps_of({a, b}).hidden_rules.empty());
  a.rules[0].stop = true;
  const RuleOverlaps found = overlaps_of({a, b});
  REQUIRE(found.hidden_rules.size() == 1);
  CHECK(found.hidden_rules[0] ==
        "rule b/done gives nothing for its own example beside the other packs: an earlier rule "
        "with \"stop\" takes the line");
}

TEST_CASE("packs that count the same events from different lines say so of themselves", "[rules]") {
  const PackDefinition a{.name = "a", .rules = {rule_of("x", "^a$", "jobs", "a")}};
  PackDefinition b{.name = "b", .rules = {rule_of("x", "^b$", "jobs", "b")}};
  CHECK(overlaps_of({a, b}).alternatives.empty());
  b.alternatives = {"a"};
  CHECK(overlaps_of({b}).alternatives.empty());
  const RuleOverlaps found = overlaps_of({a, b});
  REQUIRE(found.alternatives.size() == 1);
  CHECK(found.alternatives[0].starts_with(
      "packs b and a count the same events from different lines (jobs);"));
}

TEST_CASE("a pattern that may match anywhere in the text is told", "[rules]") {
  PackDefinition pack{.name = "p"};
  for (const char* anchored : {"^a", "a$", "\\Aa", "(?i)^a", "(?s)^(?:a|b)"})
    pack.rules.push_back(rule_of(anchored, anchored, "m", "a"));
  CHECK(overlaps_of({pack}).unanchored.empty());
  for (const char* loose : {"a", "a\\$", "(?i)a", "(?:^a|a)"})
    pack.rules.push_back(rule_of(loose, loose, "m2", "a$"));
  const RuleOverlaps found = overlaps_of({pack});
  REQUIRE(found.unanchored.size() == 1);
  CHECK(found.unanchored[0] ==
        "pack p: patterns of a, a\\$, (?i)a, (?:^a|a) are not anchored: a line of the same program "
        "that quotes such text counts too");
  CHECK(found.forgeable.empty());
  pack.rules.back().apps.clear();
  CHECK(overlaps_of({pack}).forgeable.size() == 1);
}

TEST_CASE("a condition on a variable that nothing sets is told", "[rules]") {
  PackDefinition pack{.name = "p", .rules = {rule_of("r", "^x", "m", "x")}};
  pack.rules[0].where.push_back({.variable = "status", .kind = Condition::Kind::kAbsent});
  const RuleOverlaps found = overlaps_of({pack});
  REQUIRE(found.unset.size() == 1);
  CHECK(found.unset[0].starts_with("rule p/r: a condition on \"status\", a variable that no rule"));
  pack.rules[0].context = ContextAction{.set = {{"status", 1.0}}};
  CHECK(overlaps_of({pack}).unset.empty());
}

TEST_CASE("a rule that reads every line of every program is told", "[rules]") {
  PackDefinition pack{.name = "p", .rules = {rule_of("r", "", "m", "x")}};
  CHECK(overlaps_of({pack}).forgeable.empty());
  pack.rules[0].apps.clear();
  CHECK(overlaps_of({pack}).forgeable.size() == 1);
}

}  // namespace sluice
