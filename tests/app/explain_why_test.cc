// What `explain` says of a message: why each rule did not match, how far it got, what a rule did to
// the context, and why a host is in its cluster.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "app/explanation.h"
#include "config/pack_reader.h"
#include "sluice/pipeline/ingest.h"
#include "sluice/rules/rule_set.h"

namespace sluice {
namespace {

constexpr const char* kPack = R"j({"pack": "job", "rules": [
  {"name": "done", "app": ["job", "job-runner"], "where": {"run": "full"},
   "match": "^done in (?P<seconds>\\d+\\.\\d+) seconds$",
   "emit": {"metric": "job.time", "type": "timing", "value": "seconds"}, "context": {"end": true}},
  {"name": "start", "app": "job", "match": "^start (?P<kind>\\S+)$",
   "context": {"set": {"run": "{kind}"}, "add": {"starts": 1}}},
  {"name": "event", "app": "job", "fields": "json", "where": {"field.ok": "true"},
   "emit": {"metric": "job.{field.name}", "type": "counter"}},
  {"name": "urgent", "app": "job", "severity": "crit", "match": "x", "stop": true},
  {"name": "path", "input": "graphite", "host": "h", "match": "^(?P<h>a)$",
   "emit": {"metric": "m", "type": "counter"}}
]})j";

class Utc : public Zone {
 public:
  [[nodiscard]] Timestamp to_utc(std::chrono::local_time<std::chrono::nanoseconds> local,
                                 Timestamp) const noexcept override {
    return Timestamp(local.time_since_epoch());
  }
};

// Explains one message after the other, as one run of the command does.
class Explainer {
 public:
  Explainer()
      : rules_(*RuleSet::compile({*decode_pack(kPack, "job.json")})), ingest_({}, rules_, nullptr) {
    const ClusterMapDefinition map{.entries = {{.host = "web01", .cluster = "web", .groups = {}},
                                               {.host = "db*", .cluster = "data", .groups = {}}},
                                   .aliases = {{"www", "web01"}}};
    clusters_ = *ClusterMap::make(map, {.patterns = {"^(?P<cluster>app)\\d"}, .fallback = "other"});
  }

  std::string text(const std::string& bytes) { return explained(bytes, false); }
  nlohmann::json json(const std::string& bytes) {
    return nlohmann::json::parse(explained(bytes, true));
  }

 private:
  std::string explained(const std::string& bytes, bool as_json) {
    const Peer peer{.text = "localhost"};
    const Message message{.bytes = bytes, .peer = peer, .zone = zone_};
    const MessageTrace trace =
        ingest_.explain(message, Timestamp(std::chrono::seconds(1'795'333'203)));
    const Explanation explanation{trace, *rules_, *clusters_, paths_};
    return as_json ? explain_as_json(explanation) : explain_as_text(explanation, {});
  }

  Utc zone_;
  Paths paths_ = *Paths::make({});
  std::shared_ptr<const RuleSet> rules_;
  std::shared_ptr<const ClusterMap> clusters_;
  Ingest ingest_;
};

std::string message(const std::string& text, const std::string& app = "job",
                    const std::string& host = "web01") {
  return "<13>1 2026-11-22T07:40:01Z " + host + ' ' + app + " 7 - - " + text;
}

bool has(const std::string& text, const std::string& wanted) {
  return text.find(wanted) != std::string::npos;
}

}  // namespace

TEST_CASE("explain says of each rule the first thing that failed", "[app][explain]") {
  Explainer explainer;
  const auto reason = [&](const std::string& text, const std::string& rule) {
    const std::string all = explainer.text(message(text));
    const std::string start = "  job/" + rule + " no: ";
    const std::size_t at = all.find(start);
    return at == std::string::npos
               ? all
               : all.substr(at + start.size(), all.find('\n', at) - at - start.size());
  };
  CHECK(
      reason("done in 3.5 seconds", "done") ==
      R"(its condition on the context variable "run" does not hold: expected "full", found that it is not set)");
  CHECK(reason("done in 3.5 seconds", "start") == R"(the text does not begin with "start ")");
  CHECK(
      reason("start two words", "start") ==
      R"j(the pattern does not match: ^start (?P<kind>\S+)$; it gets as far as "start two", then expects "$" and finds " words")j");
  CHECK(reason("done", "event") == "the text is no JSON object with fields");
  CHECK(reason("{\"ok\": tru", "event") ==
        "the text is broken JSON, or has more than 256 fields, or fields deeper than 8");
  CHECK(reason("{\"ok\": false}", "event") ==
        R"(its condition on the field "field.ok" does not hold: expected "true", found "false")");
  CHECK(reason("x", "urgent") == "reads other severities");
  CHECK(has(explainer.text(message("x")), "  1 rules read graphite input\n"));
}

TEST_CASE("explain tells the rule first that was most likely meant", "[app][explain]") {
  Explainer explainer;
  const auto first = [&](const std::string& text) {
    const std::string all = explainer.text(message(text));
    const std::size_t at = all.find("  job/") + 6;
    return all.substr(at, all.find(' ', at) - at);
  };
  CHECK(first("start two words") == "start");
  // Nothing but its condition fails.
  CHECK(first("done in 3.5 seconds") == "done");
  CHECK(first("done in 3 seconds") == "done");
  CHECK(first(R"({"ok": false, "name": "x"})") == "event");
  const nlohmann::json json = explainer.json(message("start two words"));
  REQUIRE(json["misses"].size() == 4);
  CHECK(json["misses"][0]["rule"] == "job/done");  // In the order in which they are tried.
  CHECK(json["misses"][1]["rule"] == "job/start");
  CHECK(json["misses"][1]["rank"] == 1);
}

TEST_CASE("explain tells of rules of other programs that the text is for", "[app][explain]") {
  Explainer explainer;
  const std::string told = "  job/start no: it would match, but it reads APP-NAME job\n";
  CHECK(has(explainer.text(message("start full", "sshd")), told));
  CHECK(has(explainer.text("start full"), told));  // Without a header.
  CHECK_FALSE(has(explainer.text(message("stop full", "sshd")), "it would match"));
  // Its condition does not hold.
  CHECK_FALSE(has(explainer.text(message("done in 3.5 seconds", "sshd")), "it would match"));
  // What requires no word of a text is meant by none.
  CHECK_FALSE(has(explainer.text(message(R"({"ok": true})", "sshd")), "it would match"));
}

TEST_CASE("explain names the program that was most likely meant", "[app][explain]") {
  Explainer explainer;
  CHECK(has(explainer.text(message("x", "jobrunner")),
            R"(  4 rules read other programs than jobrunner; did you mean "job-runner"?)"));
  CHECK(has(explainer.text(message("x", "sshd")), "  4 rules read other programs than sshd\n"));
  CHECK(has(explainer.text(message("x", "job-runner")),
            "  3 rules read other programs than job-runner\n"));
}

TEST_CASE("explain tells the context before and after a rule", "[app][explain]") {
  Explainer explainer;
  std::string text = explainer.text(message("start half"));
  CHECK(has(text, "    capture kind = half\n"));
  CHECK(has(text,
            "    context run = \"half\" (was not set)\n    context starts = 1 (was not set)\n"));
  text = explainer.text(message("start full"));
  CHECK(has(text, "    context run = \"full\" (was \"half\")\n    context starts = 2 (was 1)\n"));
  text = explainer.text(message("done in 3.5 seconds"));
  CHECK(has(text, "    context run ended (was \"full\")\n    context starts ended (was 2)\n"));
}

TEST_CASE("explain tells fields, and in JSON all of it", "[app][explain]") {
  Explainer explainer;
  const std::string event = message(R"({"ok": true, "name": "Nightly", "n": [1]})");
  const std::string text = explainer.text(event);
  CHECK(has(text, "    field ok = true\n    field name = Nightly\n    field n.0 = 1\n"));
  CHECK(has(text, "    job.nightly = 1 (counter) of web01\n"));
  const nlohmann::json json = explainer.json(event);
  REQUIRE(json["matches"].size() == 1);
  CHECK(json["matches"][0]["fields"] ==
        nlohmann::json::parse(R"({"ok": "true", "name": "Nightly", "n.0": "1"})"));
  CHECK(json["matches"][0]["captures"].empty());
  REQUIRE(json["misses"].size() == 3);
  CHECK(json["misses"][0] == nlohmann::json::parse(R"({"rule": "job/done", "failed": "where",
      "detail": "its condition on the context variable \"run\" does not hold: expected \"full\", found that it is not set", "rank": 1})"));
  CHECK(json["misses"][1]["failed"] == "literal");
  CHECK(json["misses"][2]["failed"] == "severity");
  const nlohmann::json start = explainer.json(message("start full"));
  CHECK(start["matches"][0]["context_before"].empty());
  CHECK(start["matches"][0]["context"] ==
        nlohmann::json::parse(R"({"run": "\"full\"", "starts": "1"})"));
}

TEST_CASE("explain says why a host is in its cluster", "[app][explain]") {
  Explainer explainer;
  const auto host_line = [&](const std::string& host) {
    const std::string text = explainer.text(message("x", "job", host));
    const std::size_t at = text.find("  host            ") + 18;
    return text.substr(at, text.find('\n', at) - at);
  };
  CHECK(host_line("web01") == "web01 in cluster web (the map names web01)");
  CHECK(explainer.json("<13>1 2026-11-22T09:00:00Z www job 1 - - done")["host"] == "web01");
  CHECK(host_line("www") == "www, an alias of web01, in cluster web (the map names web01)");
  CHECK(host_line("db7") == "db7 in cluster data (the map has db*)");
  CHECK(host_line("app3") == "app3 in cluster app (by the pattern ^(?P<cluster>app)\\d)");
  CHECK(host_line("mail") ==
        "mail in cluster other (the default: neither the map nor a pattern names it)");
}

}  // namespace sluice
