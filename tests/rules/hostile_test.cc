// Patterns and lines that are made to hurt: the cost stays linear, the memory bounded, and what is
// heavy is said. Times are of this thread's processor, and only ratios of them are looked at, so
// that a slow or busy machine changes nothing.
#include <time.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "rules/fields.h"
#include "sluice/rules/cost.h"
#include "sluice/rules/matcher.h"
#include "sluice/rules/pattern.h"

namespace sluice {
namespace {

constexpr std::size_t kShort = 8 * 1024;
constexpr std::size_t kFactor = 8;
// Linear cost grows by the factor, quadratic cost by its square; this lies between, far from both.
constexpr double kRatioMax = 3.0 * kFactor;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Processor time of one run of `work`: the least of some measurements, each long enough to measure.
double cost_of(const std::function<void()>& work) {
  constexpr int kMeasurements = 5;
  constexpr double kLongEnough = 1e-3;
  double least = std::numeric_limits<double>::max();
  for (int i = 0; i < kMeasurements; ++i) {
    const double start = cpu_seconds();
    int runs = 0;
    double spent = 0;
    do {
      work();
      ++runs;
      spent = cpu_seconds() - start;
    } while (spent < kLongEnough);
    least = std::min(least, spent / runs);
  }
  return least;
}

std::string repeated(const std::string& unit, std::size_t bytes) {
  std::string text;
  while (text.size() + unit.size() <= bytes) text += unit;
  return text;
}

RuleDefinition counting_rule(std::string name, std::string match) {
  RuleDefinition rule{.name = std::move(name), .match = std::move(match)};
  rule.emits.push_back({.metric = {.name = "m"}});
  return rule;
}

std::shared_ptr<const RuleSet> compiled(std::vector<RuleDefinition> rules) {
  auto set = RuleSet::compile({PackDefinition{.name = "test", .rules = std::move(rules)}});
  REQUIRE(set.has_value());
  return *set;
}

Record record_of(std::string_view text, std::string_view app = "a") {
  Record record;
  record.app_name = app;
  record.message = text;
  return record;
}

// How many rules match, and what it cost.
double match_cost(Matcher& matcher, const std::string& text, std::string_view app = "a") {
  std::vector<Sample> samples;
  const Record record = record_of(text, app);
  return cost_of([&] {
    samples.clear();
    matcher.match({.record = record, .host = "h"}, samples);
  });
}

std::string word(std::size_t number) {
  return "w" + std::to_string(number * 7919 % 1'000'003) + "q";
}

std::string alternation(std::size_t count) {
  std::string pattern;
  for (std::size_t i = 0; i < count; ++i) pattern += (i == 0 ? "" : "|") + word(i);
  return pattern;
}

}  // namespace

TEST_CASE("no pattern costs more than linear time", "[rules][hostile]") {
  struct Row {
    std::string pattern;
    std::string unit;
  };
  const std::vector<Row> rows{
      {"(?:(?:a*)*)*b", "a"},
      {"^(a|aa)+$", "ab"},
      {"^(?:a?){50}a{50}b", "a"},
      {"(?:x+x+)+y", "x"},
      {R"(^(\S+\s?)+!$)", "ab c "},
      {"(.*)(.*)(.*)(.*)(.*)[0-9]$", "abc "},
      {"(a+)(a+)(a+)b", "a"},
      {"a.{20}b.{20}c", "a"},
      {"(?:" + alternation(500) + ")z", "w1q "},
      {"\\xff+\\x00", "\xff"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.pattern.substr(0, 60));
    Matcher matcher(compiled({counting_rule("r", row.pattern)}), {});
    const double small = match_cost(matcher, repeated(row.unit, kShort));
    const double large = match_cost(matcher, repeated(row.unit, kShort * kFactor));
    CHECK(large < small * kRatioMax);
  }
}

TEST_CASE("no text with fields costs more than linear time", "[rules][hostile]") {
  FieldTable fields;
  for (const char* unit : {"{\"a\":", "[", "{\"a\":[", "\"", "\\\"", "{\"\\u12", "a=\"", "a='", "=",
                           ",a", "a=\\\"", "a=b,c", "a=1,", "k=\"\\\"", " ", "{}", "\xff=", "x"}) {
    CAPTURE(unit);
    for (const std::string prefix : {"", "{\"a\":\"", "{\"a\":[", "a="}) {
      const auto read = [&](std::size_t bytes) {
        const std::string text = prefix + repeated(unit, bytes);
        return cost_of([&] {
          fields.read_json(text);
          fields.read_pairs(text);
        });
      };
      CHECK(read(kShort * kFactor) < read(kShort) * kRatioMax + 1e-5);
    }
  }
}

TEST_CASE("ten thousand rules cost in proportion, and are warned of", "[rules][hostile]") {
  const auto rules_of = [](std::size_t count, const std::string& pattern) {
    std::vector<RuleDefinition> rules;
    for (std::size_t i = 0; i < count; ++i) {
      rules.push_back(counting_rule("r" + std::to_string(i), pattern + word(i)));
    }
    return compiled(std::move(rules));
  };
  const std::string line = "^a line that no rule reads, " + repeated("xyz ", 200);
  Matcher few(rules_of(1000, "^event "), {});
  Matcher many(rules_of(10'000, "^event "), {});
  CHECK(match_cost(many, line) < 10 * 3 * match_cost(few, line));
  std::vector<Sample> samples;
  const std::string event = "event " + word(77);
  CHECK(many.match({.record = record_of(event), .host = "h"}, samples) == 1);
  CHECK(cost_warnings(many.rules()) ==
        std::vector<std::string>{
            "every message of a program that no rule names is tried on 10000 rules, more than 500: "
            "name the programs of more rules in \"app\", or join rules"});
  std::vector<RuleDefinition> unanchored;
  for (int i = 0; i < 60; ++i) {
    unanchored.push_back(
        counting_rule("r" + std::to_string(i), "\\d{" + std::to_string(i + 1) + "}"));
  }
  CHECK(cost_warnings(*compiled(unanchored)) ==
        std::vector<std::string>{"on every message of a program that no rule names 60 patterns are "
                                 "run, more than 50: begin them with ^ and constant text, which is "
                                 "looked for first"});
  unanchored.resize(50);
  CHECK(cost_warnings(*compiled(unanchored)).empty());
  CHECK(cost_warnings(*rules_of(50, "^x")).empty());
}

TEST_CASE("heavy patterns are warned of, heavier ones refused", "[rules][hostile]") {
  RuleDefinition heavy = counting_rule("heavy", "(?:abcdefghij){1000}");
  heavy.apps = {"a"};
  const auto warnings = cost_warnings(*compiled({heavy}));
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].starts_with("rule test/heavy: the pattern is heavy ("));
  CHECK(
      warnings[0].ends_with(" instructions, more than 5000): shorten its repetitions and "
                            "alternatives, or make rules of them"));
  const std::string too_large = "(?:" + repeated("abcdefghij", 100) + "){1000}";
  const auto refused = Pattern::compile(too_large);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message() ==
        "expected an RE2 pattern, but: pattern too large - compile failed in \"" + too_large +
            "\"; it takes more than 1 MiB when compiled: shorten its repetitions and alternatives, "
            "or make rules of them");
  const auto nested = Pattern::compile("(?:(?:a{1,500}){1,500}){1,500}");
  CHECK_FALSE(nested.has_value());
}

TEST_CASE("lines of any octets are read, and bad numbers counted", "[rules][hostile]") {
  RuleDefinition rule = counting_rule("r", "n=(?P<n>\\S+)");
  rule.emits[0].value = {.kind = ValueSource::Kind::kCapture, .name = "n"};
  Matcher matcher(compiled({rule}), {});
  std::vector<Sample> samples;
  std::uint64_t bad = 0;
  for (const std::string& number :
       {std::string("1e999"), std::string("-1e999"), std::string("nan"), std::string("inf"),
        std::string("0x10"), std::string("1_000"), std::string("\xff\xfe"),
        std::string("1\0002", 3), std::string(64 * 1024, '9'), std::string("1,23")}) {
    CAPTURE(number.substr(0, 20));
    const std::string text = "caf\xe9 n=" + number;
    CHECK(matcher.match({.record = record_of(text), .host = "h"}, samples) == 1);
    CHECK(samples.empty());
    CHECK(matcher.stats().bad_values == ++bad);
  }
  const std::string good = std::string(64 * 1024, '\xe9') + " n=1e-400";
  matcher.match({.record = record_of("n=1.5"), .host = "h"}, samples);
  CHECK(samples.size() == 1);
  CHECK(matcher.match({.record = record_of(good), .host = "h"}, samples) == 1);
}

}  // namespace sluice
