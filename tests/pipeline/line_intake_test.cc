#include "pipeline/line_intake.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

namespace sluice {
namespace {

using namespace std::chrono_literals;

class Utc : public Zone {
 public:
  [[nodiscard]] Timestamp to_utc(std::chrono::local_time<std::chrono::nanoseconds> local,
                                 Timestamp) const noexcept override {
    return Timestamp(local.time_since_epoch());
  }
};

const Timestamp kNow{std::chrono::seconds(1732000000)};

std::shared_ptr<const RuleSet> rules_for_tests() {
  RuleDefinition rule{.name = "load",
                      .inputs = {"graphite"},
                      .host = "host",
                      .match = "^(?:(?P<host>.+)\\.)?load$"};
  rule.emits.push_back({.metric = {.name = "load", .type = MetricType::kGauge},
                        .value = {.kind = ValueSource::Kind::kCapture, .name = "value"}});
  return *RuleSet::compile({PackDefinition{.name = "test", .rules = {rule}}});
}

struct Fixture {
  explicit Fixture(IngestOptions options = {})
      : ingest(options, rules_for_tests(), nullptr, nullptr,
               [this](LineError error, const Message&) { errors.push_back(error); }) {}

  [[nodiscard]] Message message(std::string_view bytes) const {
    return {.bytes = bytes, .peer = peer, .zone = zone};
  }

  Utc zone;
  Peer peer{.text = "192.0.2.7"};
  std::vector<LineError> errors;
  Ingest ingest;
};

}  // namespace

TEST_CASE("a line becomes a sample of the host in its path, at the time it names",
          "[pipeline][graphite]") {
  Fixture f;
  f.ingest.receive_line(f.message("Web01_Example_com.load 1.5 1731999938"), kNow);
  const Delta delta = f.ingest.take_delta();
  REQUIRE(delta.hosts.size() == 1);
  CHECK(delta.hosts[0].name == "web01_example_com");
  CHECK(delta.hosts[0].is_path_node);
  CHECK_FALSE(delta.hosts[0].is_claimed);
  CHECK(delta.hosts[0].last_heard == kNow);
  REQUIRE(delta.hosts[0].entries.size() == 1);
  CHECK(delta.hosts[0].entries[0].window == Seconds(1731999900s));
  CHECK(delta.hosts[0].entries[0].summary.sum() == 1.5);
  CHECK(f.ingest.stats().times_from_stamp == 1);
}

TEST_CASE("lines are counted apart from messages, each in one column", "[pipeline][graphite]") {
  Fixture f;
  f.ingest.receive_lines(
      f.message("a.load 1 -1\nb.load nan -1\n\nb.load x -1\r\nc.other 2 -1\nd 1"), kNow);
  f.ingest.receive({.bytes = "<13>load", .peer = f.peer, .zone = f.zone}, kNow);
  const Stats stats = f.ingest.stats();
  CHECK(stats.graphite_lines_received == 5);
  CHECK(stats.graphite_lines_malformed == 2);
  CHECK(stats.graphite_lines_without_number == 1);
  CHECK(f.errors == std::vector{LineError::kValue, LineError::kFields});
  CHECK(stats.messages_received == 1);
  CHECK(stats.messages_parsed + stats.messages_malformed == 1);
  CHECK(stats.messages_matched == 1);
  CHECK(stats.messages_unmatched == 2);
  CHECK(stats.samples == 1);
  CHECK(f.ingest.take_senders().rows.size() == 1);
}

TEST_CASE("a line's timestamp counts unless it is ahead or now", "[pipeline][graphite]") {
  const auto [text, expected, source] = GENERATE(table<std::string, Timestamp, TimeSource>({
      {"1732000060", kNow + 60s, TimeSource::kStamp},
      {"1732000060.5", kNow, TimeSource::kFuture},
      {"1732000000000", kNow, TimeSource::kFuture},
      {"1", Timestamp(1s), TimeSource::kStamp},
      {"-1", kNow, TimeSource::kNoStamp},
  }));
  CAPTURE(text);
  Fixture f;
  const std::string line = "a.load 1 " + text;
  const MessageTrace trace = f.ingest.explain_line(f.message(line), kNow);
  CHECK(trace.event_time.time == expected);
  CHECK(trace.event_time.source == source);
  REQUIRE(trace.samples.size() == 1);
  CHECK(trace.samples[0].time == expected);
  const Stats stats = f.ingest.stats();
  CHECK(stats.times_in_future == (source == TimeSource::kFuture ? 1U : 0U));
  CHECK(stats.times_without_stamp == (source == TimeSource::kNoStamp ? 1U : 0U));
}

TEST_CASE("a line that was cut is malformed, however whole it looks", "[pipeline][graphite]") {
  Fixture f;
  Message line = f.message("a.load 1 1732000000");
  line.truncated = true;
  f.ingest.receive_line(line, kNow);
  line.truncated = false;
  line.incomplete = true;
  f.ingest.receive_line(line, kNow);
  CHECK(f.errors == std::vector{LineError::kTooLong, LineError::kCutOff});
  Message datagram = f.message("a.load 1 1732000000\nb.load 1 17320");
  datagram.truncated = true;
  f.ingest.receive_lines(datagram, kNow);
  CHECK(f.errors.size() == 3);
  datagram.bytes = "a.load 1 1732000000\n";
  f.ingest.receive_lines(datagram, kNow);
  CHECK(f.errors.size() == 3);
  CHECK(f.ingest.stats().samples == 2);
}

TEST_CASE("where the path names no host, it is the sender's", "[pipeline][graphite]") {
  Fixture f;
  f.ingest.receive_line(f.message("load 1 -1"), kNow);
  CHECK(f.ingest.take_delta().hosts.at(0).name == "192.0.2.7");
}

TEST_CASE("a host whose dots were replaced is found again where its name is certain",
          "[pipeline][graphite]") {
  using Form = HostNameForm;
  const auto [form, host, expected, is_node] =
      GENERATE(table<Form, std::string, std::string, bool>({
          {Form::kAsSent, "Web01_example_com", "web01_example_com", true},
          {Form::kAsSent, "web01", "web01", true},
          {Form::kAsSent, "Web01.example.com", "web01.example.com", false},
          {Form::kFqdn, "Web01_example_com", "web01.example.com", false},
          {Form::kFqdn, "web01", "web01.example.com", false},
          {Form::kFqdn, "web01.example.com", "web01.example.com", false},
          // web01_dc1.example.com or web01.dc1.example.com?
          {Form::kFqdn, "web01_dc1_example_com", "web01_dc1_example_com", true},
          {Form::kFqdn, "web01_example_org", "web01_example_org", true},
          {Form::kFqdn, "_example_com", "_example_com", true},
          {Form::kShort, "WEB01_example_com", "web01", false},
          {Form::kShort, "web01", "web01", false},
          {Form::kShort, "web01.example.com", "web01", false},
          {Form::kShort, "web01_example_org", "web01_example_org", true},
      }));
  CAPTURE(host);
  std::string scratch;
  bool is_path_node = host.find('.') == std::string::npos;
  const HostNameOptions options{.form = form, .domain = "example.com"};
  CHECK(canonical_line_host(host, is_path_node, options, scratch) == expected);
  CHECK(is_path_node == is_node);
}

}  // namespace sluice
