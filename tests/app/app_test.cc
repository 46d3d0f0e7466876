#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "app/explanation.h"
#include "app/log_limit.h"
#include "app/message_source.h"
#include "app/print.h"
#include "config/config.h"

namespace sluice {
namespace {

Timestamp at_second(int second) { return Timestamp(std::chrono::seconds(second)); }

// A file that is gone with its scope.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content)
      : path_(std::filesystem::temp_directory_path() /
              ("sluice-test-" + std::to_string(getpid()))) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::vector<std::string> messages_of(std::string_view content, InputFraming framing) {
  const TemporaryFile file(content);
  std::vector<std::string> messages;
  const auto done =
      for_each_message(file.path(), {.framing = framing},
                       [&](const InputMessage& message) { messages.emplace_back(message.bytes); });
  if (!done) messages.push_back("error: " + done.error().what);
  return messages;
}

std::string printed(const std::vector<Datapoint>& datapoints) {
  std::FILE* out = std::tmpfile();
  REQUIRE(out != nullptr);
  CHECK(print_datapoints(out, datapoints));
  std::string text(static_cast<std::size_t>(std::ftell(out)), '\0');
  std::rewind(out);
  CHECK(std::fread(text.data(), 1, text.size(), out) == text.size());
  std::fclose(out);
  return text;
}

class Utc : public Zone {
 public:
  [[nodiscard]] Timestamp to_utc(std::chrono::local_time<std::chrono::nanoseconds> local,
                                 Timestamp) const noexcept override {
    return Timestamp(local.time_since_epoch());
  }
};

// What explain says of `bytes`, read by two rules, as JSON and as text.
using Explained = std::tuple<nlohmann::json, std::string>;

Explained explain(std::string_view bytes, InputKind input = InputKind::kSyslog) {
  RuleDefinition rule{.name = "applied", .match = "^Applied catalog in (?P<seconds>\\S+) seconds$"};
  rule.emits.push_back({.metric = {.name = "puppet.time", .type = MetricType::kGauge, .unit = "s"},
                        .value = {.kind = ValueSource::Kind::kCapture, .name = "seconds"}});
  RuleDefinition load{
      .name = "load", .inputs = {"graphite"}, .host = "host", .match = "^(?P<host>[^.]+)[.]load$"};
  load.emits.push_back({.metric = {.name = "load", .type = MetricType::kGauge},
                        .value = {.kind = ValueSource::Kind::kCapture, .name = "value"}});
  const auto rules = *RuleSet::compile({PackDefinition{.name = "test", .rules = {rule, load}}});
  const auto clusters = *ClusterMap::make({}, {.fallback = "other"});
  const auto paths = *Paths::make({});
  const Utc zone;
  const Peer peer{.text = "localhost"};
  Ingest ingest({}, rules, nullptr);
  const Message message{.bytes = bytes, .peer = peer, .zone = zone};
  const Timestamp now = at_second(1'795'333'203);
  const MessageTrace trace = input == InputKind::kSyslog ? ingest.explain(message, now)
                                                         : ingest.explain_line(message, now);
  const Explanation explanation{trace, *rules, *clusters, paths};
  return {nlohmann::json::parse(explain_as_json(explanation)), explain_as_text(explanation, {})};
}

}  // namespace

TEST_CASE("a log limit lets so many lines through a minute, and says what it kept back", "[app]") {
  LogLimit limit(2);
  CHECK(limit.admit(at_second(0)) == 0);
  CHECK(limit.admit(at_second(1)) == 0);
  CHECK(limit.admit(at_second(2)) == std::nullopt);
  CHECK(limit.admit(at_second(59)) == std::nullopt);
  CHECK(limit.admit(at_second(60)) == 2);
  CHECK(limit.admit(at_second(61)) == 0);
  CHECK(limit.admit(at_second(30)) == 0);  // A clock that was put back silences nobody.
}

TEST_CASE("explain reads every framing", "[app]") {
  using Messages = std::vector<std::string>;
  CHECK(messages_of("<13>a\n<13>b\n", InputFraming::kAuto) == Messages{"<13>a", "<13>b"});
  CHECK(messages_of("5 <13>a5 <13>b", InputFraming::kAuto) == Messages{"<13>a", "<13>b"});
  CHECK(messages_of("5 <13>a", InputFraming::kLf) == Messages{"5 <13>a"});
  CHECK(messages_of(std::string_view("<13>a\0<13>b\0", 12), InputFraming::kNul) ==
        Messages{"<13>a", "<13>b"});
  CHECK(messages_of("<13>a\nb", InputFraming::kDatagram) == Messages{"<13>a\nb"});
  CHECK(messages_of(std::string_view("\0\0\0\2ab\0\0\0\1c", 11), InputFraming::kDgrams) ==
        Messages{"ab", "c"});
  CHECK(messages_of(std::string_view("\0\0\0\2a", 5), InputFraming::kDgrams) ==
        Messages{"error: expected 2 octets of a datagram, found 1"});
  CHECK(messages_of("\0", InputFraming::kDgrams).empty());
  CHECK(messages_of(std::string_view("\0\0", 2), InputFraming::kDgrams) ==
        Messages{"error: expected a length of 4 octets, found 2"});
  CHECK(messages_of("\x16\x03\x01 and so on", InputFraming::kAuto) ==
        Messages{"error: this is TLS, not syslog; a relay would close the connection here"});
  CHECK_FALSE(for_each_message("/nonexistent/file", {}, [](const InputMessage&) {}).has_value());
  CHECK(input_framing_from("octet") == InputFraming::kOctet);
  CHECK(input_framing_from("morse").error().message() ==
        "expected one of auto, octet, lf, nul, datagram, dgrams, found \"morse\"");
}

TEST_CASE("explain cuts messages as the relay would", "[app]") {
  const InputFraming framing =
      GENERATE(InputFraming::kDatagram, InputFraming::kDgrams, InputFraming::kLf);
  const std::string text(500, 'x');
  const std::string length("\0\0\x01\xF4", 4);
  const TemporaryFile file(framing == InputFraming::kDgrams ? length + text : text);
  std::size_t count = 0;
  const InputOptions options{.framing = framing, .max_message = 480};
  REQUIRE(for_each_message(file.path(), options, [&](const InputMessage& message) {
    ++count;
    CHECK(message.bytes == text.substr(0, 480));
    CHECK(message.truncated);
  }));
  CHECK(count == 1);
  Config config;
  CHECK(message_max_of(config, InputKind::kSyslog) == 64 * 1024);
  config.listen = {{.max_message = 480},
                   {.max_message = 1000},
                   {.input = InputKind::kGraphite, .max_message = 4096}};
  CHECK(message_max_of(config, InputKind::kSyslog) == 1000);
}

TEST_CASE("datapoints are printed a line per series, quiet ones left out", "[app]") {
  const Seconds time(std::chrono::seconds(1'795'333'200));
  const std::string text = printed({{"s.all.t.mean", 1.5, time},
                                    {"s.all.t.count", 2, time},
                                    {"s.all.quiet.count", 0, time},
                                    {"s.all.r.count", 1, time}});
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  CHECK(text.find("s.all.t ") != std::string::npos);
  CHECK(text.find(" mean=1.5 count=2\n") != std::string::npos);
  CHECK(text.find("quiet") == std::string::npos);
}

TEST_CASE("times are shown in UTC with the digits they have", "[app]") {
  CHECK(format_rfc3339(at_second(1'795'333'201)) == "2026-11-22T07:40:01Z");
  CHECK(format_rfc3339(at_second(1'795'333'201) + std::chrono::milliseconds(250)) ==
        "2026-11-22T07:40:01.25Z");
  CHECK(format_rfc3339(at_second(-1)) == "1969-12-31T23:59:59Z");
}

TEST_CASE("explain's JSON has the promised members", "[app]") {
  const auto [json, text] = explain(
      "<29>1 2026-11-22T07:40:01.5Z Web01 puppet-agent 12 ID47 [a@1 x=\"1\\\"2\" y=\"\"][b] "
      "Applied catalog in 3.5 seconds");
  CHECK(json["valid"] == true);
  CHECK(json["error"] == nullptr);
  CHECK(json["facility"] == 3);
  CHECK(json["severity"] == 5);
  CHECK(json["timestamp"] == "2026-11-22T07:40:01.5Z");
  CHECK(json["hostname"] == "Web01");
  CHECK(json["app_name"] == "puppet-agent");
  CHECK(json["procid"] == "12");
  CHECK(json["msgid"] == "ID47");
  CHECK(json["structured_data"] ==
        nlohmann::json::parse(R"({"a@1": {"x": "1\"2", "y": ""}, "b": {}})"));
  CHECK(json["message"] == "Applied catalog in 3.5 seconds");
  CHECK_FALSE(json.contains("message_b64"));
  CHECK(json["truncated"] == false);
  REQUIRE(json["matches"].size() == 1);
  CHECK(json["matches"][0]["rule"] == "test/applied");
  const auto& sample = json["matches"][0]["samples"][0];
  CHECK(sample["metric"] == "puppet.time");
  CHECK(sample["type"] == "gauge");
  CHECK(sample["value"] == 3.5);
  CHECK(sample["host"] == "web01");
  CHECK(sample["cluster"] == "other");
  CHECK(sample["time"] == "2026-11-22T07:40:01.5Z");
  CHECK(sample["paths"][0] == "sluice.hosts.other.web01.puppet.time.mean");
  CHECK(sample["paths"].size() == 2 + 6 + 6);
  CHECK(text.find("test/applied matched") != std::string::npos);
  CHECK(text.find("sluice.clusters.other.puppet.time.{mean,min,max,sum,p50,p95}\n") !=
        std::string::npos);
}

TEST_CASE("explain shows absent fields as null and text that is not UTF-8 twice", "[app]") {
  const auto [json, text] = explain("<13>1 - - - - - - caf\xe9");
  for (const char* field :
       {"timestamp", "hostname", "app_name", "procid", "msgid", "structured_data"}) {
    CAPTURE(field);
    CHECK(json[field] == nullptr);
  }
  CHECK(json["message"] == "caf\xef\xbf\xbd");
  CHECK(json["message_b64"] == "Y2Fm6Q==");
  CHECK(json["matches"].empty());
  CHECK(text.find("no rule matched") != std::string::npos);
}

TEST_CASE("explain shows both readings of a word that may be a tag or text", "[app]") {
  const auto [json, text] = explain("<13>Nov 22 07:40:01 web01 Login failed");
  CHECK(json["app_name"] == "Login");
  CHECK(json["message"] == "failed");
  CHECK(json["full_text"] == "Login failed");
  CHECK(std::get<0>(explain("<13>Nov 22 07:40:01 web01 app: x"))["full_text"] == nullptr);
}

TEST_CASE("explain shows empty structured data as sent: there, and empty", "[app]") {
  CHECK(std::get<0>(explain("<13>1 - - - - - [] x"))["structured_data"] ==
        nlohmann::json::object());
}

TEST_CASE("explain says what is wrong with a malformed message", "[app]") {
  const auto [json, text] = explain("<999>x\x1b[31m");
  CHECK(json["valid"] == false);
  CHECK(json["error"] == "no_pri");
  CHECK(json["facility"] == nullptr);
  CHECK(text.find("malformed: no_pri") != std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);  // Nothing a sender wrote controls the terminal.
}

TEST_CASE("explain tells of Graphite lines by their path and value", "[app][graphite]") {
  auto [json, text] = explain("web01.load 1.5 1795333201", InputKind::kGraphite);
  CHECK(json["input"] == "graphite");
  CHECK(json["valid"] == true);
  CHECK(json["error"] == nullptr);
  CHECK(json["path"] == "web01.load");
  CHECK(json["value"] == 1.5);
  CHECK(json["timestamp"] == "2026-11-22T07:40:01Z");
  CHECK(json["time"] == "2026-11-22T07:40:01Z");
  REQUIRE(json["matches"].size() == 1);
  CHECK(json["matches"][0]["rule"] == "test/load");
  CHECK(json["matches"][0]["samples"][0]["host"] == "web01");
  CHECK_FALSE(json.contains("hostname"));
  CHECK(text.find("test/load matched") != std::string::npos);

  std::tie(json, text) = explain("caf\xe9 nan -1", InputKind::kGraphite);
  CHECK(json["valid"] == true);
  CHECK(json["path_b64"] == "Y2Fm6Q==");
  CHECK(json["value"] == nullptr);
  CHECK(json["timestamp"] == nullptr);
  CHECK(text.find("no number") != std::string::npos);

  std::tie(json, text) = explain("web01.load 1 tomorrow", InputKind::kGraphite);
  CHECK(json["valid"] == false);
  CHECK(json["error"] == "timestamp");
  CHECK(json["value"] == nullptr);
  CHECK(text.find("malformed: timestamp") != std::string::npos);

  std::tie(json, text) = explain("web01.other 1 -1", InputKind::kGraphite);
  CHECK(text.find("1 rules read syslog input") != std::string::npos);
}

TEST_CASE("explain marks a Graphite line that the end of the input cuts", "[app][graphite]") {
  const TemporaryFile file("a 1 2\nb 1 2");
  std::vector<bool> incomplete;
  const auto done =
      for_each_message(file.path(), {.framing = InputFraming::kLines},
                       [&](const InputMessage& m) { incomplete.push_back(m.incomplete); });
  CHECK(done);
  CHECK(incomplete == std::vector<bool>{false, true});
}

}  // namespace sluice
