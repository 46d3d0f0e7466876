#include "rules/path_memo.h"

#include <catch2/catch.hpp>
#include <string>

#include "sluice/rules/matcher.h"
#include "sluice/rules/rule_set.h"

namespace sluice {
namespace {

PathMatches matches_of(std::uint32_t rule) {
  return {{.rule = rule, .groups = {{.start = 0, .size = 3}, {}}}};
}

RuleDefinition graphite_rule(std::string name, std::string match) {
  RuleDefinition rule{.name = std::move(name), .match = std::move(match)};
  rule.inputs = {"graphite"};
  rule.host = "host";
  rule.emits.push_back({.metric = {.name = "m_" + rule.name}});
  return rule;
}

// What a line gives, as "rule:host ".
std::string given(Matcher& matcher, std::string_view path, double value, bool is_explained) {
  const Record none;
  const GraphiteLine line{.path = path, .value = value};
  const Matcher::Input input{.record = none, .host = "peer", .line = &line};
  std::vector<Sample> samples;
  std::vector<RuleTrace> traces;
  if (is_explained) {
    matcher.explain(input, samples, traces);
  } else {
    matcher.match(input, samples);
  }
  std::string text;
  for (const Sample& sample : samples) {
    text += std::to_string(sample.rule) + ':' + std::string(sample.host) + ' ';
  }
  return text;
}

}  // namespace

TEST_CASE("what was put for a path is found for it, and for no other", "[rules]") {
  PathMemo memo;
  const std::string long_tail = "a." + std::string(100, 'b');
  const std::vector<std::string> paths{"",
                                       "a",
                                       ".",
                                       "..",
                                       "a.b",
                                       "a.b.c",
                                       "b.b.c",
                                       "b.a.b.c",
                                       "a.b.c.d",
                                       "a.b.cd",
                                       "a.bc.",
                                       ".a.b",
                                       "x.y." + long_tail,
                                       long_tail,
                                       "a.b\\0.c"};
  for (const std::string& path : paths) CHECK(memo.find(path) == nullptr);
  for (std::uint32_t i = 0; i < paths.size(); ++i) memo.put(paths[i], matches_of(i));
  for (std::uint32_t i = 0; i < paths.size(); ++i) {
    CAPTURE(paths[i]);
    REQUIRE(memo.find(paths[i]) != nullptr);
    CHECK(*memo.find(paths[i]) == matches_of(i));
  }
  CHECK(memo.find("a.b.c.a") == nullptr);
  CHECK(memo.find("b.b.cd") == nullptr);  // Its two parts are known, of other paths.
  memo.put("a.b", {});
  CHECK(*memo.find("a.b") == PathMatches{});
}

TEST_CASE("invented paths make the memo begin anew, and take no more than it may", "[rules]") {
  PathMemo memo(20'000);
  memo.put("collectd.web01.cpu-0.cpu-idle", matches_of(1));
  for (int i = 0; i < 1'000; ++i) {
    const std::string path = "a" + std::to_string(i) + ".b." + std::to_string(i);
    CHECK(memo.put(path, matches_of(2)) == matches_of(2));
    REQUIRE(memo.find(path) != nullptr);
    CHECK(memo.bytes() < 21'000);
  }
  CHECK(memo.find("collectd.web01.cpu-0.cpu-idle") == nullptr);
}

TEST_CASE("a path that is known gives what it gave, and what it gives when it is searched",
          "[rules][graphite]") {
  PackDefinition pack{.name = "p"};
  pack.rules = {graphite_rule("any", "^(?P<host>[^.]+)?\\."),
                graphite_rule("idle", "^(?P<host>[^.]+)\\..*idle$"), graphite_rule("last", "stop$"),
                graphite_rule("never", "^(?P<host>stop)|stop$")};
  pack.rules[1].where.push_back(
      {.variable = "value", .kind = Condition::Kind::kRange, .equals = {}, .min = {}, .max = 10});
  pack.rules[2].host.clear();
  pack.rules[2].stop = true;
  const auto rules = RuleSet::compile({pack});
  REQUIRE(rules.has_value());
  Matcher matcher(*rules, {});
  Matcher searching(*rules, {});
  for (int round = 0; round < 3; ++round) {
    for (const double value : {5.0, 50.0}) {
      for (const std::string_view path :
           {"web01.cpu-0.cpu-idle", "web02.cpu-0.cpu-idle", "web02.cpu-1.cpu-idle",
            ".cpu-0.cpu-idle", "idle", "a.stop", "stop", "a.b.c.stop", "nothing"}) {
        CAPTURE(path, value, round);
        const std::string expected = given(searching, path, value, true);
        CHECK(given(matcher, path, value, false) == expected);
      }
    }
  }
  CHECK(given(matcher, "web01.cpu-0.cpu-idle", 5, false) == "0:web01 1:web01 ");
  CHECK(given(matcher, "web01.cpu-0.cpu-idle", 50, false) == "0:web01 ");
  CHECK(given(matcher, "a.stop", 5, false) == "0:a 2:peer ");
}

}  // namespace sluice
