#include "config/pack_reader.h"

#include <catch2/catch.hpp>
#include <string>

#include "config/outcome.h"

namespace sluice {
namespace {

using Kind = ValueSource::Kind;

std::string error(std::string_view text) { return error_of(decode_pack(text, "x.json")); }

// A pack whose one rule has these members besides its name and pattern.
std::string with_rule(const std::string& members) {
  return R"({"pack": "p", "rules": [{"name": "r", "match": "^x$")" +
         (members.empty() ? "" : ", " + members) + "}]}";
}

// A pack whose one emit has these members.
std::string with_emit(const std::string& members) {
  return with_rule(R"("emit": {)" + members + "}");
}

TEST_CASE("a pack is read with all that a rule can have", "[config]") {
  const auto pack = decode_pack(R"json({
    // Comments are allowed.
    "$schema": "x",
    "pack": "puppet-agent",
    "presence": {"name": "puppet", "every": "30m", "hosts": ["Web*.example.com", "db1"],
                 "clusters": ["mail"]},
    "rules": [
      {
        "name": "applied",
        "app": ["puppet-agent", "puppet*"],
        "facility": ["daemon", 17, "local7", "kern"],
        "severity": ["notice", 7, "error"],
        "input": "syslog",
        "where": {"a": "text", "b": 2, "c": null, "d": {"min": 1}, "e": {"min": 1, "max": 2.5}},
        "match": "^Applied in (?P<seconds>\\d+)$",
        "emit": [
          {"metric": "puppet.time.{kind}", "type": "timing", "unit": "s", "value": "seconds",
           "scale": 0.001, "offset": -2.5, "host": "node", "when": {"changes": {"max": 0}},
           "stats": {"hosts": ["last", "mean"], "clusters": ["p99"]}},
          {"metric": "puppet.runs.completed", "type": "counter"},
          {"metric": "puppet.age", "type": "age", "limit": "2h"}
        ],
        "context": {"set": {"run": "x{kind}", "n": 0}, "add": {"changes": 1, "sum": "seconds"},
                    "end": true},
        "stop": true,
        "examples": [
          {"line": "Applied in 1", "gives": {"puppet.runs.completed": 1}, "app": "puppet",
           "host": "web01"},
          {"lines": ["a", ""], "gives": {}}
        ]
      },
      {"name": "quiet", "app": "cron", "stop": true}
    ]
  })json",
                                "dir/x.json");
  REQUIRE(error_of(pack) == "");
  CHECK(pack->name == "puppet-agent");
  CHECK(pack->file == "dir/x.json");
  REQUIRE(pack->presence);
  CHECK(pack->presence->name == "puppet");
  CHECK(pack->presence->every == std::chrono::minutes(30));
  CHECK(pack->presence->hosts == std::vector<std::string>{"web*.example.com", "db1"});
  CHECK(pack->presence->clusters == std::vector<std::string>{"mail"});
  REQUIRE(pack->rules.size() == 2);
  const RuleDefinition& rule = pack->rules[0];
  CHECK(rule.name == "applied");
  CHECK(rule.apps == std::vector<std::string>{"puppet-agent", "puppet*"});
  CHECK(rule.facilities == std::vector<std::uint8_t>{3, 17, 23, 0});
  CHECK(rule.severities == std::vector<std::uint8_t>{5, 7, 3});
  CHECK(rule.inputs == std::vector<std::string>{"syslog"});
  CHECK(rule.match == "^Applied in (?P<seconds>\\d+)$");
  CHECK(rule.stop);

  REQUIRE(rule.where.size() == 5);
  CHECK(rule.where[0].equals == ContextValue("text"));
  CHECK(rule.where[1].equals == ContextValue(2.0));
  CHECK(rule.where[2].kind == Condition::Kind::kAbsent);
  CHECK(rule.where[3].kind == Condition::Kind::kRange);
  CHECK(rule.where[3].min == 1);
  CHECK_FALSE(rule.where[3].max);
  CHECK(rule.where[4].max == 2.5);

  REQUIRE(rule.emits.size() == 3);
  const EmitDefinition& emit = rule.emits[0];
  CHECK(emit.metric == Metric{"puppet.time.{kind}",
                              MetricType::kTiming,
                              "s",
                              {Stat::kLast, Stat::kMean},
                              {Stat::kP99},
                              std::chrono::seconds(0)});
  CHECK(emit.value.kind == Kind::kCapture);
  CHECK(emit.value.name == "seconds");
  CHECK(emit.scale == 0.001);
  CHECK(emit.offset == -2.5);
  CHECK(emit.host == "node");
  REQUIRE(emit.when.size() == 1);
  CHECK(emit.when[0].variable == "changes");
  CHECK(rule.emits[1].value.kind == Kind::kConstant);
  CHECK(rule.emits[1].value.constant == 1);
  CHECK(rule.emits[1].metric.host_stats.empty());
  CHECK(rule.emits[2].metric.limit == std::chrono::hours(2));

  REQUIRE(rule.context);
  REQUIRE(rule.context->set.size() == 2);
  CHECK(rule.context->set[0] == std::pair<std::string, ContextValue>("n", 0.0));
  CHECK(rule.context->set[1] == std::pair<std::string, ContextValue>("run", "x{kind}"));
  REQUIRE(rule.context->add.size() == 2);
  CHECK(rule.context->add[0].second.constant == 1);
  CHECK(rule.context->add[1].second.kind == Kind::kCapture);
  CHECK(rule.context->end);

  REQUIRE(rule.examples.size() == 2);
  CHECK(rule.examples[0].lines == std::vector<std::string>{"Applied in 1"});
  CHECK(rule.examples[0].gives == GivenValues{{"puppet.runs.completed", 1.0}});
  CHECK(rule.examples[0].app == "puppet");
  CHECK(rule.examples[0].host == "web01");
  CHECK(rule.examples[1].lines == std::vector<std::string>{"a", ""});
  CHECK(pack->rules[1].apps == std::vector<std::string>{"cron"});
}

TEST_CASE("a value names a field or is a number", "[config]") {
  const auto [text, kind, name, param] =
      GENERATE(table<std::string, Kind, std::string, std::string>({
          {"\"seconds\"", Kind::kCapture, "seconds", ""},
          {"\"context.changes\"", Kind::kContext, "changes", ""},
          {"\"sd.meta.sequenceId\"", Kind::kStructuredData, "meta", "sequenceId"},
          {"\"sd.a.b@32473.n\"", Kind::kStructuredData, "a.b@32473", "n"},
          {"2.5", Kind::kConstant, "", ""},
      }));
  const auto pack =
      decode_pack(with_emit(R"("metric": "m", "type": "gauge", "value": )" + text), "x.json");
  REQUIRE(error_of(pack) == "");
  const ValueSource& value = pack->rules[0].emits[0].value;
  CHECK(value.kind == kind);
  CHECK(value.name == name);
  CHECK(value.param == param);
  CHECK(value.constant == (kind == Kind::kConstant ? 2.5 : 1));
}

TEST_CASE("severities have several names", "[config]") {
  const auto [name, code] = GENERATE(table<std::string, int>({
      {"emerg", 0},
      {"panic", 0},
      {"emergency", 0},
      {"alert", 1},
      {"crit", 2},
      {"critical", 2},
      {"err", 3},
      {"error", 3},
      {"warning", 4},
      {"warn", 4},
      {"notice", 5},
      {"info", 6},
      {"informational", 6},
      {"debug", 7},
  }));
  const auto pack =
      decode_pack(with_rule(R"("stop": true, "severity": ")" + name + "\""), "x.json");
  REQUIRE(pack);
  CHECK(pack->rules[0].severities == std::vector<std::uint8_t>{static_cast<std::uint8_t>(code)});
}

TEST_CASE("a pack with a mistake is refused with its place", "[config]") {
  const std::string name =
      "expected a name of [a-z0-9_-], a letter or digit first, at most 64 bytes, got ";
  const auto [text, message] = GENERATE_COPY(table<std::string, std::string>({
      {"", "x.json: the file is empty; expected a JSON object, at least {}"},
      {"[]", "x.json: expected an object {...}, got an empty list"},
      {"{}", "x.json: the key \"pack\" is missing; expected \"pack\": \"puppet-agent\""},
      {R"({"pack": "p"})",
       "x.json: the key \"rules\" is missing; expected \"rules\": [{\"name\": ..}]"},
      {R"({"pack": "p", "rules": []})",
       "x.json: /rules: expected at least one rule, got an empty list"},
      {R"({"pack": "p", "rules": {}})", "x.json: /rules: expected a list [...], got an object"},
      {R"({"pack": "p", "rule": []})", "x.json: /rule: unknown key; did you mean \"rules\"?"},
      {R"({"pack": "P", "rules": [{"name": "r", "match": "x", "stop": true}]})",
       "x.json: /pack: " + name + "\"P\""},
      {R"({"pack": "p", "presence": {"name": "x"}, "rules": [{}]})",
       "x.json: /presence: the key \"every\" is missing; expected \"every\": \"30m\""},
      {R"({"pack": "p", "presence": {"name": "x", "every": "0s"}, "rules": [{}]})",
       "x.json: /presence/every: expected a duration in 1s..366d, got \"0s\""},
      {R"({"pack": "p", "presence": {"name": "x", "every": "1h", "hosts": "web*"}, "rules": [{}]})",
       "x.json: /presence/hosts: expected a list [...], got \"web*\""},
      {R"({"pack": "p", "presence": {"name": "x", "every": "1h", "clusters": ["a", "b c"]}, "rules": [{}]})",
       "x.json: /presence/clusters/1: expected a name of at most 255 printable characters, got "
       "\"b c\""},
      {R"({"pack": "p", "rules": [{}]})",
       "x.json: /rules/0: the key \"name\" is missing; expected \"name\": \"applied\""},
      {R"({"pack": "p", "rules": [{"name": "A", "match": "x", "stop": true}]})",
       "x.json: rule \"A\": /rules/0/name: " + name + "\"A\""},
      {R"({"pack": "p", "rules": [{"name": "a", "match": "x", "stop": true},
                                  {"name": "a", "match": "y", "stop": true}]})",
       "x.json: /rules/1/name: the name \"a\" is taken by /rules/0; give each rule its own"},
  }));
  CAPTURE(text);
  CHECK(error(text) == message);
}

TEST_CASE("a rule with a mistake is refused with its name and place", "[config]") {
  const auto [members, message] = GENERATE(table<std::string, std::string>({
      {"", "/rules/0: does nothing; expected \"emit\", \"note\" or \"context\""},
      {R"("mach": "x")", "/rules/0/mach: unknown key; did you mean \"match\"?"},
      {R"("app": [])", "/rules/0/app: expected at least one value, got an empty list"},
      {R"("app": "pup*pet")",
       "/rules/0/app: expected an APP-NAME, or a prefix and one '*' at its end (no \"app\" at all "
       "means every program), got \"pup*pet\""},
      {R"("app": ["a", "*"])",
       "/rules/0/app/1: expected an APP-NAME, or a prefix and one '*' at its end (no \"app\" at "
       "all means every program), got \"*\""},
      {R"("app": "a b")",
       "/rules/0/app: expected an APP-NAME, or a prefix and one '*' at its end (no \"app\" at all "
       "means every program), got \"a b\""},
      {R"("facility": "deamon")",
       "/rules/0/facility: expected \"kern\", \"user\", \"mail\", \"daemon\", \"auth\", "
       "\"syslog\", \"lpr\", \"news\", \"uucp\", \"cron\", \"authpriv\", \"ftp\", \"local0\", "
       "\"local1\", \"local2\", \"local3\", \"local4\", \"local5\", \"local6\" or \"local7\", got "
       "\"deamon\"; did you mean \"daemon\"?"},
      {R"("facility": 24)", "/rules/0/facility: expected a whole number in 0..23, got 24"},
      {R"("severity": ["info", 8])", "/rules/0/severity/1: expected a whole number in 0..7, got 8"},
      {R"("severity": "notce")",
       "/rules/0/severity: expected \"emerg\", \"alert\", \"crit\", \"err\", \"warning\", "
       "\"notice\", \"info\" or \"debug\", got \"notce\"; did you mean \"notice\"?"},
      {R"("input": "graphite", "app": "p")",
       "/rules/0/app: has no meaning for graphite input; remove it"},
      {R"("input": "graphite", "severity": "err")",
       "/rules/0/severity: has no meaning for graphite input; remove it"},
      {R"("input": ["syslog", "graphite"])",
       "/rules/0/input: a rule reads one kind of input; write a rule for each"},
      {R"("input": "graphite", "emit": {"metric": "m", "type": "counter"})",
       "/rules/0: expected \"host\", the capture that names the host: a Graphite line has no "
       "other"},
      {R"("host": "node", "emit": {"metric": "m", "type": "counter"})",
       "/rules/0/host: only a rule of graphite input has one; name it in \"emit\""},
      {R"("input": "relp")", "/rules/0/input: expected \"syslog\" or \"graphite\", got \"relp\""},
      {R"("where": [])",
       "/rules/0/where: expected an object such as {\"changes\": 1}, got an empty list"},
      {R"("where": {"a": true})",
       "/rules/0/where/a: expected a text, a number, null (not set), or {\"min\": .., \"max\": "
       "..}, got true"},
      {R"("where": {"a": {}})", "/rules/0/where/a: expected \"min\", \"max\" or both"},
      {R"("where": {"a": {"mn": 1}})", "/rules/0/where/a/mn: unknown key; did you mean \"min\"?"},
      {R"("where": {"a": {"min": "1"}})", "/rules/0/where/a/min: expected a number, got \"1\""},
      {R"("where": {"a": {"min": 2, "max": 1}})",
       "/rules/0/where/a: no number is in this range: \"min\" is above \"max\""},
      {R"("where": {"a.b": 1})",
       "/rules/0/where/a.b: expected a variable of the context (a name of [A-Za-z0-9_], no digit "
       "first, at most 64 bytes), \"field.PATH\" or \"sd.SD-ID.PARAM-NAME\", got \"a.b\""},
      {R"("where": {"sd.x": 1})",
       "/rules/0/where/sd.x: expected a capture, \"field.PATH\" or \"sd.SD-ID.PARAM-NAME\", got "
       "\"sd.x\""},
      {R"("note": {})",
       "/rules/0/note: the key \"text\" is missing; expected what people shall read, such as "
       "\"{message}\""},
      {R"("note": {"text": "x", "kind": "A b"})",
       "/rules/0/note/kind: expected a name of [a-z0-9_-], a letter or digit first, at most 64 "
       "bytes, got \"A b\""},
      {R"("note": {"text": "x", "txt": "y"})",
       "/rules/0/note/txt: unknown key; did you mean \"text\"?"},
      {R"("note": [{"text": "x", "kind": "event", "clear": true}])",
       "/rules/0/note/0/clear: only a note of kind \"failure\" can be over; remove it"},
      {R"("note": {"text": "x", "kind": "failure", "clear": true})",
       "/rules/0/note/text: a note with \"clear\" says nothing; remove it"},
      {R"("input": "graphite", "note": {"text": "x"})",
       "/rules/0/note: has no meaning for graphite input; remove it"},
      {R"("stop": 1)", "/rules/0/stop: expected true or false, got 1"},
      {R"("emit": [])", "/rules/0/emit: expected at least one value, got an empty list"},
      {R"("context": {})",
       "/rules/0/context: does nothing; expected \"set\", \"add\" or \"end\": true"},
      {R"("context": {"end": false})",
       "/rules/0/context: does nothing; expected \"set\", \"add\" or \"end\": true"},
      {R"("context": {"sets": {}})", "/rules/0/context/sets: unknown key; did you mean \"set\"?"},
      {R"("context": {"set": ["a"]})",
       "/rules/0/context/set: expected an object of variables, got a list"},
      {R"("context": {"set": {"a": true}})",
       "/rules/0/context/set/a: expected a number or a text, got true"},
      {R"("context": {"set": {"1": 1}})",
       "/rules/0/context/set/1: expected a name of [A-Za-z0-9_], no digit first, at most 64 bytes, "
       "got \"1\""},
      {R"("context": {"add": {"a": null}})",
       "/rules/0/context/add/a: expected a number, or a text that names a field, got null"},
      {R"("context": {"add": {"a": "b c"}})",
       "/rules/0/context/add/a: expected a number, a capture, \"field.PATH\", \"context.VARIABLE\" or "
       "\"sd.SD-ID.PARAM-NAME\", got \"b c\""},
      {R"("stop": true, "examples": [{"gives": {}}])",
       "/rules/0/examples/0: expected either \"line\" or \"lines\", found neither"},
      {R"("stop": true, "examples": [{"line": "a", "lines": ["a"], "gives": {}}])",
       "/rules/0/examples/0: expected either \"line\" or \"lines\", found both"},
      {R"("stop": true, "examples": [{"lines": [], "gives": {}}])",
       "/rules/0/examples/0/lines: expected at least one value, got an empty list"},
      {R"("stop": true, "examples": [{"line": "a"}])",
       "/rules/0/examples/0: the key \"gives\" is missing; expected \"gives\": "
       "{\"puppet.runs.completed\": 1}, or {} for no match"},
      {R"("stop": true, "examples": [{"line": "a", "gives": [1]}])",
       "/rules/0/examples/0/gives: expected an object such as {\"puppet.runs.completed\": 1}, got "
       "a list"},
      {R"("stop": true, "examples": [{"line": "a", "gives": {"m": true}}])",
       "/rules/0/examples/0/gives/m: expected a number, or the name of a state, got true"},
  }));
  CAPTURE(members);
  CHECK(error(with_rule(members)) == "x.json: rule \"r\": " + message);
}

TEST_CASE("a word boundary of JSON is a backspace", "[config]") {
  const std::string_view start = R"({"pack": "p", "rules": [{"name": "r", "stop": true, "match": )";
  CHECK(
      error(std::string(start) + R"("\bfailed\b"}]})") ==
      "x.json: rule \"r\": /rules/0/match: holds a backspace, which is what JSON makes of \"\\b\"; "
      "the end of a word is written \"\\\\b\"");
  CHECK(error(std::string(start) + R"("\\bfailed\\b"}]})").empty());
}

TEST_CASE("a rule needs a condition", "[config]") {
  CHECK(error(R"({"pack": "p", "rules": [{"name": "r", "stop": true}]})") ==
        "x.json: rule \"r\": /rules/0: matches every message; expected \"match\", \"app\", "
        "\"facility\", \"severity\", \"fields\" or \"where\"");
}

TEST_CASE("an emit with a mistake is refused with its place", "[config]") {
  const auto [members, message] = GENERATE(table<std::string, std::string>({
      {"", ": the key \"metric\" is missing; expected \"metric\": \"puppet.runs.completed\""},
      {R"("metric": "m")", ": the key \"type\" is missing; expected \"type\": \"counter\""},
      {R"("metric": "m", "type": "counter", "vale": 1)",
       "/vale: unknown key; did you mean \"value\"?"},
      {R"("metric": "M", "type": "counter")",
       "/metric: expected nodes of [a-z0-9_-] and {capture} joined by dots, such as "
       "\"puppet.time.catalog_application\", got \"M\""},
      {R"("metric": "m", "type": "timng")",
       "/type: expected \"timing\", \"distribution\", \"gauge\", \"counter\", \"age\" or "
       "\"state\", got \"timng\"; did you mean \"timing\"?"},
      {R"("metric": "m", "type": "timing")",
       ": the key \"value\" is missing; a timing is a number, so name the capture that holds it"},
      {R"("metric": "m", "type": "gauge")",
       ": the key \"value\" is missing; a gauge is a number, so name the capture that holds it"},
      {R"("metric": "m", "type": "gauge", "value": true)",
       "/value: expected a number, or a text that names a field, got true"},
      {R"("metric": "m", "type": "gauge", "value": "sd.x")",
       "/value: expected \"sd.SD-ID.PARAM-NAME\", got \"sd.x\""},
      {R"("metric": "m", "type": "gauge", "value": "sd..x")",
       "/value: expected \"sd.SD-ID.PARAM-NAME\", got \"sd..x\""},
      {R"("metric": "m", "type": "gauge", "value": "sd.x.")",
       "/value: expected \"sd.SD-ID.PARAM-NAME\", got \"sd.x.\""},
      {R"("metric": "m", "type": "gauge", "value": "context.")",
       "/value: expected a number, a capture, \"field.PATH\", \"context.VARIABLE\" or "
       "\"sd.SD-ID.PARAM-NAME\", got \"context.\""},
      {R"("metric": "m", "type": "gauge", "value": "kv.seconds")",
       "/value: expected a number, a capture, \"field.PATH\", \"context.VARIABLE\" or "
       "\"sd.SD-ID.PARAM-NAME\", got \"kv.seconds\""},
      {R"("metric": "m", "type": "counter", "scale": 0)",
       "/scale: expected a number other than 0, got 0"},
      {R"("metric": "m", "type": "counter", "host": "a-b")",
       "/host: expected a capture, \"field.PATH\" or \"sd.SD-ID.PARAM-NAME\", got \"a-b\""},
      {R"("metric": "m", "type": "counter", "unit": "a\n")",
       "/unit: expected a unit of at most 32 bytes, such as \"s\", got \"a\\n\""},
      {R"("metric": "m", "type": "counter", "when": 1)",
       "/when: expected an object such as {\"changes\": 1}, got 1"},
      {R"("metric": "m", "type": "counter", "limit": "1h")",
       "/limit: only an age has a limit, this is a counter; remove it"},
      {R"("metric": "m", "type": "age", "limit": "0s")",
       "/limit: expected a duration in 1s..366d, got \"0s\""},
      {R"("metric": "m", "type": "counter", "offset": "1")",
       "/offset: expected a number, got \"1\""},
      {R"("metric": "m", "type": "counter", "stats": ["mean"])",
       "/stats: expected an object {...}, got a list"},
      {R"("metric": "m", "type": "counter", "stats": {"host": ["count"]})",
       "/stats/host: unknown key; did you mean \"hosts\"?"},
      {R"("metric": "m", "type": "counter", "stats": {"hosts": []})",
       "/stats/hosts: expected at least one of \"count\", got an empty list"},
      {R"("metric": "m", "type": "counter", "stats": {"hosts": "count"})",
       "/stats/hosts: expected a list [...], got \"count\""},
      {R"("metric": "m", "type": "counter", "stats": {"hosts": ["mean"]})",
       "/stats/hosts/0: a counter has no \"mean\" here; expected \"count\""},
      {R"("metric": "m", "type": "counter", "stats": {"clusters": ["count", "host"]})",
       "/stats/clusters/1: expected \"count\" or \"hosts\", got \"host\"; did you mean \"hosts\"?"},
      {R"("metric": "m", "type": "counter", "stats": {"clusters": ["count", "count"]})",
       "/stats/clusters/1: \"count\" is listed twice; remove one"},
  }));
  CAPTURE(members);
  CHECK(error(with_emit(members)) == "x.json: rule \"r\": /rules/0/emit" + message);
}

TEST_CASE("a syntax error of a pack names line and column", "[config]") {
  CHECK(error("{\n  \"pack\" \"p\"\n}").starts_with("x.json:2:10: expected "));
}

TEST_CASE("a rule of Graphite input names its host for all emits or in each",
          "[config][graphite]") {
  const std::string match = R"("input": "graphite", "match": "^(?P<host>.*)[.]m$")";
  const std::string emit = R"({"metric": "m", "type": "gauge", "value": "value", "offset": 1.5})";
  const auto pack = decode_pack(R"({"pack": "p", "rules": [{"name": "a", "host": "host", )" +
                                    match + R"(, "emit": )" + emit + "}]}",
                                "p.json");
  REQUIRE(error_of(pack) == "");
  CHECK(pack->rules[0].inputs == std::vector<std::string>{"graphite"});
  CHECK(pack->rules[0].host == "host");
  CHECK(pack->rules[0].emits[0].offset == 1.5);
  const auto each =
      decode_pack(R"({"pack": "p", "rules": [{"name": "a", )" + match +
                      R"(, "emit": {"metric": "m", "type": "counter", "host": "host"}}]})",
                  "p.json");
  REQUIRE(error_of(each) == "");
  CHECK(each->rules[0].emits[0].host == "host");
  CHECK(error(R"({"pack": "p", "rules": [{"name": "a", "input": "graphite", "stop": true}]})") ==
        "x.json: rule \"a\": /rules/0: expected \"match\", a pattern for the metric path");
}

}  // namespace
}  // namespace sluice
