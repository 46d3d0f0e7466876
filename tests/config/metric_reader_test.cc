#include "config/metric_reader.h"

#include <catch2/catch.hpp>
#include <string>

#include "config/outcome.h"
#include "config/pack_reader.h"

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

std::string error(std::string_view text) { return error_of(decode_pack(text, "x.json")); }

// A pack with these members besides its name, whose one emit has these members.
std::string pack_with(const std::string& members, const std::string& emit) {
  return R"({"pack": "p", )" + members + (members.empty() ? "" : ", ") +
         R"("rules": [{"name": "r", "match": "^x$", "emit": {)" + emit + "}}]}";
}

EmitDefinition emit_of(const std::string& text) {
  const auto pack = decode_pack(text, "x.json");
  REQUIRE(error_of(pack) == "");
  return pack->rules[0].emits[0];
}

TEST_CASE("a state lists its values; a constant one becomes its index", "[config]") {
  const EmitDefinition emit =
      emit_of(pack_with("", R"("metric": "m", "type": "state", "values": ["good", "bad", "OK-2"],
                               "state": "bad", "ttl": "2h")"));
  CHECK(emit.metric.type == MetricType::kState);
  CHECK(emit.metric.states == std::vector<std::string>{"good", "bad", "OK-2"});
  CHECK(emit.metric.ttl == hours(2));
  CHECK(emit.value.kind == ValueSource::Kind::kConstant);
  CHECK(emit.value.constant == 1);
}

TEST_CASE("the names of a state are called values, and who says otherwise is told", "[config]") {
  const std::string told =
      "the names that a state can have are called \"values\"; an emit names its own with \"state\"";
  const std::string state = R"("type": "state", "states": ["good", "bad"])";
  const std::string emit = R"("metric": "m")";
  CHECK(error(pack_with("", emit + ", " + state)) ==
        "x.json: rule \"r\": /rules/0/emit/states: " + told);
  CHECK(error(pack_with(R"("metrics": {"m": {)" + state + "}}", emit)) ==
        "x.json: /metrics/m/states: " + told);
  CHECK(error(pack_with(R"("metrics": {"m": {"type": "state", "values": ["good"]}})",
                        emit + R"(, "states": ["good"])")) ==
        "x.json: rule \"r\": /rules/0/emit/states: " + told);
}

TEST_CASE("a state may come from a capture", "[config]") {
  const EmitDefinition emit =
      emit_of(pack_with("", R"("metric": "m", "type": "state", "values": ["a"], "value": "c")"));
  CHECK(emit.value.kind == ValueSource::Kind::kCapture);
  CHECK(emit.value.name == "c");
  CHECK(emit.metric.ttl == seconds(0));  // The default is filled in when the pack is compiled.
}

TEST_CASE("a gauge, a timing and a distribution can be held", "[config]") {
  const auto type = GENERATE("gauge", "timing", "distribution");
  const std::string emit = std::string(R"("metric": "m", "value": 1, "type": ")") + type;
  CHECK(emit_of(pack_with("", emit + R"(", "hold": "90s")")).metric.hold == seconds(90));
  const EmitDefinition as_presence = emit_of(pack_with("", emit + R"(", "hold": "presence")"));
  CHECK(as_presence.metric.hold == seconds(0));
  CHECK(as_presence.holds_as_presence);
}

TEST_CASE("an idle metric leaves a gap or is zero", "[config]") {
  const auto [type, idle, expected] = GENERATE(table<std::string, std::string, Idle>({
      {"counter", "gap", Idle::kGap},
      {"counter", "zero", Idle::kZero},
      {"gauge", "gap", Idle::kGap},
      {"gauge", "zero", Idle::kZero},
      {"timing", "gap", Idle::kGap},
  }));
  CHECK(emit_of(pack_with("", R"("metric": "m", "value": 1, "type": ")" + type + R"(", "idle": ")" +
                                  idle + "\""))
            .metric.idle == expected);
}

TEST_CASE("what a pack says of a metric holds for every rule that emits it", "[config]") {
  const auto pack = decode_pack(R"json({
    "pack": "p",
    "metrics": {
      "job.state": {"type": "state", "values": ["done", "broken"], "ttl": "1d"},
      "job.{x}.level": {"type": "gauge", "unit": "C", "hold": "1h", "stats": {"hosts": ["max"]}}},
    "rules": [
      {"name": "a", "match": "a", "emit": {"metric": "job.state", "state": "done"}},
      {"name": "b", "match": "b", "emit": {"metric": "job.state", "type": "state", "value": "x"}},
      {"name": "c", "match": "(?P<x>c)",
       "emit": {"metric": "job.{x}.level", "value": 3, "scale": 2, "offset": 1}}]})json",
                                "x.json");
  REQUIRE(error_of(pack) == "");
  const EmitDefinition& done = pack->rules[0].emits[0];
  CHECK(done.metric.name == "job.state");
  CHECK(done.metric.states == std::vector<std::string>{"done", "broken"});
  CHECK(done.metric.ttl == hours(24));
  CHECK(done.value.constant == 0);
  CHECK(pack->rules[1].emits[0].metric == done.metric);
  const EmitDefinition& level = pack->rules[2].emits[0];
  CHECK(level.metric.name == "job.{x}.level");
  CHECK(level.metric.unit == "C");
  CHECK(level.metric.hold == hours(1));
  CHECK(level.metric.host_stats == std::vector<Stat>{Stat::kMax});
  CHECK(level.offset == 1);
}

TEST_CASE("what an emit says of its metric is refused where it makes no sense", "[config]") {
  std::string too_many;
  for (int i = 0; i < 51; ++i) too_many += (i == 0 ? "\"v" : ", \"v") + std::to_string(i) + '"';
  const std::string state = R"("metric": "m", "type": "state", )";
  const auto [members, message] = GENERATE_COPY(table<std::string, std::string>({
      {R"("metric": "m", "type": "state", "state": "a")",
       ": the key \"values\" is missing; expected the names that the state can have, here or once "
       "for the pack under \"metrics\": \"values\": [\"changed\", \"unchanged\"]"},
      {state + R"("values": "a", "state": "a")", "/values: expected a list [...], got \"a\""},
      {state + R"("values": [], "state": "a")",
       "/values: expected at least one value, got an empty list"},
      {state + R"("values": [)" + too_many + R"(], "state": "v1")",
       "/values: expected at most 50 values, got 51"},
      {state + R"("values": ["a", "b", "a"], "state": "a")",
       "/values/2: \"a\" is listed twice; remove one"},
      {state + R"("values": ["a.b"], "state": "a")",
       "/values/0: expected one path node, [A-Za-z0-9_-] and at most 200 bytes, got \"a.b\""},
      {state + R"("values": ["a", ""], "state": "a")",
       "/values/1: expected a text that is not empty, got \"\""},
      {state + R"("values": ["stale"], "state": "a")",
       "/values/0: \"stale\" is taken: sluice counts under it the hosts whose state is too old "
       "(\"stale\") or was never heard (\"never\"); choose another name"},
      {state + R"("values": ["a", "never"], "state": "a")",
       "/values/1: \"never\" is taken: sluice counts under it the hosts whose state is too old "
       "(\"stale\") or was never heard (\"never\"); choose another name"},
      {state + R"("values": ["a"])",
       ": expected either \"state\" (one of the values) or \"value\" (a capture that holds one), "
       "found neither"},
      {state + R"("values": ["a"], "state": "a", "value": "c")",
       ": expected either \"state\" (one of the values) or \"value\" (a capture that holds one), "
       "found both"},
      {state + R"("values": ["changed", "failed"], "state": "chnged")",
       "/state: expected \"changed\" or \"failed\", got \"chnged\"; did you mean \"changed\"?"},
      {state + R"("values": ["a"], "state": 1)", "/state: expected a text in double quotes, got 1"},
      {state + R"("values": ["a"], "value": 1)",
       "/value: a state is a name, not a number; say it with \"state\", or name a capture that "
       "holds it"},
      {state + R"("values": ["a"], "state": "a", "scale": 2)",
       "/scale: a state is a name, not a number; remove it"},
      {state + R"("values": ["a"], "state": "a", "offset": 2)",
       "/offset: a state is a name, not a number; remove it"},
      {state + R"("values": ["a"], "state": "a", "ttl": "0s")",
       "/ttl: expected a duration in 1s..366d, got \"0s\""},
      {state + R"("values": ["a"], "state": "a", "stats": {"hosts": ["last"]})",
       "/stats: the leaves of a state are its values; remove it"},
      {state + R"("values": ["a"], "state": "a", "hold": "1h")",
       "/hold: only a gauge, a timing or a distribution has a \"hold\", this is a state; remove "
       "it"},
      {state + R"("values": ["a"], "state": "a", "idle": "gap")",
       "/idle: the state of a host goes on by itself, without samples; remove it"},
      {R"("metric": "m", "type": "counter", "state": "a")",
       "/state: only a metric of type state has one, this is a counter; remove it"},
      {R"("metric": "m", "type": "counter", "values": ["a"])",
       "/values: only a state has a \"values\", this is a counter; remove it"},
      {R"("metric": "m", "type": "counter", "ttl": "1h")",
       "/ttl: only a state has a \"ttl\", this is a counter; remove it"},
      {R"("metric": "m", "type": "counter", "hold": "1h")",
       "/hold: only a gauge, a timing or a distribution has a \"hold\", this is a counter; remove "
       "it"},
      {R"("metric": "m", "type": "age", "hold": "1h")",
       "/hold: only a gauge, a timing or a distribution has a \"hold\", this is an age; remove it"},
      {R"("metric": "m", "type": "gauge", "value": 1, "hold": 60)",
       "/hold: expected a duration such as \"1h\", or \"presence\", got 60"},
      {R"("metric": "m", "type": "gauge", "value": 1, "hold": "1")",
       "/hold: expected a duration such as \"500ms\", \"10s\", \"5m\", \"2h\" or \"7d\", got "
       "\"1\""},
      {R"("metric": "m", "type": "gauge", "value": 1, "hold": "0s")",
       "/hold: expected a duration in 1s..366d, got \"0s\""},
      {R"("metric": "m", "type": "gauge", "value": 1, "hold": "1h", "idle": "zero")",
       "/idle: a metric that is held has a value in every window, so it is never idle; remove "
       "\"idle\" or \"hold\""},
      {R"("metric": "m", "type": "counter", "idle": "hold")",
       "/idle: expected \"gap\" or \"zero\", got \"hold\""},
      {R"("metric": "m", "type": "timing", "value": 1, "idle": "zero")",
       "/idle: only a counter or a gauge can be \"zero\", this is a timing; without a sample there "
       "is no timing"},
      {R"("metric": "m", "type": "age", "idle": "gap")",
       "/idle: the age of a host goes on by itself, without samples; remove it"},
  }));
  CAPTURE(members);
  CHECK(error(pack_with("", members)) == "x.json: rule \"r\": /rules/0/emit" + message);
}

TEST_CASE("what a pack says of metrics is refused where it cannot be", "[config]") {
  const auto [metrics, emit, message] = GENERATE(table<std::string, std::string, std::string>({
      {"[]", R"("metric": "m", "type": "counter")",
       "/metrics: expected an object such as {\"puppet.nodes\": {\"type\": \"state\", ..}}, got an "
       "empty list"},
      {R"({"m": {}})", R"("metric": "m")",
       "/metrics/m: the key \"type\" is missing; expected \"type\": \"counter\""},
      {R"({"M": {"type": "counter"}})", R"("metric": "m")",
       "/metrics/M: expected nodes of [a-z0-9_-] and {capture} joined by dots, such as "
       "\"puppet.time.catalog_application\", got \"M\""},
      {R"({"m": {"type": "counter", "value": 1}})", R"("metric": "m")",
       "/metrics/m/value: unknown key; did you mean \"values\"?"},
      {R"({"m": {"type": "state"}})", R"("metric": "m")",
       "/metrics/m: the key \"values\" is missing; expected the names that the state can have, "
       "here or once for the pack under \"metrics\": \"values\": [\"changed\", \"unchanged\"]"},
      {R"({"job.stat": {"type": "counter"}})", R"("metric": "job.state", "type": "counter")",
       "/metrics/job.stat: no rule of this pack emits this metric; did you mean \"job.state\"?"},
      {R"({"m": {"type": "counter"}})", R"("metric": "m", "type": "gauge", "value": 1)",
       "rule \"r\": /rules/0/emit/type: /metrics/m says that this is a counter; remove it here"},
      {R"({"m": {"type": "gauge", "unit": "s"}})", R"("metric": "m", "value": 1, "unit": "s")",
       "rule \"r\": /rules/0/emit/unit: is said once for the pack, in /metrics/m; remove it here"},
      {R"({"m": {"type": "state", "values": ["a"]}})", R"("metric": "m", "values": ["a"])",
       "rule \"r\": /rules/0/emit/values: is said once for the pack, in /metrics/m; remove it "
       "here"},
      {R"({"m": {"type": "state", "values": ["a"]}})", R"("metric": "m", "state": "b")",
       "rule \"r\": /rules/0/emit/state: expected \"a\", got \"b\""},
  }));
  CAPTURE(metrics);
  CHECK(error(pack_with("\"metrics\": " + metrics, emit)) == "x.json: " + message);
}

}  // namespace
}  // namespace sluice
