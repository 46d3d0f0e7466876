#include "app/change_words.h"

#include <catch2/catch.hpp>

namespace sluice {
namespace {

RuleDefinition rule(std::string name, std::string match = "x") {
  RuleDefinition one;
  one.name = std::move(name);
  one.match = std::move(match);
  return one;
}

PackDefinition pack(std::string name, std::vector<RuleDefinition> rules) {
  PackDefinition one;
  one.name = std::move(name);
  one.rules = std::move(rules);
  return one;
}

TEST_CASE("a reload that changes nothing says so", "[app][log]") {
  const std::vector<PackDefinition> packs{pack("a", {rule("one"), rule("two")}), pack("b", {})};
  CHECK(describe_rules_change(packs, packs) == "2 rules in 2 packs; none changed");
  CHECK(describe_rules_change({}, {}) == "0 rules in 0 packs; none changed");
}

TEST_CASE("a reload tells which rules were added, removed and changed", "[app][log]") {
  CHECK(describe_rules_change(
            {pack("a", {rule("one"), rule("two"), rule("three")})},
            {pack("a", {rule("one"), rule("two", "y")}), pack("b", {rule("four")})}) ==
        "3 rules in 2 packs; 1 added (b/four); 1 removed (a/three); 1 changed (a/two)");
}

TEST_CASE("whatever a rule says may have changed", "[app][log]") {
  const std::vector<PackDefinition> before{pack("a", {rule("one")})};
  std::vector<PackDefinition> after = before;
  RuleDefinition& one = after[0].rules[0];
  SECTION("a condition") { one.apps = {"puppet"}; }
  SECTION("the end of the search") { one.stop = true; }
  SECTION("a sample") { one.emits.emplace_back(); }
  SECTION("an example") { one.examples.push_back({.lines = {"x"}}); }
  SECTION("a note") { one.notes.emplace_back(); }
  SECTION("the context") { one.context.emplace(); }
  CHECK(describe_rules_change(before, after) == "1 rules in 1 packs; 1 changed (a/one)");
}

TEST_CASE("another presence of a pack is a change", "[app][log]") {
  std::vector<PackDefinition> before{pack("a", {rule("one")})};
  std::vector<PackDefinition> after = before;
  after[0].presence = PresenceDefinition{.name = "puppet", .every = std::chrono::minutes(30)};
  CHECK(describe_rules_change(before, after) == "1 rules in 1 packs; 1 with another presence (a)");
}

TEST_CASE("of many changes the first ten are named", "[app][log]") {
  std::vector<RuleDefinition> many;
  for (char c = 'a'; c < 'm'; ++c) many.push_back(rule(std::string(1, c)));
  CHECK(describe_rules_change({}, {pack("p", many)}) ==
        "12 rules in 1 packs; 12 added (p/a, p/b, p/c, p/d, p/e, p/f, p/g, p/h, p/i, p/j and 2 "
        "more)");
}

}  // namespace
}  // namespace sluice
