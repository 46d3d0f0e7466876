#include "app/ingest_worker.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "config/temporary_folder.h"
#include "net/sockets.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using Transport = Endpoint::Transport;

constexpr std::size_t kEntriesMax = 16;

class FixedZone : public Zone {
 public:
  explicit FixedZone(std::chrono::hours east) : east_(east) {}
  [[nodiscard]] Timestamp to_utc(std::chrono::local_time<std::chrono::nanoseconds> local,
                                 Timestamp) const noexcept override {
    return Timestamp(local.time_since_epoch() - east_);
  }

 private:
  std::chrono::hours east_;
};

const FixedZone kUtc{0h};
const FixedZone kNewYork{-5h};

std::shared_ptr<const RuleSet> rules_for_tests() {
  RuleDefinition applied{.name = "applied", .match = "^Applied catalog in (?P<seconds>\\S+) s"};
  applied.emits.push_back({.metric = {.name = "puppet.time", .type = MetricType::kTiming},
                           .value = {.kind = ValueSource::Kind::kCapture, .name = "seconds"}});
  RuleDefinition load{.name = "load",
                      .inputs = {"graphite"},
                      .host = "host",
                      .match = "^(?P<host>[^.]+)[.]load[.]shortterm$"};
  load.emits.push_back({.metric = {.name = "load", .type = MetricType::kGauge},
                        .value = {.kind = ValueSource::Kind::kCapture, .name = "value"}});
  return *RuleSet::compile({PackDefinition{.name = "test", .rules = {applied, load}}});
}

// The stamp of RFC 3164 for now, as a clock in UTC shows it.
std::string stamp_in_utc() {
  return fmt::format(
      "{:%b %e %H:%M:%S}",
      fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

// A worker, and the sum of what it has reported.
struct Relay {
  Relay() {
    IngestOptions options;
    options.aggregator.entries_max = kEntriesMax;
    options.local_host = "relay1";
    worker.emplace(options, rules_for_tests(), std::vector<Network>{}, [] {});
  }

  // Listens at `config.endpoint`; returns the port.
  std::uint16_t listen(ListenConfig config, std::vector<PeerZone> sender_zones = {}) {
    std::vector<ListenSocket> sockets;
    std::uint16_t port = 0;
    if (config.endpoint.is_unix()) {
      auto opened = open_unix_socket(config.endpoint, config.mode);
      REQUIRE(opened);
      sockets.push_back(
          {config, std::move(opened->socket), std::move(opened->file), &kNewYork, {}});
    } else {
      auto opened = open_sockets(config.endpoint, 1);
      REQUIRE(opened);
      port = bound_at(opened->front().get()).port;
      sockets.push_back({config, std::move(opened->front()), {}, &kNewYork, sender_zones});
    }
    worker->start(std::move(sockets));
    return port;
  }

  void take_reports() {
    for (IngestWorker::Report& report : worker->take_reports()) {
      std::size_t entries = 0;
      for (const Delta::Host& host : report.delta.hosts) {
        entries += host.entries.size();
        hosts.push_back(host.name);
      }
      CHECK(entries <= kEntriesMax);
      samples += report.delta.sample_count;
      stats = report.stats;
      senders.add(std::move(report.senders));
      ++reports;
      is_ended = is_ended || report.is_last;
    }
  }

  // Ticks until `is_done`.
  bool tick_until(const auto& is_done) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!is_done() && std::chrono::steady_clock::now() < deadline) {
      worker->ask_report();
      std::this_thread::sleep_for(1ms);
      take_reports();
    }
    return is_done();
  }

  // Stops, and waits for the last report.
  void stop() {
    worker->stop(10s);
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!is_ended && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(1ms);
      take_reports();
    }
    REQUIRE(is_ended);
  }

  // Asks for one report, and has taken it when it returns true.
  bool take_one_report() {
    const int before = reports;
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    worker->ask_report();
    while (reports == before && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(1ms);
      take_reports();
    }
    return reports == before + 1;
  }

  std::vector<std::string> hosts;
  std::uint64_t samples = 0;
  int reports = 0;
  Stats stats;
  SenderTable senders;
  bool is_ended = false;
  std::optional<IngestWorker> worker;
};

ListenConfig tcp(Overflow overflow) {
  ListenConfig config;
  config.endpoint = {Transport::kTcp, "127.0.0.1", 0};
  config.overflow = overflow;
  return config;
}

// One message each of `count` hosts.
std::string of_hosts(std::size_t count) {
  std::string wire;
  for (std::size_t i = 0; i < count; ++i) {
    wire += fmt::format("<29>1 2026-11-22T07:40:00Z web{} p - - - Applied catalog in 1 s\n", i);
  }
  return wire;
}

TEST_CASE("workers on one port share its connections evenly, and lose nothing when they end",
          "[app]") {
  constexpr int kConnections = 8;
  const ListenConfig config{.endpoint = {Endpoint::Transport::kTcp, "127.0.0.1", 0}};
  auto sockets = open_sockets(config.endpoint, 2);
  REQUIRE(sockets);
  const std::uint16_t port = bound_at(sockets->front().get()).port;
  Relay one;
  Relay other;
  const auto share = std::make_shared<ConnectionShare>();
  for (std::size_t i = 0; i < 2; ++i) {
    std::vector<ListenSocket> mine;
    mine.push_back({config, std::move((*sockets)[i]), {}, &kNewYork, {}, share});
    (i == 0 ? one : other).worker->start(std::move(mine));
  }
  std::vector<Fd> senders;
  for (int i = 0; i < kConnections; ++i) {
    senders.push_back(connect_to("127.0.0.1", port, SOCK_STREAM));
    // Each is dealt before the next one comes.
    const auto is_open = [&] {
      one.take_one_report();
      other.take_one_report();
      return one.stats.tcp_connections_accepted + other.stats.tcp_connections_accepted ==
             static_cast<std::uint64_t>(i + 1);
    };
    REQUIRE(one.tick_until(is_open));
    send_all(senders.back(), "<29>1 - web01 app - - - text\n");
  }
  one.stop();
  other.stop();
  CHECK(one.stats.tcp_connections_accepted == kConnections / 2);
  CHECK(other.stats.tcp_connections_accepted == kConnections / 2);
  CHECK(one.stats.messages_received + other.stats.messages_received == kConnections);
}

}  // namespace

TEST_CASE("with overflow \"block\" a listener waits for the next tick, and nothing is lost",
          "[app]") {
  Relay relay;
  const Fd sender = connect_to("127.0.0.1", relay.listen(tcp(Overflow::kBlock)), SOCK_STREAM);
  send_all(sender, of_hosts(100));
  REQUIRE(relay.tick_until([&] { return relay.samples == 100; }));
  CHECK(relay.stats.samples_dropped_tick_full == 0);
  CHECK(relay.stats.stream_pauses >= 100 / kEntriesMax);
  CHECK(relay.stats.messages_received == 100);
  send_all(sender, of_hosts(1));
  CHECK(relay.tick_until([&] { return relay.samples == 101; }));
}

TEST_CASE("with overflow \"block\" a full tick stays full until the report", "[app]") {
  Relay relay;
  const Fd sender = connect_to("127.0.0.1", relay.listen(tcp(Overflow::kBlock)), SOCK_STREAM);
  send_all(sender, of_hosts(100));
  wait_until_taken(sender);
  std::this_thread::sleep_for(50ms);  // Time to go wrong in; nothing is expected to happen.
  // A report that was asked for before the worker had read anything is empty.
  while (relay.samples == 0) REQUIRE(relay.take_one_report());
  CHECK(relay.samples < kEntriesMax);
}

TEST_CASE("with overflow \"drop-new\" a listener reads on, and samples are dropped and counted",
          "[app]") {
  Relay relay;
  const Fd sender = connect_to("127.0.0.1", relay.listen(tcp(Overflow::kDropNew)), SOCK_STREAM);
  send_all(sender, of_hosts(100));
  wait_until_taken(sender);
  relay.stop();
  CHECK(relay.stats.messages_received == 100);
  CHECK(relay.samples == kEntriesMax);
  CHECK(relay.stats.samples_dropped_tick_full == 100 - kEntriesMax);
  CHECK(relay.stats.stream_pauses == 0);
}

TEST_CASE("at the end a blocking listener hands over tick by tick instead of waiting", "[app]") {
  Relay relay;
  const Fd sender = connect_to("127.0.0.1", relay.listen(tcp(Overflow::kBlock)), SOCK_STREAM);
  send_all(sender, of_hosts(100));
  wait_until_taken(sender);
  relay.stop();
  CHECK(relay.samples == 100);
  CHECK(relay.stats.samples_dropped_tick_full == 0);
}

TEST_CASE("\"senders\" gives the zone of a sender, \"tz\" that of the others", "[app]") {
  const bool is_listed = GENERATE(true, false);
  ListenConfig config;
  config.endpoint = {Transport::kUdp, "127.0.0.1", 0};
  Network network;
  network.address = parse_address(is_listed ? "127.0.0.1" : "127.0.0.2").value();
  Relay relay;
  const std::uint16_t port = relay.listen(config, {{network, &kUtc}});
  send_all(connect_to("127.0.0.1", port, SOCK_DGRAM), "<29>" + stamp_in_utc() + " web01 p: hello");
  REQUIRE(relay.tick_until([&] { return relay.stats.messages_received == 1; }));
  CHECK(relay.stats.times_from_stamp == (is_listed ? 1U : 0U));
  CHECK(relay.stats.times_skewed == (is_listed ? 0U : 1U));
  const SenderReport senders = relay.senders.snapshot();
  REQUIRE(senders.rows.size() == 1);
  CHECK(senders.rows[0].host == "web01");
  CHECK(senders.rows[0].counts.skewed == (is_listed ? 0U : 1U));
}

TEST_CASE("a unix socket speaks for this machine, and its file goes with the worker", "[app]") {
  const TemporaryFolder folder;
  const Transport transport = GENERATE(Transport::kUnix, Transport::kUnixgram);
  ListenConfig config;
  config.endpoint = {transport, folder.path() + "/log", 0};
  Relay relay;
  relay.listen(config);
  const int type = transport == Transport::kUnix ? SOCK_STREAM : SOCK_DGRAM;
  const Fd sender = connect_to_path(config.endpoint.host, type);
  REQUIRE(sender.is_open());
  send_all(sender, "<29>Nov 22 07:40:00 puppet-agent[1]: Applied catalog in 1 s\n");
  REQUIRE(relay.tick_until([&] { return relay.samples == 1; }));
  CHECK(relay.hosts == std::vector<std::string>{"relay1"});
  send_all(sender, "<29>Nov 22 07:40:00 web01 puppet-agent[1]: Applied catalog in 1 s\n");
  relay.stop();
  CHECK(relay.hosts == std::vector<std::string>{"relay1", "web01"});
  CHECK_FALSE(std::filesystem::exists(config.endpoint.host));
}

TEST_CASE("max_message holds for datagrams", "[app]") {
  ListenConfig config;
  config.endpoint = {Transport::kUdp, "127.0.0.1", 0};
  config.max_message = 500;
  Relay relay;
  const std::uint16_t port = relay.listen(config);
  send_all(connect_to("127.0.0.1", port, SOCK_DGRAM), "<13>web01 p: " + std::string(600, 'x'));
  REQUIRE(relay.tick_until([&] { return relay.stats.messages_received == 1; }));
  CHECK(relay.stats.messages_truncated == 1);
  CHECK(relay.stats.octets_received == 500);
}

TEST_CASE("a listener of Graphite input counts lines, not messages", "[app][graphite]") {
  const TemporaryFolder folder;
  const Transport transport =
      GENERATE(Transport::kTcp, Transport::kUdp, Transport::kUnix, Transport::kUnixgram);
  ListenConfig config;
  config.input = InputKind::kGraphite;
  config.endpoint = {transport, "127.0.0.1", 0};
  if (config.endpoint.is_unix()) config.endpoint.host = folder.path() + "/graphite";
  Relay relay;
  const std::uint16_t port = relay.listen(config);
  const int type = config.endpoint.is_stream() ? SOCK_STREAM : SOCK_DGRAM;
  const Fd sender = config.endpoint.is_unix() ? connect_to_path(config.endpoint.host, type)
                                              : connect_to("127.0.0.1", port, type);
  send_all(sender,
           "web01.load.shortterm 1.5 -1\r\nweb02.load.shortterm 2 -1\nweb03.load nan -1\n"
           "web04.load.shortterm x -1\nother 1 -1\n");
  REQUIRE(relay.tick_until([&] { return relay.stats.graphite_lines_received == 5; }));
  CHECK(relay.samples == 2);
  CHECK(relay.hosts == std::vector<std::string>{"web01", "web02"});
  CHECK(relay.stats.graphite_lines_malformed == 1);
  CHECK(relay.stats.graphite_lines_without_number == 1);
  CHECK(relay.stats.messages_received == 0);
  CHECK(relay.stats.messages_matched == 2);
  CHECK(relay.stats.messages_unmatched == 1);
}

TEST_CASE("Graphite lines that are too long are cut in a stream and in a datagram",
          "[app][graphite]") {
  ListenConfig config;
  config.input = InputKind::kGraphite;
  config.endpoint = {GENERATE(Transport::kTcp, Transport::kUdp), "127.0.0.1", 0};
  config.max_message = 500;
  const bool is_stream = config.endpoint.is_stream();
  Relay relay;
  const std::uint16_t port = relay.listen(config);
  const Fd sender = connect_to("127.0.0.1", port, is_stream ? SOCK_STREAM : SOCK_DGRAM);
  // Cut, it would still look like a line.
  send_all(sender,
           "web01.load.shortterm 1 -1\nweb02.load.shortterm 1." + std::string(600, '0') + " -1\n");
  send_all(sender, "web03.load.shortterm 1 -1\n");
  REQUIRE(relay.tick_until([&] { return relay.stats.graphite_lines_received == 3; }));
  CHECK(relay.stats.graphite_lines_malformed == 1);
  CHECK(relay.hosts == std::vector<std::string>{"web01", "web03"});
}

TEST_CASE("a Graphite line that its connection's end cuts is not believed", "[app][graphite]") {
  ListenConfig config;
  config.input = InputKind::kGraphite;
  config.endpoint = {Transport::kTcp, "127.0.0.1", 0};
  Relay relay;
  const std::uint16_t port = relay.listen(config);
  send_all(connect_to("127.0.0.1", port, SOCK_STREAM), "web01.load.shortterm 1 -1");
  REQUIRE(relay.tick_until([&] { return relay.stats.graphite_lines_received == 1; }));
  CHECK(relay.stats.graphite_lines_malformed == 1);
  CHECK(relay.samples == 0);
}

}  // namespace sluice
