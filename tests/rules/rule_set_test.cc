#include "sluice/rules/rule_set.h"

#include <catch2/catch.hpp>

#include "rules/compiled_rules.h"

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Metric state_metric() {
  return {.name = "job.state", .type = MetricType::kState, .states = {"done", "broken"}};
}

PackDefinition pack_of(std::string name, Metric metric, bool holds_as_presence = false) {
  RuleDefinition rule{.name = "r", .match = "x"};
  rule.emits.push_back({.metric = std::move(metric), .holds_as_presence = holds_as_presence});
  return {.name = name, .file = name + ".json", .rules = {std::move(rule)}};
}

Metric compiled_metric(const PackDefinition& pack) {
  const auto rules = RuleSet::compile({pack});
  REQUIRE(rules.has_value());
  return (*rules)->compiled().metrics.at(0);
}

TEST_CASE("a state lasts twice as long as its pack's sign of life, else an hour", "[rules]") {
  PackDefinition pack = pack_of("p", state_metric());
  CHECK(compiled_metric(pack).ttl == hours(1));
  CHECK(compiled_metric(pack).presence.empty());
  pack.presence = {.name = "job", .every = minutes(5)};
  CHECK(compiled_metric(pack).ttl == minutes(10));
  CHECK(compiled_metric(pack).presence == "job");
  pack.rules[0].emits[0].metric.ttl = seconds(7);
  CHECK(compiled_metric(pack).ttl == seconds(7));
}

TEST_CASE("a metric may be held as long as its host counts as reporting", "[rules]") {
  PackDefinition pack = pack_of("p", {.name = "m", .type = MetricType::kGauge}, true);
  pack.presence = {.name = "job", .every = minutes(5)};
  CHECK(compiled_metric(pack).hold == minutes(10));
  // Only whoever has a state can be without one.
  CHECK(compiled_metric(pack).presence.empty());
  pack.presence.reset();
  const auto refused = RuleSet::compile({pack});
  REQUIRE_FALSE(refused.has_value());
  CHECK(
      refused.error().message() ==
      "p.json: rule r: emit 0: metric \"m\": \"hold\": \"presence\" needs the \"presence\" of the "
      "pack; add it there, or give a duration here");
}

TEST_CASE("a rule shows the sign of life of its pack", "[rules]") {
  PackDefinition with = pack_of("a", {.name = "m"});
  with.presence = {.name = "job", .every = minutes(5)};
  const auto rules = RuleSet::compile({with, pack_of("b", {.name = "n"})});
  REQUIRE(rules.has_value());
  CHECK((*rules)->presence(0) == "job");
  CHECK((*rules)->presence(1).empty());
}

TEST_CASE("rules that write one metric agree on what it is", "[rules]") {
  Metric other = state_metric();
  std::string expected;
  SECTION("type") {
    other = {.name = "job.state", .type = MetricType::kGauge};
    expected = "type \"gauge\" here, \"state\"";
  }
  SECTION("unit") {
    other.unit = "s";
    expected = "unit \"s\" here, none";
  }
  SECTION("values") {
    other.states = {"broken", "done"};
    expected = "values [broken, done] here, [done, broken]";
  }
  SECTION("ttl") {
    other.ttl = seconds(60);
    expected = "ttl 60 s here, 3600 s";
  }
  SECTION("hold") {
    other.hold = seconds(60);
    expected = "hold 60 s here, none";
  }
  SECTION("idle") {
    other.idle = Idle::kZero;
    expected = "idle zero here, default";
  }
  SECTION("limit") {
    other.limit = seconds(5);
    expected = "limit 5 s here, none";
  }
  SECTION("stats of hosts") {
    other.host_stats = {Stat::kMax};
    expected = "stats of hosts [max] here, []";
  }
  SECTION("stats of clusters") {
    other.cluster_stats = {Stat::kMax, Stat::kMin};
    expected = "stats of clusters [max, min] here, []";
  }
  const auto refused = RuleSet::compile({pack_of("a", state_metric()), pack_of("b", other)});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message() ==
        "b.json: rule r: emit 0: metric \"job.state\": " + expected +
            " in rule a/r; both must say the same (in one pack, once under \"metrics\")");
}

TEST_CASE("packs that write one state belong to one sign of life", "[rules]") {
  PackDefinition a = pack_of("a", state_metric());
  PackDefinition b = a;
  b.name = "b";
  b.file = "b.json";
  a.presence = {.name = "job", .every = minutes(30)};
  const auto refused = RuleSet::compile({a, b});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message() ==
        "b.json: rule r: emit 0: metric \"job.state\": presence none here, \"job\" in rule a/r; "
        "both must say the same (in one pack, once under \"metrics\")");
  b.presence = a.presence;
  CHECK(RuleSet::compile({a, b}).has_value());
}

}  // namespace
}  // namespace sluice
