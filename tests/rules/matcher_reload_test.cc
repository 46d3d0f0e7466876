#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sluice/rules/matcher.h"

namespace sluice {
namespace {

RuleDefinition item_rule(const std::string& variable) {
  RuleDefinition rule{.name = "item", .apps = {"job"}, .match = "^item$"};
  rule.context =
      ContextAction{.add = {{variable, {.kind = ValueSource::Kind::kConstant, .constant = 1}}}};
  return rule;
}

RuleDefinition end_rule(const std::string& metric, const std::string& variable) {
  RuleDefinition rule{.name = "end", .apps = {"job"}, .match = "^end$"};
  rule.emits.push_back({.metric = {.name = metric, .type = MetricType::kDistribution},
                        .value = {.kind = ValueSource::Kind::kContext, .name = variable}});
  rule.context = ContextAction{.end = true};
  return rule;
}

PackDefinition pack(std::string name, std::vector<std::string> variables) {
  PackDefinition pack{.name = name, .file = name + ".json"};
  for (const std::string& variable : variables) {
    RuleDefinition item = item_rule(variable);
    RuleDefinition end = end_rule(name + '.' + variable, variable);
    item.name += '_' + variable;
    end.name += '_' + variable;
    end.context.reset();  // Every variable is read before the context ends.
    pack.rules.push_back(std::move(item));
    pack.rules.push_back(std::move(end));
  }
  RuleDefinition last{.name = "last", .apps = {"job"}, .match = "^end$"};
  last.context = ContextAction{.end = true};
  pack.rules.push_back(std::move(last));
  return pack;
}

std::unique_ptr<Matcher> matcher(std::vector<PackDefinition> packs, MatcherOptions options = {}) {
  auto rules = RuleSet::compile(std::move(packs));
  REQUIRE(rules.has_value());
  return std::make_unique<Matcher>(*rules, options);
}

std::map<std::string, double> read(Matcher& matcher, std::string_view text,
                                   std::string_view procid = "1", Timestamp now = {}) {
  Record record;
  record.app_name = "job";
  record.procid = procid;
  record.message = text;
  std::vector<Sample> samples;
  matcher.match({.record = record, .host = "web01", .now = now}, samples);
  std::map<std::string, double> values;
  for (const Sample& sample : samples) values[sample.metric->name] = sample.value;
  return values;
}

using Values = std::map<std::string, double>;

}  // namespace

TEST_CASE("new rules go on with the runs that are under way", "[rules]") {
  const auto before = matcher({pack("a", {"x"}), pack("b", {"x", "y"})});
  for (int i = 0; i < 3; ++i) read(*before, "item");
  read(*before, "item", "2");
  REQUIRE(before->context_count() == 4);

  SECTION("the same rules know all of it") {
    const auto after = matcher({pack("a", {"x"}), pack("b", {"x", "y"})});
    after->take_contexts(*before);
    CHECK(before->context_count() == 0);
    CHECK(read(*after, "end", "2") == Values{{"a.x", 1}, {"b.x", 1}, {"b.y", 1}});
    CHECK(read(*after, "end") == Values{{"a.x", 3}, {"b.x", 3}, {"b.y", 3}});
    CHECK(after->context_count() == 0);
  }
  SECTION("packs and variables are known by their names, wherever they stand") {
    const auto after = matcher({pack("c", {"x"}), pack("b", {"z", "y", "x"}), pack("a", {"x"})});
    after->take_contexts(*before);
    CHECK(read(*after, "end") ==
          Values{{"c.x", 0}, {"b.z", 0}, {"b.y", 3}, {"b.x", 3}, {"a.x", 3}});
  }
  SECTION("what is gone is forgotten") {
    const auto after = matcher({pack("b", {"y"})});
    after->take_contexts(*before);
    CHECK(after->context_count() == 2);
    CHECK(read(*after, "end") == Values{{"b.y", 3}});
  }
  SECTION("nothing is left of a pack whose variables are other ones") {
    const auto after = matcher({pack("a", {"w"})});
    after->take_contexts(*before);
    CHECK(after->context_count() == 0);
  }
}

TEST_CASE("contexts keep their age over new rules", "[rules]") {
  const MatcherOptions options{.contexts_max = 10, .context_ttl = std::chrono::seconds(100)};
  const auto at = [](int second) { return Timestamp(std::chrono::seconds(second)); };
  const auto before = matcher({pack("a", {"x"})}, options);
  read(*before, "item", "1", at(0));
  read(*before, "item", "2", at(60));
  const auto after = matcher({pack("a", {"x"})}, options);
  after->take_contexts(*before);
  CHECK(read(*after, "end", "1", at(101)) == Values{{"a.x", 0}});
  CHECK(read(*after, "end", "2", at(102)) == Values{{"a.x", 1}});
}

TEST_CASE("of contexts beyond the bound the ones used longest ago are let go", "[rules]") {
  const auto before = matcher({pack("a", {"x"})});
  for (const char* const procid : {"1", "2", "3"}) read(*before, "item", procid);
  const auto after = matcher({pack("a", {"x"})}, {.contexts_max = 2});
  after->take_contexts(*before);
  CHECK(after->context_count() == 2);
  CHECK(read(*after, "end", "1") == Values{{"a.x", 0}});
  CHECK(read(*after, "end", "3") == Values{{"a.x", 1}});
}

}  // namespace sluice
