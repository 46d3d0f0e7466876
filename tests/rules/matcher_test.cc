#include "sluice/rules/matcher.h"

#include <catch2/catch.hpp>
#include <map>

#include "sluice/rules/examples.h"

namespace sluice {
namespace {

// A rule that counts `metric` whenever `match` does.
RuleDefinition counting_rule(std::string name, std::string match, std::string metric) {
  RuleDefinition rule{.name = std::move(name), .match = std::move(match)};
  rule.emits.push_back({.metric = {.name = std::move(metric)}});
  return rule;
}

RuleDefinition applied_rule() {
  RuleDefinition rule{.name = "applied",
                      .apps = {"puppet-agent"},
                      .match = "^Applied catalog in (?P<seconds>\\S+) seconds$"};
  rule.emits.push_back({.metric = {.name = "puppet.time", .type = MetricType::kTiming},
                        .value = {.kind = ValueSource::Kind::kCapture, .name = "seconds"}});
  return rule;
}

std::shared_ptr<const RuleSet> compiled(std::vector<RuleDefinition> rules) {
  auto set = RuleSet::compile({PackDefinition{.name = "test", .rules = std::move(rules)}});
  REQUIRE(set.has_value());
  return *set;
}

std::string refusal(std::vector<RuleDefinition> rules) {
  const auto set = RuleSet::compile(
      {PackDefinition{.name = "test", .file = "test.json", .rules = std::move(rules)}});
  return set ? "accepted" : set.error().message();
}

// Sums per metric of what the matcher gives for one line.
class Reader {
 public:
  explicit Reader(std::shared_ptr<const RuleSet> rules, MatcherOptions options = {})
      : matcher(std::move(rules), options) {}

  std::map<std::string, double> read(std::string_view text, std::string_view app = "puppet-agent",
                                     std::string_view procid = "1") {
    Record record;
    record.app_name = app;
    record.procid = procid;
    record.message = text;
    record.facility = 3;
    record.severity = 5;
    samples.clear();
    matched = matcher.match({.record = record, .host = "web01"}, samples);
    std::map<std::string, double> sums;
    for (const Sample& sample : samples) sums[sample.metric->name] += sample.value;
    return sums;
  }

  Matcher matcher;
  std::vector<Sample> samples;
  std::size_t matched = 0;
};

using Sums = std::map<std::string, double>;

}  // namespace

TEST_CASE("a capture becomes a sample of its metric", "[rules]") {
  Reader reader(compiled({applied_rule()}));
  CHECK(reader.read("Applied catalog in 12.34 seconds") == Sums{{"puppet.time", 12.34}});
  CHECK(reader.read("  Applied catalog in 12.34 seconds") == Sums{{"puppet.time", 12.34}});
  CHECK(reader.read("Applied catalog in 12.34 seconds of fame").empty());
  CHECK(reader.read("Applied catalog in 12.34 seconds", "sshd").empty());
  CHECK(reader.read("").empty());
  CHECK(reader.samples.empty());
}

TEST_CASE("a value that is no number is counted and gives no sample", "[rules]") {
  Reader reader(compiled({applied_rule()}));
  CHECK(reader.read("Applied catalog in many seconds").empty());
  CHECK(reader.matched == 1);
  CHECK(reader.matcher.stats().bad_values == 1);
}

TEST_CASE("all rules of a program are tried unless one stops", "[rules]") {
  RuleDefinition first = counting_rule("first", "x", "a");
  const RuleDefinition second = counting_rule("second", "x", "b");
  CHECK(Reader(compiled({first, second})).read("x") == Sums{{"a", 1}, {"b", 1}});
  first.stop = true;
  CHECK(Reader(compiled({first, second})).read("x") == Sums{{"a", 1}});
}

TEST_CASE("programs are named in full or by a prefix", "[rules]") {
  RuleDefinition prefixed = counting_rule("prefixed", "x", "a");
  prefixed.apps = {"postfix/*", "cron"};
  const RuleDefinition any = counting_rule("any", "x", "b");
  Reader reader(compiled({prefixed, any}));
  CHECK(reader.read("x", "postfix/smtpd") == Sums{{"a", 1}, {"b", 1}});
  CHECK(reader.read("x", "postfix/smtpd") == Sums{{"a", 1}, {"b", 1}});  // From the cache.
  CHECK(reader.read("x", "cron") == Sums{{"a", 1}, {"b", 1}});
  CHECK(reader.read("x", "postfix") == Sums{{"b", 1}});
  CHECK(reader.read("x", "") == Sums{{"b", 1}});
}

TEST_CASE("facility and severity restrict a rule", "[rules]") {
  RuleDefinition rule = counting_rule("r", "x", "a");
  rule.facilities = {3};
  rule.severities = {5, 6};
  CHECK(Reader(compiled({rule})).read("x") == Sums{{"a", 1}});
  rule.severities = {3};
  CHECK(Reader(compiled({rule})).read("x").empty());
  rule.severities = {};
  rule.facilities = {4};
  CHECK(Reader(compiled({rule})).read("x").empty());
}

TEST_CASE("context carries counts from line to line, per program and process", "[rules]") {
  RuleDefinition change{.name = "change", .match = "changed"};
  change.context = ContextAction{.add = {{"changes", {.constant = 1}}}};
  RuleDefinition done{.name = "done", .match = "^Applied"};
  done.context = ContextAction{.end = true};
  done.emits.push_back({.metric = {.name = "run.changes", .type = MetricType::kDistribution},
                        .value = {.kind = ValueSource::Kind::kContext, .name = "changes"}});
  done.emits.push_back(
      {.metric = {.name = "runs.with_changes"},
       .when = {{.variable = "changes", .kind = Condition::Kind::kRange, .min = 1}}});
  Reader reader(compiled({change, done}));
  CHECK(reader.read("a changed").empty());
  CHECK(reader.read("b changed", "puppet-agent", "2").empty());
  CHECK(reader.read("c changed").empty());
  CHECK(reader.read("Applied") == Sums{{"run.changes", 2}, {"runs.with_changes", 1}});
  CHECK(reader.read("Applied") == Sums{{"run.changes", 0}});
  CHECK(reader.read("Applied", "puppet-agent", "2") ==
        Sums{{"run.changes", 1}, {"runs.with_changes", 1}});
  CHECK(reader.matcher.context_count() == 0);
}

TEST_CASE("where tells sections apart", "[rules]") {
  RuleDefinition title{.name = "title", .match = "^(?P<name>\\w+):$"};
  title.context = ContextAction{.set = {{"section", "{name}"}}};
  RuleDefinition total = counting_rule("total", "^Total: (?P<n>\\d+)$", "resources.total");
  total.emits[0].value = {.kind = ValueSource::Kind::kCapture, .name = "n"};
  total.where = {{.variable = "section", .kind = Condition::Kind::kEquals, .equals = "Resources"}};
  Reader reader(compiled({title, total}));
  CHECK(reader.read("Total: 5").empty());
  CHECK(reader.read("Time:").empty());
  CHECK(reader.read("Total: 6").empty());
  CHECK(reader.read("Resources:").empty());
  CHECK(reader.read("Total: 7") == Sums{{"resources.total", 7}});
}

TEST_CASE("a capture in a metric name becomes one node, and beyond 200 values 'other'", "[rules]") {
  RuleDefinition rule = counting_rule("r", "^(?P<type>\\S+) evaluated", "eval.{type}.count");
  Reader reader(compiled({rule}));
  CHECK(reader.read("Concat_file evaluated") == Sums{{"eval.concat_file.count", 1}});
  CHECK(reader.read("a.b/c evaluated") == Sums{{"eval.a_b_c.count", 1}});
  for (int i = 0; i < 198; ++i)
    CHECK(reader.read("t" + std::to_string(i) + " evaluated").size() == 1);
  CHECK(reader.read("one-too-many evaluated") == Sums{{"eval.other.count", 1}});
  CHECK(reader.read("and-one-more evaluated") == Sums{{"eval.other.count", 1}});
  CHECK(reader.read("t7 evaluated") == Sums{{"eval.t7.count", 1}});
  CHECK(reader.matcher.stats().names_folded == 2);
}

TEST_CASE("a sample may be of a host that the text names", "[rules]") {
  RuleDefinition rule = counting_rule("r", "^Compiled for (?P<node>\\S+)$", "compiled");
  rule.emits[0].host = "node";
  Reader reader(compiled({rule}));
  CHECK(reader.read("Compiled for db01") == Sums{{"compiled", 1}});
  CHECK(reader.samples[0].host == "db01");
  CHECK(reader.samples[0].is_claimed);
}

TEST_CASE("values come scaled, from structured data, or as constants", "[rules]") {
  RuleDefinition rule = counting_rule("r", "x", "a");
  rule.emits[0].value = {
      .kind = ValueSource::Kind::kStructuredData, .name = "meta@1", .param = "ms"};
  rule.emits[0].scale = 0.001;
  Matcher matcher(compiled({rule}), {});
  Record record;
  record.message = "x";
  record.structured_data = "[meta@1 ms=\"1500\"]";
  std::vector<Sample> samples;
  matcher.match({.record = record, .host = "h"}, samples);
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].value == 1.5);
  record.structured_data = "[meta@1 ms=\"many\"]";
  samples.clear();
  matcher.match({.record = record, .host = "h"}, samples);
  CHECK(samples.empty());
}

TEST_CASE("an offset is added after the scale", "[rules]") {
  RuleDefinition rule{.name = "cpu", .match = "^idle (?P<idle>\\S+)$"};
  rule.emits.push_back({.metric = {.name = "cpu.busy", .type = MetricType::kGauge},
                        .value = {.kind = ValueSource::Kind::kCapture, .name = "idle"},
                        .scale = -1,
                        .offset = 100});
  Reader reader(compiled({rule}));
  CHECK(reader.read("idle 97.5") == std::map<std::string, double>{{"cpu.busy", 2.5}});
}

TEST_CASE("a state is the index of its name, from a constant or a field", "[rules]") {
  const Metric state{.name = "s", .type = MetricType::kState, .states = {"good", "bad"}};
  RuleDefinition constant{.name = "constant", .match = "^broken$"};
  constant.emits.push_back({.metric = state, .value = {.constant = 1}});
  RuleDefinition capture{.name = "capture", .match = "^is (?P<what>.*)$"};
  capture.emits.push_back(
      {.metric = state, .value = {.kind = ValueSource::Kind::kCapture, .name = "what"}});
  RuleDefinition remember{.name = "remember", .match = "^then (?P<what>.*)$"};
  remember.context = ContextAction{.set = {{"then", ContextValue("{what}")}}};
  RuleDefinition recall{.name = "recall", .match = "^now$"};
  recall.emits.push_back(
      {.metric = state, .value = {.kind = ValueSource::Kind::kContext, .name = "then"}});
  Reader reader(compiled({constant, capture, remember, recall}));
  using Sums = std::map<std::string, double>;
  CHECK(reader.read("broken") == Sums{{"s", 1}});
  CHECK(reader.read("is good") == Sums{{"s", 0}});
  CHECK(reader.read("is bad") == Sums{{"s", 1}});
  CHECK(reader.matcher.stats().bad_values == 0);
  CHECK(reader.read("is Bad").empty());
  CHECK(reader.read("is 1").empty());
  CHECK(reader.read("is ").empty());
  CHECK(reader.read("now").empty());
  CHECK(reader.matcher.stats().bad_values == 4);
  CHECK(reader.read("then bad").empty());
  CHECK(reader.read("now") == Sums{{"s", 1}});
}

TEST_CASE("text that may be tag or text is tried both ways", "[rules]") {
  Matcher matcher(compiled({counting_rule("r", "^Compiled catalog", "a")}), {});
  Record record;
  record.app_name = "Compiled";
  record.message = "catalog for web01";
  record.full_text = "Compiled catalog for web01";
  std::vector<Sample> samples;
  CHECK(matcher.match({.record = record, .host = "h"}, samples) == 1);
}

TEST_CASE("octets that are not UTF-8 match like any other", "[rules]") {
  Reader reader(compiled({counting_rule("r", "^\\(.*\\) created$", "a")}));
  CHECK(reader.read("(/Stage[main]/Caf\xe9\xff) created") == Sums{{"a", 1}});
}

TEST_CASE("explain tells of every rule what it wanted", "[rules]") {
  RuleDefinition other = counting_rule("other", "x", "a");
  other.apps = {"cron"};
  RuleDefinition severe = counting_rule("severe", "x", "b");
  severe.severities = {0};
  RuleDefinition literal = counting_rule("literal", "^Finished (\\d+)", "c");
  RuleDefinition pattern = counting_rule("pattern", "catalog in (?P<n>\\d{5})", "d");
  RuleDefinition stopper = applied_rule();
  stopper.stop = true;
  RuleDefinition last = counting_rule("last", "x", "e");
  Matcher matcher(compiled({other, severe, literal, pattern, stopper, last}), {});
  Record record;
  record.app_name = "puppet-agent";
  record.message = "Applied catalog in 3.5 seconds";
  std::vector<Sample> samples;
  std::vector<RuleTrace> traces;
  CHECK(matcher.explain({.record = record, .host = "h"}, samples, traces) == 1);
  using Outcome = RuleTrace::Outcome;
  const std::vector expected{Outcome::kApp,     Outcome::kSeverity, Outcome::kLiteral,
                             Outcome::kPattern, Outcome::kMatched,  Outcome::kStopped};
  REQUIRE(traces.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(traces[i].outcome == expected[i]);
  CHECK(traces[2].detail == "the text does not begin with \"Finished \"");
  CHECK(traces[4].captures == std::vector<std::pair<std::string, std::string>>{{"seconds", "3.5"}});
  CHECK(traces[4].sample_count == 1);
}

TEST_CASE("rules that cannot work are refused with their place", "[rules]") {
  CHECK(
      refusal({counting_rule("r", "^a (?P<n>x)|b (?P<n>y)", "a")}) ==
      "test.json: rule r: match: expected each capture once, found two named \"n\": only the first "
      "would be read; name them apart, or write the alternatives inside of one");
  CHECK(refusal({counting_rule("r", "(", "a")})
            .starts_with("test.json: rule r: match: expected an RE2 pattern, but: missing )"));
  RuleDefinition rule = applied_rule();
  rule.emits[0].value.name = "second";
  CHECK(refusal({rule}) ==
        "test.json: rule applied: emit 0: value: expected a capture of the pattern (seconds), "
        "found \"second\"; did you mean \"seconds\"?");
  rule = counting_rule("r", "x", "a.{type}");
  CHECK(refusal({rule}) ==
        "test.json: rule r: emit 0: metric: expected a capture of the pattern (it has none), found "
        "\"type\"");
  rule = counting_rule("r", "x", "a..b");
  CHECK(refusal({rule}) ==
        "test.json: rule r: emit 0: expected a metric name of nodes [A-Za-z0-9_-] joined by dots, "
        "found \"a..b\"");
  rule = counting_rule("r2", "x", "puppet.time");
  CHECK(
      refusal({applied_rule(), rule})
          .starts_with("test.json: rule r2: emit 0: metric \"puppet.time\": type \"counter\" here, "
                       "\"timing\" in rule test/applied; "));
}

std::vector<std::string> failures_of(RuleDefinition rule, ExampleDefinition example) {
  rule.examples = {std::move(example)};
  return run_examples({PackDefinition{.name = "p", .file = "p.json", .rules = {rule}}}).failures;
}

TEST_CASE("a failing example says how far the rule got", "[rules]") {
  using Failures = std::vector<std::string>;
  RuleDefinition rule = applied_rule();
  const GivenValues three{{"puppet.time", 3.0}};
  CHECK(failures_of(rule, {.lines = {"Applied catalog in 3.00 seconds"}, .gives = three}).empty());
  CHECK(failures_of(rule, {.lines = {"Finished"}, .gives = three}) ==
        Failures{"p.json: rule applied: example \"Finished\": expected puppet.time = 3, found "
                 "nothing (the text does not begin with \"Applied catalog in \")"});
  CHECK(failures_of(rule, {.lines = {"Applied catalog in 3 s or seconds"}, .gives = three}) ==
        Failures{"p.json: rule applied: example \"Applied catalog in 3 s or seconds\": expected "
                 "puppet.time = 3, found nothing (the pattern does not match: " +
                 rule.match +
                 "; it gets as far as \"Applied catalog in 3 \", then expects \"seconds$\" and "
                 "finds \"s or seconds\")"});
  CHECK(failures_of(rule, {.lines = {"Applied catalog in 3s seconds"}, .gives = three}) ==
        Failures{"p.json: rule applied: example \"Applied catalog in 3s seconds\": expected "
                 "puppet.time = 3, found nothing (the rule matches; puppet.time: the value is no "
                 "finite number: \"3s\")"});
  CHECK(failures_of(
            rule, {.lines = {"Applied catalog in 3.00 seconds"}, .gives = three, .app = "cron"}) ==
        Failures{"p.json: rule applied: example \"Applied catalog in 3.00 seconds\": expected "
                 "puppet.time = 3, found nothing (reads APP-NAME puppet-agent)"});
  CHECK(failures_of(rule, {.lines = {"Applied catalog in 3.00 seconds"}}) ==
        Failures{"p.json: rule applied: example \"Applied catalog in 3.00 seconds\": expected "
                 "nothing, found puppet.time = 3"});
  rule.where = {{.variable = "run", .equals = 1.0}};
  CHECK(failures_of(rule, {.lines = {"Applied catalog in 3.00 seconds"}, .gives = three}) ==
        Failures{"p.json: rule applied: example \"Applied catalog in 3.00 seconds\": expected "
                 "puppet.time = 3, found nothing (its condition on the context variable \"run\" "
                 "does not hold: expected 1, found that it is not set)"});
}

TEST_CASE("an example names states", "[rules]") {
  RuleDefinition rule{.name = "s", .match = "^is (?P<what>.*)$"};
  rule.emits.push_back(
      {.metric = {.name = "s", .type = MetricType::kState, .states = {"good", "bad"}},
       .value = {.kind = ValueSource::Kind::kCapture, .name = "what"}});
  const GivenValues bad{{"s", std::string("bad")}};
  CHECK(failures_of(rule, {.lines = {"is good", "is bad"}, .gives = bad}).empty());
  CHECK(failures_of(rule, {.lines = {"is good"}, .gives = bad}) ==
        std::vector<std::string>{
            "p.json: rule s: example \"is good\": expected s = \"bad\", found s = \"good\""});
  CHECK(failures_of(rule, {.lines = {"is odd"}, .gives = bad}) ==
        std::vector<std::string>{"p.json: rule s: example \"is odd\": expected s = \"bad\", found "
                                 "nothing (the rule matches; s: the value is none of its states "
                                 "(good, bad): \"odd\")"});
}

TEST_CASE("examples are run with context and compared per metric", "[rules]") {
  RuleDefinition rule = applied_rule();
  rule.examples = {{.lines = {"Applied catalog in 3.00 seconds"}, .gives = {{"puppet.time", 3.0}}},
                   {.lines = {"Applied catalog in 3.00 seconds of fame"}}};
  const PackDefinition good{.name = "p", .file = "p.json", .rules = {rule}};
  CHECK(run_examples({good}).failures.empty());
  CHECK(run_examples({good}).example_count == 2);
  CHECK(run_examples({good}).without_example.empty());

  rule.examples[0].gives["puppet.time"] = 4.0;
  const auto failures =
      run_examples({PackDefinition{.name = "p", .file = "p.json", .rules = {rule}}}).failures;
  REQUIRE(failures.size() == 1);
  CHECK(failures[0] ==
        "p.json: rule applied: example \"Applied catalog in 3.00 seconds\": expected puppet.time = "
        "4, found puppet.time = 3");
  rule.examples.clear();
  CHECK(run_examples({PackDefinition{.name = "p", .rules = {rule}}}).without_example ==
        std::vector<std::string>{"p/applied"});
}

namespace {

// Of Graphite input: the number of each path that ends in ".METRIC", of the host in front of it.
RuleDefinition line_rule(std::string metric) {
  RuleDefinition rule{.name = metric,
                      .inputs = {"graphite"},
                      .host = "host",
                      .match = "^(?P<host>.*)\\." + metric + "$"};
  rule.emits.push_back({.metric = {.name = metric, .type = MetricType::kGauge},
                        .value = {.kind = ValueSource::Kind::kCapture, .name = "value"}});
  return rule;
}

std::vector<Sample> samples_of(Matcher& matcher, std::string_view path, double value) {
  const GraphiteLine line{.path = path, .value = value};
  const Record none;
  std::vector<Sample> samples;
  matcher.match({.record = none, .host = "192.0.2.7", .line = &line}, samples);
  return samples;
}

}  // namespace

TEST_CASE("a rule of Graphite input reads the path, its host and the number of the line",
          "[rules][graphite]") {
  RuleDefinition busy = line_rule("idle");
  busy.emits[0].scale = -1;
  busy.emits[0].offset = 100;
  Matcher matcher(compiled({busy}), {});
  auto samples = samples_of(matcher, "web01_example_com.idle", 97.5);
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].value == 2.5);
  CHECK(samples[0].host == "web01_example_com");
  CHECK(samples[0].is_path_node);
  CHECK_FALSE(samples[0].is_claimed);
  samples = samples_of(matcher, "web01.example.com.idle", 0);
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].value == 100);
  CHECK(samples[0].host == "web01.example.com");
  CHECK_FALSE(samples[0].is_path_node);
  CHECK(samples_of(matcher, "web01.user", 1).empty());
}

TEST_CASE("rules of one input see nothing of the other", "[rules][graphite]") {
  const auto rules = compiled({line_rule("idle"), counting_rule("any", "idle$", "any")});
  Reader reader(rules);
  CHECK(reader.read("web01.idle") == Sums{{"any", 1}});
  const auto samples = samples_of(reader.matcher, "web01.idle", 1);
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].metric->name == "idle");

  const GraphiteLine line{.path = "web01.idle", .value = 1};
  const Record none;
  std::vector<Sample> explained;
  std::vector<RuleTrace> traces;
  CHECK(reader.matcher.explain({.record = none, .host = "", .line = &line}, explained, traces) ==
        1);
  CHECK(traces[0].outcome == RuleTrace::Outcome::kMatched);
  CHECK(traces[1].outcome == RuleTrace::Outcome::kInput);
  CHECK(traces[1].detail == "reads syslog input");
}

TEST_CASE("lines of one host share a context, whatever else they are about", "[rules][graphite]") {
  RuleDefinition total = line_rule("total");
  total.emits.clear();
  total.context =
      ContextAction{.add = {{"total", {.kind = ValueSource::Kind::kCapture, .name = "value"}}}};
  RuleDefinition used = line_rule("used");
  used.where = {{.variable = "total", .kind = Condition::Kind::kRange, .min = 1}};
  used.emits[0].value = {.kind = ValueSource::Kind::kContext, .name = "total"};
  Matcher matcher(compiled({total, used}), {});
  CHECK(samples_of(matcher, "web01.used", 5).empty());
  CHECK(samples_of(matcher, "web01.total", 80).empty());
  CHECK(samples_of(matcher, "web02.used", 5).empty());
  const auto samples = samples_of(matcher, "web01.used", 5);
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].value == 80);

  // Also where it tells of rules that never came so far as to know a host.
  const GraphiteLine line{.path = "web02.used", .value = 1};
  const Record none;
  std::vector<Sample> explained;
  std::vector<RuleTrace> traces;
  CHECK(matcher.explain({.record = none, .host = "", .line = &line}, explained, traces) == 0);
  CHECK(traces[0].outcome == RuleTrace::Outcome::kLiteral);
  CHECK(traces[1].outcome == RuleTrace::Outcome::kWhere);
}

TEST_CASE("a condition on \"value\" is about the number of the line", "[rules][graphite]") {
  RuleDefinition rule = line_rule("m");
  rule.where = {{.variable = "value", .kind = Condition::Kind::kRange, .min = 0, .max = 100}};
  RuleDefinition zero = line_rule("zero");
  zero.emits[0].when = {{.variable = "value", .equals = 0.0}};
  Matcher matcher(compiled({rule, zero}), {});
  CHECK(samples_of(matcher, "a.m", 0).size() == 1);
  CHECK(samples_of(matcher, "a.m", 100).size() == 1);
  CHECK(samples_of(matcher, "a.m", 100.5).empty());
  CHECK(samples_of(matcher, "a.m", -1).empty());
  CHECK(samples_of(matcher, "a.zero", 0).size() == 1);
  CHECK(samples_of(matcher, "a.zero", 1).empty());

  const GraphiteLine line{.path = "a.m", .value = 101};
  const Record none;
  std::vector<Sample> explained;
  std::vector<RuleTrace> traces;
  CHECK(matcher.explain({.record = none, .host = "", .line = &line}, explained, traces) == 0);
  CHECK(traces[0].detail == "its condition on \"value\" does not hold: expected 0..100, found 101");
}

TEST_CASE("a rule of Graphite input may not name what a line has not", "[rules][graphite]") {
  RuleDefinition rule = line_rule("m");
  rule.match = "^(?P<host>.*)\\.(?P<value>m)$";
  CHECK(refusal({rule}) ==
        "test.json: rule m: match: \"value\" is the number of a Graphite line; name the capture "
        "otherwise");
  rule = line_rule("m");
  rule.host = "node";
  CHECK(refusal({rule}) ==
        "test.json: rule m: host: expected a capture of the pattern (host), found \"node\"");
  rule = line_rule("m");
  rule.context = ContextAction{.set = {{"value", 1.0}}};
  CHECK(refusal({rule}) ==
        "test.json: rule m: context: \"value\" is the number of a Graphite line; name the variable "
        "otherwise");
  rule = line_rule("m");
  rule.emits[0].value = {.kind = ValueSource::Kind::kStructuredData, .name = "id", .param = "p"};
  CHECK(refusal({rule}) ==
        "test.json: rule m: emit 0: value: a Graphite line has no structured data");
}

TEST_CASE("examples of Graphite input are whole lines", "[rules][graphite]") {
  RuleDefinition rule = line_rule("m");
  rule.examples = {{.lines = {"web01.m 5 1732000000"}, .gives = {{"m", 5.0}}, .host = "web01"},
                   {.lines = {"web01.m nan 1732000000"}},
                   {.lines = {"web01.x 5 1732000000"}}};
  const PackDefinition pack{.name = "p", .rules = {rule}};
  CHECK(run_examples({pack}).failures.empty());
  CHECK(run_examples({pack}).without_example.empty());
  rule.examples = {{.lines = {"web01.m"}, .gives = {{"m", 5.0}}}};
  CHECK(run_examples({PackDefinition{.name = "p", .rules = {rule}}}).failures.size() == 1);
}

TEST_CASE("groups behind a literal are those of the whole pattern", "[rules]") {
  PackDefinition pack{.name = "p"};
  for (const std::string_view match :
       {"^cpu:? (?:\\S+ )*?user=(?P<n>\\d+)%?(?: |$)", "^.*x=(?P<n>\\d+)", "x=(?P<n>\\d+?)",
        "(?s)^.+ in(?: a)? (?P<n>\\d+)s", "^(?:a|ab|b)*x(?:=|==)(?P<n>\\d*)(?P<rest>.*)$",
        "[^=]*x(?P<sign>=*)(?P<n>\\d+|)"}) {
    RuleDefinition& rule = pack.rules.emplace_back();
    rule.name = "r" + std::to_string(pack.rules.size());
    rule.match = match;
    rule.apps = {"app"};
    rule.emits.push_back({.metric = {.name = "m" + rule.name}});
    rule.emits.back().value = {
        .kind = ValueSource::Kind::kCapture, .constant = 0, .name = "n", .param = {}};
  }
  const auto rules = RuleSet::compile({pack});
  REQUIRE(rules.has_value());
  Matcher matcher(*rules, {});
  const auto numbers = [&](std::string_view text, bool is_explained) {
    const Record record{.app_name = "app", .message = text, .has_message = true};
    std::vector<Sample> samples;
    std::vector<RuleTrace> traces;
    const Matcher::Input input{.record = record, .host = "h"};
    if (is_explained) {
      matcher.explain(input, samples, traces);
    } else {
      matcher.match(input, samples);
    }
    std::vector<std::pair<std::uint32_t, double>> found;
    for (const Sample& sample : samples) found.emplace_back(sample.rule, sample.value);
    return found;
  };
  for (const std::string_view text :
       {"cpu user=5 idle=6", "cpu: a user=5x user=6%", "cpu user=x user=", "cpu user=7", "x=1x=2",
        "abx=12", "x=", "x==3", "abx=4 x=5 in 6s", "took in a 7s", "in in a 8s", " in 9s in 10s",
        "a\nb in 11s", "bax=1 in", "abcx=1", "x", "", "=x=13"}) {
    CAPTURE(text);
    CHECK(numbers(text, false) == numbers(text, true));
  }
  CHECK(numbers("cpu: a user=5x user=6%", false) ==
        std::vector<std::pair<std::uint32_t, double>>{{0, 6}});
  CHECK(numbers("took in a 7s", false) == std::vector<std::pair<std::uint32_t, double>>{{3, 7}});
}

}  // namespace sluice
