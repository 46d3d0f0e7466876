// The language of rules, a table per feature: each row is a rule as JSON with lines and what they
// give.
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "config/outcome.h"
#include "config/pack_reader.h"
#include "sluice/rules/examples.h"
#include "sluice/rules/matcher.h"

namespace sluice {
namespace {

// What goes wrong with a pack of one rule that has these members and this example; empty: nothing.
std::string failure(const std::string& rule, const std::string& example) {
  const std::string text = R"({"pack": "p", "rules": [{"name": "r", )" + rule +
                           R"(, "examples": [{)" + example + "}]}]}";
  const auto pack = decode_pack(text, "p.json");
  if (!pack) return pack.error().message();
  const ExampleReport report = run_examples({*pack});
  return report.failures.empty() ? "" : report.failures.front();
}

void check_all(const std::string& rule, const std::vector<std::string>& examples) {
  for (const std::string& example : examples) {
    CAPTURE(rule, example);
    CHECK(failure(rule, example) == "");
  }
}

}  // namespace

TEST_CASE("fields of JSON text are values, hosts, nodes of names and conditions", "[app][fields]") {
  check_all(
      R"("fields": "json", "emit": {"metric": "m", "type": "gauge", "value": "field.a.b"})",
      {R"("line": "{\"a\": {\"b\": 1.5}}", "gives": {"m": 1.5})",
       R"("line": "{\"a\": {\"b\": \"1,234\"}}", "gives": {"m": 1234})",
       R"("line": "{\"a.b\": 2}", "gives": {"m": 2})",
       R"("line": "{\"a\": {\"b\": 1}, \"a\": {\"b\": 3}}", "gives": {"m": 3})",
       R"("line": "{\"a\": {\"b\": true}}", "gives": {})",
       R"("line": "{\"a\": {\"b\": 1e999}}", "gives": {})",
       R"("line": "{\"a\": {\"b\": null}}", "gives": {})", R"("line": "{\"a\": 1}", "gives": {})",
       R"("line": "{\"a\": {\"b\": 1}", "gives": {})", R"("line": "a.b=1", "gives": {})"});
  check_all(
      R"("fields": "json", "emit": {"metric": "m", "type": "gauge", "value": "field.list.1"})",
      {R"("line": "{\"list\": [1, 2, 3]}", "gives": {"m": 2})",
       R"("line": "{\"list\": [1]}", "gives": {})"});
  check_all(
      R"("fields": "json", "where": {"field.kind": "report"},
         "emit": {"metric": "runs.{field.status}", "type": "counter", "host": "field.host"})",
      {R"("line": "{\"kind\": \"report\", \"status\": \"Failed Run\", \"host\": \"web\\u0030\"}",
          "gives": {"runs.failed_run": 1}, "host": "web0")",
       R"("line": "{\"kind\": \"other\", \"status\": \"x\", \"host\": \"web0\"}", "gives": {})",
       R"("line": "{\"status\": \"x\", \"host\": \"web0\"}", "gives": {})"});
}

TEST_CASE("fields may be read from a capture", "[app][fields]") {
  check_all(R"("match": "^Event: (?P<json>{.*})$", "fields": {"json": "json"},
               "emit": {"metric": "m", "type": "gauge", "value": "field.n"})",
            {R"("line": "Event: {\"n\": 4}", "gives": {"m": 4})",
             R"("line": "Event: {\"n\": 4", "gives": {})", R"("line": "{\"n\": 4}", "gives": {})"});
  check_all(
      R"("match": "stats (?P<rest>.*)$", "fields": {"kv": "rest"},
               "emit": {"metric": "m", "type": "gauge", "value": "field.n", "scale": 0.001})",
      {R"("line": "n=1 stats n=2000", "gives": {"m": 2})", R"("line": "n=1 stats", "gives": {})"});
}

TEST_CASE("fields of key=value text", "[app][fields]") {
  check_all(
      R"("app": "postfix/smtp", "fields": "kv", "where": {"field.status": "sent"},
               "emit": {"metric": "mail.delay", "type": "timing", "value": "field.delay"})",
      {R"x("line": "A1: to=<a@b>, delay=0.5, status=sent (250 ok)", "gives": {"mail.delay": 0.5})x",
       R"("line": "A1: to=<a@b>, delay=0.5, status=deferred", "gives": {})",
       R"("line": "connect from unknown", "gives": {})"});
}

TEST_CASE("conditions on fields", "[app][fields]") {
  const auto rule = [](const std::string& where) {
    return R"("fields": "kv", "where": {)" + where +
           R"(}, "emit": {"metric": "m", "type": "counter"})";
  };
  const std::string yes = R"(", "gives": {"m": 1})";
  const std::string no = R"(", "gives": {})";
  check_all(rule(R"("field.a": 1)"),
            {R"("line": "a=1)" + yes, R"("line": "a=1.0)" + yes, R"("line": "a=2)" + no,
             R"("line": "a=x)" + no, R"("line": "b=1)" + no});
  check_all(rule(R"("field.a": "x")"), {R"("line": "a=x)" + yes, R"("line": "a=X)" + no});
  check_all(rule(R"("field.a": null)"), {R"("line": "b=1)" + yes, R"("line": "a=)" + no});
  check_all(rule(R"("field.a": {"min": 0, "max": 5})"),
            {R"("line": "a=0)" + yes, R"("line": "a=5)" + yes, R"("line": "a=6)" + no,
             R"("line": "a=x)" + no, R"("line": "b=1)" + no});
  check_all(R"("fields": "kv", "emit": [{"metric": "all", "type": "counter"},
               {"metric": "slow", "type": "counter", "when": {"field.t": {"min": 10}}}])",
            {R"("line": "t=9", "gives": {"all": 1})",
             R"("line": "t=10", "gives": {"all": 1, "slow": 1})"});
}

TEST_CASE("structured data in values, names, hosts and conditions", "[app][fields]") {
  check_all(R"("where": {"sd.run@1.kind": "full"},
               "emit": {"metric": "runs.{sd.run@1.env}", "type": "timing", "value": "sd.run@1.t",
                        "host": "sd.run@1.node"})",
            {R"("line": "x", "sd": "[run@1 kind=\"full\" env=\"prod\" t=\"2.5\" node=\"web\\\"1\"]",
                "gives": {"runs.prod": 2.5}, "host": "web\"1")",
             R"("line": "x", "sd": "[run@1 kind=\"part\" env=\"prod\" t=\"2.5\"]", "gives": {})",
             R"("line": "x", "gives": {})"});
}

TEST_CASE("each gives one sample per numeric field", "[app][fields]") {
  check_all(
      R"("fields": "json", "emit": {"each": "field.resources_*",
               "metric": "puppet.resources.{each}", "type": "gauge"})",
      {R"("line": "{\"resources_total\": 10, \"resources_out_of_sync\": \"2\", \"resources_text\": \"x\", \"time\": 3}",
                "gives": {"puppet.resources.total": 10, "puppet.resources.out_of_sync": 2})",
       R"("line": "{\"resources_\": 10}", "gives": {})"});
  check_all(
      R"("fields": "json", "emit": {"each": "field.time.*.ms", "scale": 0.001,
               "metric": "time.{each}", "type": "timing"})",
      {R"("line": "{\"time\": {\"File\": {\"ms\": 1500}, \"exec\": {\"ms\": 20}, \"total\": 9}}",
                "gives": {"time.file": 1.5, "time.exec": 0.02})"});
  check_all(R"("match": "^(?P<n_a>\\d+) (?P<n_b>\\S+) (?P<other>\\d+)$",
               "emit": {"each": "n_*", "metric": "m.{each}", "type": "gauge"})",
            {R"("line": "1 2 3", "gives": {"m.a": 1, "m.b": 2})",
             R"("line": "1 x 3", "gives": {"m.a": 1})"});
  check_all(R"("app": "x", "emit": {"each": "sd.s@1.*", "metric": "m.{each}", "type": "counter"})",
            {R"("line": "", "sd": "[s@1 a=\"1\" b=\"x\"][t@1 c=\"2\"]", "gives": {"m.a": 1})"});
}

TEST_CASE("beyond 200 names of a rule each gives other", "[app][fields]") {
  const auto pack = decode_pack(R"({"pack": "p", "rules": [{"name": "r", "fields": "json",
      "emit": {"each": "field.*", "metric": "m.{each}", "type": "counter"}}]})",
                                "p.json");
  REQUIRE(error_of(pack) == "");
  std::string text = "{";
  for (int i = 0; i < 250; ++i) text += (i == 0 ? "\"f" : ",\"f") + std::to_string(i) + "\":1";
  text += "}";
  Record record;
  record.message = text;
  Matcher matcher(*RuleSet::compile({*pack}), {});
  std::vector<Sample> samples;
  matcher.match({.record = record, .host = "h"}, samples);
  CHECK(samples.size() == 250);
  std::set<std::string> names;
  for (const Sample& sample : samples) names.insert(sample.metric->name);
  CHECK(names.size() == 201);
  CHECK(names.contains("m.f199"));
  CHECK(names.contains("m.other"));
  CHECK(matcher.stats().names_folded == 50);
}

TEST_CASE("fields that cannot be read are counted once a text", "[app][fields]") {
  const auto pack = decode_pack(R"({"pack": "p", "rules": [
      {"name": "a", "fields": "json", "emit": {"metric": "a", "type": "counter"}},
      {"name": "b", "fields": "json", "emit": {"metric": "b", "type": "counter"}}]})",
                                "p.json");
  REQUIRE(error_of(pack) == "");
  Matcher matcher(*RuleSet::compile({*pack}), {});
  std::vector<Sample> samples;
  const std::string texts[] = {"{\"a\": 1", "{\"a\": 1", "no JSON", "{\"a\": 1}"};
  for (const std::string& text : texts) {
    Record record;
    record.message = text;
    matcher.match({.record = record, .host = "h"}, samples);
  }
  CHECK(matcher.stats().fields_broken == 2);
  CHECK(samples.size() == 2);
}

TEST_CASE("a host that a field names outlives the reading of other fields", "[app][fields]") {
  const auto pack = decode_pack(R"x({"pack": "p", "rules": [
      {"name": "a", "fields": "kv", "emit": {"metric": "a", "type": "counter", "host": "field.node"}},
      {"name": "b", "match": "^(?P<n>\\S+)", "fields": {"kv": "n"},
       "emit": {"metric": "b", "type": "counter", "host": "field.node"}}]})x",
                                "p.json");
  REQUIRE(error_of(pack) == "");
  Matcher matcher(*RuleSet::compile({*pack}), {});
  std::vector<Sample> samples;
  Record record;
  record.message = "node=first-host-with-a-long-name node=second-host-with-a-long-name";
  CHECK(matcher.match({.record = record, .host = "h"}, samples) == 2);
  REQUIRE(samples.size() == 2);
  CHECK(samples[0].host == "second-host-with-a-long-name");
  CHECK(samples[1].host == "first-host-with-a-long-name");
}

TEST_CASE("fields in the context", "[app][fields]") {
  check_all(
      R"("fields": "kv", "context": {"set": {"last": "<{field.name}>"}, "add": {"sum": "field.n"}},
               "emit": {"metric": "m", "type": "gauge", "value": "context.sum", "when": {"last": "<b>"}})",
      {R"("lines": ["name=a n=2", "name=b n=3"], "gives": {"m": 5})",
       R"("lines": ["name=b n=2", "name=a n=3"], "gives": {"m": 2})"});
}

TEST_CASE("fields that a rule cannot have are refused", "[app][fields]") {
  const std::string example = R"("line": "x", "gives": {})";
  const std::vector<std::pair<std::string, std::string>> rows{
      {R"("match": "x", "emit": {"metric": "m", "type": "gauge", "value": "field.a"})",
       R"(p.json: rule r: emit 0: value: "field.a" needs "fields": "json" or "fields": "kv" in the rule)"},
      {R"("match": "x", "emit": {"metric": "m.{field.a}", "type": "counter"})",
       R"(p.json: rule r: emit 0: metric: "field.a" needs "fields": "json" or "fields": "kv" in the rule)"},
      {R"("match": "x", "where": {"field.a": 1}, "emit": {"metric": "m", "type": "counter"})",
       R"(p.json: rule r: where: "field.a" needs "fields": "json" or "fields": "kv" in the rule)"},
      {R"("match": "x", "fields": {"json": "payload"}, "emit": {"metric": "m", "type": "counter"})",
       R"(p.json: rule r: fields: expected a capture of the pattern (it has none), found "payload")"},
      {R"("match": "x", "fields": "jsn", "emit": {"metric": "m", "type": "counter"})",
       R"(p.json: rule "r": /rules/0/fields: expected "json" or "kv", got "jsn"; did you mean "json"?)"},
      {R"("match": "x", "fields": {"json": "a", "kv": "a"}, "emit": {"metric": "m", "type": "counter"})",
       R"(p.json: rule "r": /rules/0/fields: expected either "json" or "kv" with the capture to read)"},
      {R"("match": "x", "fields": "kv", "emit": {"metric": "m", "type": "gauge", "value": "field."})",
       R"(p.json: rule "r": /rules/0/emit/value: expected "field.PATH", got "field.")"},
      {R"("match": "x", "fields": "kv", "emit": {"metric": "m", "type": "gauge", "each": "field.a"})",
       R"json(p.json: rule "r": /rules/0/emit/each: expected names of fields with one '*', such as "field.resources_*", "sd.ID.resources_*" or "resources_*" (captures), got "field.a")json"},
      {R"("match": "x", "fields": "kv", "emit": {"metric": "m", "type": "gauge", "each": "field.*"})",
       R"(p.json: rule r: emit 0: metric: expected {each} in the name, so that each field has one of its own)"},
      {R"("match": "x", "fields": "kv", "emit": {"metric": "m.{each}", "type": "gauge", "each": "field.*", "value": 1})",
       R"(p.json: rule "r": /rules/0/emit/value: the value is that of each field that "each" names; remove one of the two)"},
      {R"("match": "x", "emit": {"metric": "m.{each}", "type": "gauge", "each": "n_*"})",
       R"(p.json: rule r: emit 0: each: no capture of the pattern is called "n_*")"},
  };
  for (const auto& [rule, expected] : rows) {
    CAPTURE(rule);
    CHECK(failure(rule, example) == expected);
  }
}

TEST_CASE("a failing example says what kept fields away", "[app][fields]") {
  const std::string emit = R"("emit": {"metric": "m", "type": "counter"})";
  const std::string wanted = R"(", "gives": {"m": 1})";
  const auto reason = [&](const std::string& rule, const std::string& line) {
    const std::string found = failure(rule + ", " + emit, R"("line": ")" + line + wanted);
    return found.substr(std::min(found.find(" ("), found.size()));
  };
  CHECK(reason(R"("fields": "json")", "x") == " (the text is no JSON object with fields)");
  CHECK(reason(R"("fields": "json")", "{x") ==
        " (the text is broken JSON, or has more than 256 fields, or fields deeper than 8)");
  CHECK(reason(R"("fields": "kv")", "x") == " (the text has no key=value pair)");
  CHECK(reason(R"x("match": "(?P<a>.*)", "fields": {"kv": "a"})x", "x") ==
        " (the capture a has no key=value pair)");
  CHECK(reason(R"("fields": "kv", "where": {"field.a": 1})", "a=2") ==
        " (its condition on the field \"field.a\" does not hold: expected 1, found \"2\")");
  CHECK(reason(R"("fields": "kv", "where": {"field.a": 1})", "b=2") ==
        " (its condition on the field \"field.a\" does not hold: expected 1, found that it is not "
        "set)");
}

}  // namespace sluice
