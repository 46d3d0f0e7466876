#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "pipeline/relay.h"

namespace sluice {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const Metric kRuns{.name = "r",
                   .type = MetricType::kCounter,
                   .host_stats = {Stat::kCount},
                   .cluster_stats = {Stat::kCount, Stat::kHosts}};
const Metric kNodes{.name = "nodes",
                    .type = MetricType::kState,
                    .states = {"good", "failed"},
                    .ttl = minutes(60),
                    .presence = "puppet"};
const Metric kTime{.name = "t",
                   .type = MetricType::kTiming,
                   .host_stats = {Stat::kMean},
                   .cluster_stats = {Stat::kP95}};

// A relay with something of everything in it, and a checkpoint of it.
Relay busy_relay() {
  ClusterMapDefinition map;
  map.entries = {{"web1", "web", {{"role", "web"}}}, {"web2", "web", {}}};
  Relay relay({.presences = {{"puppet", minutes(2)}}}, map);
  for (int minute = 0; minute < 5; ++minute) {
    relay.add(kRuns, "web1", 1, kStart + minute * 60 + 5);
    relay.add(kTime, "db1.a", minute, kStart + minute * 60 + 6);
    relay.add(kNodes, "web1", minute % 2, kStart + minute * 60 + 5);
    relay.hear("web1", "puppet", kStart + minute * 60 + 5);
    relay.run_until(kStart + minute * 60 + 60);
  }
  relay.add(kRuns, "web1", 1, kStart + 5);
  relay.tick(relay.now + 1);
  relay.checkpoint();
  return relay;
}

}  // namespace

TEST_CASE("a window that a crash interrupted is published once, and whole", "[pipeline]") {
  Relay relay;
  relay.add(kRuns, "web1", 1, kStart + 65);
  relay.run_until(kStart + 126);
  relay.add(kRuns, "web1", 2, kStart + 130);
  relay.tick(kStart + 131);
  relay.checkpoint();
  // Down for ten minutes. The first window that ended before was published, the second was not.
  REQUIRE(relay.restore());
  relay.tick(kStart + 731);
  CHECK(relay.value("sluice.all.r.count", kStart + 60) == 1);
  CHECK(relay.value("sluice.all.r.count", kStart + 120) == 2);
  relay.tick(kStart + 736);
  CHECK(relay.last.empty());
  // What nobody watched is not quiet.
  for (double second = kStart + 740; second < kStart + 860; second += 10) relay.tick(second);
  for (std::int64_t start = kStart + 180; start < kStart + 780; start += 60)
    CHECK(relay.value("sluice.all.r.count", start) == std::nullopt);
  CHECK(relay.value("sluice.all.r.count", kStart + 780) == 0);
  // What a sender kept in the meantime lands where it belongs.
  relay.add(kRuns, "web1", 5, kStart + 310);
  relay.tick(kStart + 870);
  CHECK(relay.value("sluice.all.r.count", kStart + 300) == 5);
}

TEST_CASE("a window that ended while the relay died is published with its zeros", "[pipeline]") {
  Relay relay;
  relay.add(kRuns, "web1", 1, kStart + 5);
  relay.run_until(kStart + 123);  // The window kStart + 60 has ended, its grace has not.
  relay.checkpoint();
  REQUIRE(relay.restore());
  relay.tick(kStart + 600);
  CHECK(relay.value("sluice.all.r.count", kStart + 60) == 0);
  CHECK(relay.value("sluice.all.r.count", kStart + 120) == std::nullopt);
}

TEST_CASE("windows that were published when the relay stopped are corrected when it goes on",
          "[pipeline]") {
  Relay relay;
  relay.run_until(kStart + 60);
  relay.add(kRuns, "web1", 1, kStart + 65);
  relay.flush(kStart + 70);
  CHECK(relay.value("sluice.all.r.count", kStart + 60) == 1);
  relay.checkpoint();
  REQUIRE(relay.restore());
  relay.add(kRuns, "web1", 2, kStart + 90);
  relay.run_until(kStart + 130);
  CHECK(relay.value("sluice.all.r.count", kStart + 60) == 3);
  CHECK(relay.value("sluice.hosts.web.web1.r.count", kStart + 60) == 3);
}

TEST_CASE("signs, states and ages survive a restart", "[pipeline][presence]") {
  Relay relay = busy_relay();
  const auto before = relay.publisher().missing_hosts("puppet", 10);
  REQUIRE(before == std::vector<MissingHost>{{"web2", std::nullopt}});
  REQUIRE(relay.restore());
  CHECK(relay.publisher().missing_hosts("puppet", 10) == before);
  CHECK(relay.publisher().host_count() == 2);
  CHECK(relay.publisher().series_count() == 3);
  relay.run_until(kStart + 365);
  CHECK(relay.value("sluice.by.role.web.nodes.good", kStart + 300) == 1);
  CHECK(relay.value("sluice.clusters.web.nodes.never", kStart + 300) == 1);
  CHECK(relay.value("sluice.all.r.count", kStart) == 2);  // The correction that was due.
}

TEST_CASE("only windows that have changed need to be written anew", "[pipeline]") {
  Relay relay = busy_relay();
  CHECK(relay.publisher().windows().size() == 5);
  CHECK(relay.publisher().take_changed_windows().empty());
  relay.add(kRuns, "web1", 1, kStart + 65);
  relay.tick(relay.now + 1);
  CHECK(relay.publisher().take_changed_windows() == std::vector{Seconds(seconds(kStart + 60))});
  REQUIRE(relay.restore());
  CHECK(relay.publisher().take_changed_windows().empty());
}

TEST_CASE("a checkpoint that is cut or of other windows is refused", "[pipeline]") {
  Relay relay = busy_relay();
  const std::string whole = relay.state;
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    relay.state = whole.substr(0, bytes);
    REQUIRE_FALSE(relay.restore());
  }
  relay.state = whole + '\0';
  CHECK(relay.restore().error().message() == "expected a whole checkpoint, found a damaged one");
  relay.state = whole;
  auto& window = relay.windows.begin()->second;
  const std::string whole_window = window;
  for (std::size_t bytes = 0; bytes < whole_window.size(); ++bytes) {
    window = whole_window.substr(0, bytes);
    REQUIRE_FALSE(relay.restore());
  }
  window = whole_window;
  REQUIRE(relay.restore());
  const auto other = Publisher::restore({.store = {.window = seconds(30)}}, *Paths::make({}),
                                        relay.clusters, whole, {});
  CHECK(other.error().message() == "expected windows of 30 s, found windows of 60 s");
}

TEST_CASE("a damaged checkpoint is refused or does no harm", "[pipeline]") {
  Relay relay = busy_relay();
  const std::string whole = relay.state;
  const auto windows = relay.windows;
  std::mt19937 random(5);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    relay.state = whole;
    relay.windows = windows;
    std::string& bytes = round % 4 == 0 ? relay.windows.begin()->second : relay.state;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    if (!relay.restore()) {
      ++refused;
      continue;
    }
    relay.tick(relay.now);
    relay.tick(relay.now + 1);
  }
  CHECK(refused > 500);
}

TEST_CASE("a restored relay follows another cluster map and other paths", "[pipeline]") {
  Relay relay = busy_relay();
  ClusterMapDefinition map;
  map.entries = {{"web1", "moved", {}}, {"web3", "moved", {}}};
  relay.clusters = *ClusterMap::make(map, {});
  REQUIRE(relay.restore());
  relay.add(kRuns, "web1", 1, kStart + 305);
  relay.run_until(kStart + 365);
  CHECK(relay.value("sluice.hosts.moved.web1.r.count", kStart + 300) == 1);
  CHECK(relay.value("sluice.clusters.moved.nodes.never", kStart + 300) == 1);
  CHECK(relay.value("sluice.clusters.web.r.count", kStart + 300) == 0);
}

}  // namespace sluice
