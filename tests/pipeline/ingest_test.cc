#include "sluice/pipeline/ingest.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "sluice/values/delta_encoding.h"

namespace sluice {
namespace {

using std::chrono::seconds;

class Utc : public Zone {
 public:
  [[nodiscard]] Timestamp to_utc(std::chrono::local_time<std::chrono::nanoseconds> local,
                                 Timestamp) const noexcept override {
    return Timestamp(local.time_since_epoch());
  }
};

// 2026-11-22T07:40:01Z
const Timestamp kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) +
                       std::chrono::hours(7) + std::chrono::minutes(40) + seconds(1);

std::shared_ptr<const RuleSet> rules_for_tests(std::string prefix = "") {
  RuleDefinition applied{.name = "applied",
                         .apps = {"puppet-agent"},
                         .match = "^Applied catalog in (?P<seconds>\\S+) seconds$"};
  applied.emits.push_back({.metric = {.name = prefix + "puppet.time", .type = MetricType::kTiming},
                           .value = {.kind = ValueSource::Kind::kCapture, .name = "seconds"}});
  RuleDefinition compiled{.name = "compiled", .match = "^Compiled catalog for (?P<node>\\S+)"};
  compiled.emits.push_back({.metric = {.name = prefix + "compiled"}, .host = "node"});
  RuleDefinition shop{.name = "shop",
                      .apps = {"shop"},
                      .fields = FieldsDefinition{.kind = FieldsDefinition::Kind::kPairs}};
  shop.emits.push_back({.metric = {.name = prefix + "shop.queue", .type = MetricType::kGauge},
                        .value = {.kind = ValueSource::Kind::kField, .name = "queue"},
                        .host = "field.node"});
  return *RuleSet::compile({PackDefinition{.name = "test", .rules = {applied, compiled, shop}}});
}

struct Fixture {
  explicit Fixture(IngestOptions options = {})
      : ingest(
            options, rules_for_tests(),
            [this](ParseError error, const Message&) { malformed.emplace_back(name_of(error)); },
            [this](std::string_view host, const Message&, const EventTime&) {
              skewed.emplace_back(host);
            }) {}

  void receive(std::string_view bytes, bool truncated = false) {
    ingest.receive({.bytes = bytes, .peer = peer, .zone = zone, .truncated = truncated}, now);
  }

  // How many values of puppet.time came of each host since the last call.
  std::map<std::string, std::uint64_t> counts() {
    const Delta delta = ingest.take_delta();
    std::map<std::string, std::uint64_t> found;
    for (const Delta::Host& host : delta.hosts) {
      for (const Delta::Entry& entry : host.entries) found[host.name] += entry.summary.count();
    }
    return found;
  }

  Utc zone;
  Timestamp now = kNow;
  Peer peer{.text = "192.0.2.7"};
  std::vector<std::string> malformed;
  std::vector<std::string> skewed;
  Ingest ingest;
};

using Counts = std::map<std::string, std::uint64_t>;

}  // namespace

TEST_CASE("a message becomes samples of its host, at the time it names", "[pipeline]") {
  Fixture f;
  f.receive(
      "<29>1 2026-11-22T07:39:58Z Web01.example.com puppet-agent 12 - -  Applied catalog in 12.34 "
      "seconds\n");
  const Delta delta = f.ingest.take_delta();
  REQUIRE(delta.hosts.size() == 1);
  CHECK(delta.hosts[0].name == "web01.example.com");
  CHECK(delta.hosts[0].last_heard == kNow);
  REQUIRE(delta.hosts[0].entries.size() == 1);
  CHECK(delta.metrics[delta.hosts[0].entries[0].metric].name == "puppet.time");
  CHECK(delta.hosts[0].entries[0].summary.sum() == 12.34);
  CHECK(delta.hosts[0].entries[0].window == window_start(kNow - seconds(3), seconds(60)));
}

// Texts of many hosts, known and new ones, that match, do not, name other hosts, and repeat.
std::vector<std::string> mixed_messages() {
  std::vector<std::string> all;
  for (int i = 0; i < 300; ++i) {
    const std::string host = "web" + std::to_string(i * i % 47) + "-with-a-name-of-its-own";
    const std::string head = "<29>Nov 22 07:39:" + std::to_string(10 + i % 50) + " " + host + " ";
    switch (i % 9) {
      case 0:
        all.push_back("<30>1 2026-11-22T07:40:00.25+00:00 " + host +
                      " puppetserver - - - Compiled catalog for db" + std::to_string(i % 5));
        break;
      case 1:
        all.push_back(head + "kernel: nothing that counts");
        break;
      case 2:
        all.push_back(head + "message repeated 2 times: [ Applied catalog in 3.00 seconds]");
        break;
      case 3:
        all.emplace_back("<29>Nov 22 07:40:00 last message repeated 3 times");
        break;
      case 4:
        all.emplace_back("no header at all");
        break;
      case 5:  // A host that a field names.
        all.push_back(head + "shop: node=node-" + std::to_string(i % 6) +
                      "-of-a-long-name queue=" + std::to_string(i));
        break;
      case 6:  // A message that names a host, repeated, and others of its sender behind it.
        for (const char* const text :
             {"puppetserver[1]: Compiled catalog for aaaaaaaa", "last message repeated 3 times",
              "puppetserver[1]: Compiled catalog for bbbbbbbb",
              "puppetserver[1]: Compiled catalog for a-longer-name.example.com with more behind "
              "it"})
          all.push_back("<30>Nov 22 07:40:00 master01 " + std::string(text));
        break;
      default:
        all.push_back(head + "puppet-agent[7]: Applied catalog in " + std::to_string(i) +
                      " seconds");
    }
  }
  return all;
}

TEST_CASE("messages taken several at once give what they give one by one", "[pipeline]") {
  const std::size_t at_once = GENERATE(2, 3, 8, 9, 32, 33, 64, 300);
  const std::vector<std::string> texts = mixed_messages();
  Fixture one_by_one;
  Fixture together;
  std::vector<Message> messages;
  for (const std::string& text : texts) {
    one_by_one.receive(text);
    messages.push_back({.bytes = text, .peer = together.peer, .zone = together.zone});
    if (messages.size() < at_once) continue;
    together.ingest.receive(messages, together.now);
    messages.clear();
  }
  together.ingest.receive(messages, together.now);
  CHECK(one_by_one.ingest.stats().samples > 100);
  CHECK(one_by_one.ingest.stats().messages_repeated > 100);
  CHECK(one_by_one.ingest.stats().samples == together.ingest.stats().samples);
  CHECK(one_by_one.ingest.stats().messages_matched == together.ingest.stats().messages_matched);
  CHECK(one_by_one.ingest.stats().repeats_unresolved == together.ingest.stats().repeats_unresolved);
  CHECK(one_by_one.malformed == together.malformed);
  CHECK(encode_delta(one_by_one.ingest.take_delta()) == encode_delta(together.ingest.take_delta()));
}

// Mostly plain messages of a few hosts that come by two ways, and now and then what needs care.
std::string random_message(std::mt19937& random) {
  const auto below = [&random](unsigned bound) { return static_cast<unsigned>(random() % bound); };
  const std::string host = "web" + std::to_string(below(12));
  const std::string head =
      "<29>Nov 22 07:39:" + std::to_string(10 + below(50)) + " " + host + ".example.com ";
  const std::string number = std::to_string(1 + below(3));
  switch (below(24)) {
    case 0:
      return head + "last message repeated " + number + " times";
    case 1:
      return head + "message repeated " + number + " times: [ Applied catalog in 3 seconds]";
    case 2:
      return "<29>Nov 22 07:40:00 last message repeated " + number + " times";
    case 3:
      return "<30>1 2026-11-22T07:40:00.25+00:00 " + host +
             " puppetserver - - - Compiled catalog for " + (below(2) == 0 ? host : "elsewhere");
    case 4:
      return head + "shop: node=" + host + " queue=" + number;
    case 5:
      return below(4) == 0 ? "what is this" : head + "sluice[1]: Applied catalog in 1 seconds";
    case 6:
      return "<29>Nov 22 0" + std::to_string(below(9)) + ":40:00 far" + number +
             " puppet-agent[1]: Applied catalog in 2 seconds";
    default:
      break;
  }
  if (below(3) == 0) return head + "puppet-agent[7]: Applied catalog in " + number + " seconds";
  return head + (below(2) == 0 ? "puppet-agent[7]: Applying " : "kernel: nothing ") + number;
}

TEST_CASE("random messages taken several at once count what they count one by one", "[pipeline]") {
  const auto seed = GENERATE(range(0U, 60U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  Fixture one_by_one;
  Fixture together;
  const std::array<Peer, 2> peers{Peer{.address = {1}, .text = "192.0.2.7"},
                                  Peer{.address = {2}, .text = "192.0.2.8"}};
  std::vector<std::string> texts;
  std::vector<Message> messages;
  for (int i = 0; i < 1'000; ++i) texts.push_back(random_message(random));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Peer& peer = peers[random() % 8 == 0 ? 1 : 0];
    const Message message{.bytes = texts[i],
                          .peer = peer,
                          .zone = together.zone,
                          .truncated = random() % 50 == 0,
                          .incomplete = random() % 50 == 0};
    one_by_one.ingest.receive(message, kNow);
    messages.push_back(message);
  }
  const std::span<const Message> all(messages);
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t count = std::min<std::size_t>(1 + random() % 70, all.size() - at);
    together.ingest.receive(all.subspan(at, count), kNow);
    at += count;
  }
  for (const CounterRow& counter : kCounters) {
    CAPTURE(counter.name);
    CHECK(one_by_one.ingest.stats().*counter.field == together.ingest.stats().*counter.field);
  }
  const SenderReport senders = one_by_one.ingest.take_senders();
  const SenderReport others = together.ingest.take_senders();
  REQUIRE(senders.rows.size() == others.rows.size());
  for (std::size_t i = 0; i < senders.rows.size(); ++i) {
    CHECK(senders.rows[i].host == others.rows[i].host);
    CHECK(senders.rows[i].counts.messages == others.rows[i].counts.messages);
    CHECK(senders.rows[i].counts.skewed == others.rows[i].counts.skewed);
  }
  CHECK(one_by_one.skewed == together.skewed);
  CHECK(encode_delta(one_by_one.ingest.take_delta()) == encode_delta(together.ingest.take_delta()));
  CHECK(one_by_one.ingest.stats().messages_repeated > 10);
}

TEST_CASE("senders that are forgotten in the middle of what is taken at once are met anew",
          "[pipeline]") {
  Fixture one_by_one;
  Fixture together;
  std::vector<std::string> texts;
  // A worker remembers 200,000 senders.
  for (int i = 0; i < 200'020; ++i) {
    const std::string name = std::to_string(i < 200'002 ? i : i % 7);
    texts.push_back("<29>Nov 22 07:40:00 host" + name +
                    " puppet-agent[1]: " + (i < 199'990 ? "x" : "Applied catalog in 1.00 seconds"));
  }
  std::vector<Message> messages;
  for (const std::string& text : texts) {
    one_by_one.receive(text);
    messages.push_back({.bytes = text, .peer = together.peer, .zone = together.zone});
  }
  together.ingest.receive(messages, together.now);
  CHECK(one_by_one.ingest.stats().samples == 30);
  CHECK(encode_delta(one_by_one.ingest.take_delta()) == encode_delta(together.ingest.take_delta()));
}

TEST_CASE("every message is counted once, whatever is wrong with it", "[pipeline]") {
  Fixture f;
  f.receive("<29>Nov 22 07:40:00 web01 puppet-agent[1]: Applied catalog in 1.00 seconds");
  f.receive("no header at all");
  f.receive("");
  f.receive("<999>x");
  f.receive(std::string_view("\0\xff\xfe<", 4));
  f.receive("<13>1 2026-11-22T07:40:00Z h a p m [broken sd", true);
  const Stats stats = f.ingest.stats();
  CHECK(stats.messages_received == 6);
  CHECK(stats.messages_parsed == 1);
  CHECK(stats.messages_malformed == 5);
  CHECK(stats.messages_received == stats.messages_parsed + stats.messages_malformed);
  CHECK(stats.messages_malformed ==
        stats.messages_malformed_empty + stats.messages_malformed_no_pri +
            stats.messages_malformed_timestamp + stats.messages_malformed_header +
            stats.messages_malformed_structured_data);
  CHECK(stats.messages_truncated == 1);
  CHECK(stats.messages_matched + stats.messages_unmatched == 6);
  CHECK(stats.times_from_stamp + stats.times_without_stamp + stats.times_in_future +
            stats.times_skewed ==
        6);
  CHECK(f.malformed.size() == 5);
}

TEST_CASE("a malformed message is tried by the rules all the same", "[pipeline]") {
  Fixture f;
  f.receive("<999>Compiled catalog for db01 in a hurry");
  f.receive("Compiled catalog for db01 in a hurry");
  CHECK(f.ingest.stats().samples == 1);  // The first is text from its '<' on.
  const Delta delta = f.ingest.take_delta();
  std::map<std::string, std::size_t> entries;
  for (const Delta::Host& host : delta.hosts) entries[host.name] = host.entries.size();
  CHECK(entries == std::map<std::string, std::size_t>{{"192.0.2.7", 0}, {"db01", 1}});
}

TEST_CASE("a repeat notice counts as many further events as it stands for", "[pipeline]") {
  Fixture f;
  f.receive("<29>Nov 22 07:40:00 web01 puppet-agent: Applied catalog in 0.50 seconds");
  f.receive(
      "<29>Nov 22 07:40:00 web01 puppet-agent: message repeated 5 times: [ Applied catalog in 0.50 "
      "seconds]");
  const Delta delta = f.ingest.take_delta();
  REQUIRE(delta.hosts.size() == 1);
  CHECK(delta.hosts[0].entries[0].summary.count() == 6);
  CHECK(f.ingest.stats().messages_repeated == 5);
  CHECK(f.ingest.stats().samples == 6);
}

TEST_CASE("a trusted peer may speak of any host", "[pipeline]") {
  Fixture f;
  f.peer.is_trusted = true;
  f.receive("<29>Nov 22 07:40:00 puppet puppetserver: Compiled catalog for DB01");
  const Delta delta = f.ingest.take_delta();
  for (const Delta::Host& host : delta.hosts) {
    for (const Delta::Entry& entry : host.entries) {
      CHECK(host.name == "db01");
      CHECK_FALSE(entry.is_claimed);
    }
  }
}

TEST_CASE("explain shows a host that a line speaks of by its canonical name", "[pipeline]") {
  Fixture f;
  const std::string_view line =
      "<29>Nov 22 07:40:00 puppet puppetserver: Compiled catalog for DB01.Example.com";
  const MessageTrace trace =
      f.ingest.explain({.bytes = line, .peer = f.peer, .zone = f.zone}, kNow);
  REQUIRE(trace.samples.size() == 1);
  CHECK(trace.samples[0].host == "db01.example.com");
}

TEST_CASE("new rules take over between two messages, and counters go on", "[pipeline]") {
  Fixture f;
  f.receive("<29>Nov 22 07:40:00 web01 puppet-agent[1]: Applied catalog in 1.00 seconds");
  f.ingest.set_rules(rules_for_tests("new."));
  f.receive("<29>Nov 22 07:40:00 web01 puppet-agent[1]: Applied catalog in 1.00 seconds");
  CHECK(f.ingest.stats().rules_matched == 2);
  const Delta delta = f.ingest.take_delta();
  REQUIRE(delta.metrics.size() == 2);
  CHECK(delta.metrics[1].name == "new.puppet.time");
}

TEST_CASE("explain tells what was found and done", "[pipeline]") {
  Fixture f;
  const std::string_view line =
      "<29>Nov 22 07:40:00 web01 puppet-agent[1]: message repeated 2 times: [ Applied catalog in "
      "1.50 seconds]";
  const MessageTrace trace =
      f.ingest.explain({.bytes = line, .peer = f.peer, .zone = f.zone}, kNow);
  CHECK(trace.host == "web01");
  CHECK(trace.weight == 2);
  CHECK(trace.message == "message repeated 2 times: [ Applied catalog in 1.50 seconds]");
  REQUIRE(trace.samples.size() == 1);
  CHECK(trace.samples[0].value == 1.5);
  REQUIRE(trace.rules.size() == 3);
  CHECK(trace.rules[0].outcome == RuleTrace::Outcome::kMatched);
}

TEST_CASE("\"last message repeated\" counts the last message of its sender again", "[pipeline]") {
  const std::string_view notice =
      GENERATE("<29>Nov 22 07:40:00 web01 last message repeated 3 times",
               "<29>Nov 22 07:40:00 web01 syslogd: last message repeated 3 times",
               "<29>Nov 22 07:40:00 web01 --- last message repeated 3 times ---",
               "<29>1 2026-11-22T07:40:00Z web01 - - - - last message repeated 3 times");
  CAPTURE(notice);
  Fixture f;
  f.receive("<29>Nov 22 07:40:00 db01 puppet-agent[2]: Applied catalog in 9.00 seconds");
  f.receive("<29>Nov 22 07:40:00 web01 puppet-agent[1]: Applied catalog in 0.50 seconds");
  f.receive(notice);
  f.receive(notice);
  CHECK(f.counts() == Counts{{"db01", 1}, {"web01", 1 + 3 + 3}});
  CHECK(f.ingest.stats().messages_repeated == 6);
  CHECK(f.ingest.stats().repeats_unresolved == 0);
}

TEST_CASE("a notice about a message that no rule read counts nothing, and nothing of before",
          "[pipeline]") {
  const std::string_view applied =
      "<29>Nov 22 07:40:00 web01 puppet-agent[1]: Applied catalog in 0.50 seconds";
  const std::string_view other = "<86>Nov 22 07:40:00 web01 sshd[7]: Accepted publickey for deploy";
  const std::string_view notice = "<29>Nov 22 07:40:00 web01 last message repeated 3 times";
  Fixture f;
  Peer neighbour = f.peer;  // Of the same host name.
  neighbour.address.back() ^= 1;
  const auto receive_of_neighbour = [&](std::string_view line) {
    f.ingest.receive({.bytes = line, .peer = neighbour, .zone = f.zone}, kNow);
  };
  f.receive(applied);
  f.receive(other);
  f.receive(notice);
  CHECK(f.ingest.stats().messages_repeated == 3);
  receive_of_neighbour(applied);
  receive_of_neighbour(other);
  f.receive(notice);  // The last unread message is the neighbour's.
  receive_of_neighbour(notice);
  CHECK(f.ingest.stats().messages_repeated == 6);
  CHECK(f.ingest.stats().repeats_unresolved == 1);
  CHECK(f.ingest.take_observations().unmatched.lines ==
        3);  // Those of sshd, and the unresolved one.
  f.receive(applied);
  f.receive(notice);
  CHECK(f.counts() == Counts{{"web01", 1 + 1 + 1 + 3}});
}

TEST_CASE("syslog-ng's notice is about an unread message when it quotes its start", "[pipeline]") {
  Fixture f;
  f.receive("<86>Nov 22 07:40:00 web01 sshd[7]: Accepted publickey for deploy");
  f.receive(
      "<86>Nov 22 07:40:01 web01 sshd[7]: Last message 'Accepted publickey f' repeated 3 times, "
      "suppressed by syslog-ng on web01");
  CHECK(f.ingest.stats().messages_repeated == 3);
  f.receive(
      "<86>Nov 22 07:40:01 web01 sshd[7]: Last message 'Accepted password fo' repeated 3 times, "
      "suppressed by syslog-ng on web01");
  CHECK(f.ingest.stats().messages_repeated == 3);
  CHECK(f.ingest.stats().repeats_unresolved == 1);
}

TEST_CASE("a notice without host is of the peer, not of a host called \"last\"", "[pipeline]") {
  const std::string_view notice =
      GENERATE("<29>Nov 22 07:40:00 last message repeated 3 times",
               "<29>Nov 22 07:40:00 --- last message repeated 3 times ---",
               "<29>last message repeated 3 times");
  CAPTURE(notice);
  Fixture f;
  f.receive("<29>Nov 22 07:40:00 puppet-agent[1]: Applied catalog in 0.50 seconds");
  f.receive(notice);
  CHECK(f.counts() == Counts{{"192.0.2.7", 4}});
}

TEST_CASE("a notice refers to the sender's last message alone", "[pipeline]") {
  const std::string_view applied =
      "<29>Nov 22 07:40:00 localhost puppet-agent[1]: Applied catalog in 0.50 seconds";
  const std::string_view notice = "<29>Nov 22 07:40:00 localhost last message repeated 3 times";
  Fixture f;
  SECTION("nothing is known of another peer, though it has the same name") {
    f.receive(applied);
    f.peer.address[15] = 8;
    f.receive(notice);
    CHECK(f.ingest.stats().repeats_unresolved == 1);
  }
  SECTION("another message came in between") {
    f.receive(applied);
    f.receive("<29>Nov 22 07:40:00 localhost puppet-agent[1]: Bye");
    f.receive(notice);
  }
  SECTION("the last message was too long to be remembered") {
    f.receive(applied);
    f.receive("<29>Nov 22 07:40:00 localhost puppetserver: Compiled catalog for localhost in " +
              std::string(5000, 'x'));
    f.receive(notice);
    CHECK(f.ingest.stats().repeats_unresolved == 1);
    CHECK(f.counts() == Counts{{"localhost", 2}});
    return;
  }
  SECTION("it repeats nothing") {
    f.receive(applied);
    f.receive("<29>Nov 22 07:40:00 localhost last message repeated 0 times");
  }
  CHECK(f.counts() == Counts{{"localhost", 1}});
}

TEST_CASE("syslog-ng's notice names the beginning of the message", "[pipeline]") {
  const std::string_view notice =
      "<29>Nov 22 07:40:00 web01 puppet-agent: Last message 'Applied catalog in 0' "
      "repeated 4 times, suppressed by syslog-ng on loghost";
  Fixture f;
  SECTION("the message itself was received before") {
    f.receive("<29>Nov 22 07:40:00 web01 puppet-agent: Applied catalog in 0.50 seconds");
    f.receive(notice);
    CHECK(f.counts() == Counts{{"web01", 5}});
  }
  SECTION("another message was") {
    f.receive("<29>Nov 22 07:40:00 web01 puppet-agent: Applied catalog in 7.50 seconds");
    f.receive(notice);
    CHECK(f.counts() == Counts{{"web01", 1}});
    CHECK(f.ingest.stats().repeats_unresolved == 1);
  }
  SECTION("none was: half a text gives no number") {
    f.receive(notice);
    CHECK(f.counts() == Counts{});
  }
}

TEST_CASE("a notice that a size limit cut gives no number of its own", "[pipeline]") {
  Fixture f;
  f.receive(
      "<29>Nov 22 07:40:00 web01 puppet-agent: message repeated 4 times: [ Applied catalog in "
      "12.34 seconds");
  CHECK(f.counts() == Counts{});
}

TEST_CASE("a message whose frame the stream cut short gives no number", "[pipeline]") {
  Fixture f;
  f.ingest.receive(
      {.bytes = "<29>Nov 22 07:40:00 web01 puppet-agent: Applied catalog in 12.34 seconds",
       .peer = f.peer,
       .zone = f.zone,
       .incomplete = true},
      kNow);
  CHECK(f.counts() == Counts{});
  CHECK(f.ingest.stats().messages_incomplete == 1);
}

TEST_CASE("with expand_repeats off a notice is a message like any other", "[pipeline]") {
  IngestOptions options;
  options.expand_repeats = false;
  Fixture f(options);
  f.receive("<29>Nov 22 07:40:00 web01 puppet-agent[1]: Applied catalog in 0.50 seconds");
  f.receive("<29>Nov 22 07:40:00 web01 last message repeated 3 times");
  CHECK(f.counts() == Counts{{"web01", 1}});
  CHECK(f.ingest.stats().messages_repeated == 0);
}

TEST_CASE("a local message is of the host it names, else of this machine", "[pipeline]") {
  IngestOptions options;
  options.local_host = "relay1";
  Fixture f(options);
  f.peer = {.text = "local", .is_local = true};
  f.receive("<29>Nov 22 07:40:00 puppet-agent[1]: Applied catalog in 0.50 seconds");
  f.receive("<29>Nov 22 07:40:00 web01 puppet-agent[1]: Applied catalog in 0.50 seconds");
  CHECK(f.counts() == Counts{{"relay1", 1}, {"web01", 1}});
}

TEST_CASE("a tick is full before it refuses, and empty when it was taken", "[pipeline]") {
  IngestOptions options;
  options.aggregator.entries_max = 16;
  Fixture f(options);
  std::size_t count = 0;
  while (!f.ingest.is_tick_full()) {
    REQUIRE(count < 16);
    f.receive("<29>Nov 22 07:40:00 web" + std::to_string(count++) +
              " puppet-agent[1]: Applied catalog in 0.50 seconds");
  }
  CHECK(count == 14);
  CHECK(f.ingest.stats().samples_dropped_tick_full == 0);
  CHECK(f.counts().size() == 14);
  CHECK_FALSE(f.ingest.is_tick_full());
}

TEST_CASE("senders are counted by host", "[pipeline]") {
  const std::string web = "<29>Nov 22 07:40:00 web01 puppet-agent[1]: hello";
  const std::string web_in_capitals = "<29>Nov 22 07:40:00 WEB01 puppet-agent[1]: hello again";
  const std::string skewed = "<29>Nov 22 04:40:00 db01 puppet-agent[1]: hello";
  const Timestamp later = kNow + seconds(2);
  Fixture f;
  f.receive(web);
  f.receive(skewed, true);
  f.now = later;
  f.receive("no PRI");
  f.receive(web_in_capitals);
  std::map<std::string, SenderCounts> rows;
  for (const auto& row : f.ingest.take_senders().rows) rows[row.host] = row.counts;
  REQUIRE(rows.size() == 3);
  CHECK(rows["web01"] == SenderCounts{.messages = 2,
                                      .octets = web.size() + web_in_capitals.size(),
                                      .last_received = later});
  CHECK(rows["db01"] == SenderCounts{.messages = 1,
                                     .octets = skewed.size(),
                                     .truncated = 1,
                                     .skewed = 1,
                                     .last_received = kNow});
  CHECK(rows["192.0.2.7"] ==
        SenderCounts{.messages = 1, .octets = 6, .malformed = 1, .last_received = later});
  CHECK(f.ingest.take_senders().rows.empty());
}

TEST_CASE("a sender whose zone is not proven is told once an hour", "[pipeline]") {
  Fixture f;
  const std::string_view skewed = "<29>Nov 22 04:40:00 web01 puppet-agent[1]: hello";
  f.receive(skewed);
  f.receive(skewed);
  f.receive("<29>Nov 22 04:40:00 db01 puppet-agent[1]: hello");
  CHECK(f.skewed == std::vector<std::string>{"web01", "db01"});
  f.now += std::chrono::minutes(59);
  f.receive(skewed);
  CHECK(f.skewed.size() == 2);
  f.now += std::chrono::minutes(1);
  f.receive(skewed);
  CHECK(f.skewed.size() == 3);
  CHECK(f.ingest.stats().times_skewed == 5);
}

TEST_CASE("a match is a sign of life for its pack's presence, and an entry knows its rule",
          "[pipeline][presence]") {
  RuleDefinition seen{.name = "seen", .match = "^Starting"};
  seen.emits.push_back({.metric = {.name = "starts"}});
  RuleDefinition silent{.name = "silent", .match = "^Finished"};
  RuleDefinition other{.name = "other", .match = "^Other"};
  other.emits.push_back({.metric = {.name = "others"}});
  const PackDefinition puppet{.name = "agent",
                              .presence = PresenceDefinition{"puppet", std::chrono::minutes(30)},
                              .rules = {seen, silent}};
  const PackDefinition plain{.name = "plain", .rules = {other}};
  Ingest ingest({}, *RuleSet::compile({puppet, plain}), nullptr);
  const Utc zone;
  const Peer peer{.text = "192.0.2.7"};
  const auto receive = [&](const std::string& bytes) {
    ingest.receive({.bytes = bytes, .peer = peer, .zone = zone}, kNow);
    return ingest.take_delta();
  };
  const std::string header = "<29>1 2026-11-22T07:39:58Z web01 app 12 - - ";
  Delta delta = receive(header + "Starting");
  CHECK(delta.presences == std::vector<std::string>{"puppet"});
  REQUIRE(delta.hosts.at(0).signs.size() == 1);
  CHECK(delta.hosts[0].signs[0].last == kNow - seconds(3));
  CHECK(delta.rules.at(delta.hosts[0].entries.at(0).rule) == "agent/seen");
  // A rule that gives no sample speaks for its host too.
  delta = receive(header + "Finished");
  CHECK(delta.hosts.at(0).signs.size() == 1);
  delta = receive(header + "Other");
  CHECK(delta.hosts.at(0).signs.empty());
  CHECK(delta.rules.at(delta.hosts[0].entries.at(0).rule) == "plain/other");
  CHECK(receive(header + "Nothing").hosts.empty());
}

TEST_CASE("the relay's own log lines are counted and go no further", "[pipeline]") {
  IngestOptions options;
  options.local_host = "Relay1";
  Fixture relay(options);
  relay.receive(
      "<29>2026-11-22T07:40:00Z relay1 sluice[7]: Compiled catalog for web1 in 1 seconds");
  relay.receive("<29>2026-11-22T07:40:00Z RELAY1.example.com sluice: listening on udp://[::]:5514");
  Stats stats = relay.ingest.stats();
  CHECK(stats.messages_own == 2);
  CHECK(stats.messages_parsed == 2);
  CHECK(stats.samples == 0);
  CHECK(stats.messages_matched + stats.messages_unmatched == 0);
  // Another machine's relay, and another program here, are like anybody else.
  relay.receive(
      "<29>2026-11-22T07:40:00Z relay2 sluice[7]: Compiled catalog for web1 in 1 seconds");
  relay.receive("<29>2026-11-22T07:40:00Z relay1 sluiced: nothing");
  stats = relay.ingest.stats();
  CHECK(stats.messages_own == 2);
  CHECK(stats.messages_matched == 1);
  CHECK(stats.messages_unmatched == 1);
}

}  // namespace sluice
