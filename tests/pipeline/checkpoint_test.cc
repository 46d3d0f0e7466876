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

TEST_CASE("a checkpoint that is cut is refused", "[pipeline]") {
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

TEST_CASE("a restored relay keeps windows under the map they were opened with", "[pipeline]") {
  Relay relay = busy_relay();
  ClusterMapDefinition map;
  map.entries = {{"web1", "moved", {}}, {"web3", "moved", {}}};
  const auto moved = *ClusterMap::make(map, {});
  const bool is_changed_before = GENERATE(false, true);
  CAPTURE(is_changed_before);
  // The last window that is open was opened under the old map either way.
  relay.add(kRuns, "web1", 1, kStart + 301);
  relay.tick(kStart + 302);
  if (is_changed_before) relay.publisher().set_clusters(moved);
  relay.checkpoint();
  REQUIRE(relay.restore());
  if (!is_changed_before) relay.publisher().set_clusters(moved);
  relay.publisher().resume(at(kStart + 303));
  relay.add(kRuns, "web1", 1, kStart + 306);
  relay.add(kRuns, "web1", 1, kStart + 246);
  relay.run_until(kStart + 366);
  CHECK(relay.value("sluice.hosts.web.web1.r.count", kStart + 300) == 2);
  CHECK(relay.value("sluice.hosts.web.web1.r.count", kStart + 240) == 2);
  CHECK(relay.value("sluice.clusters.web.r.count", kStart + 240) == 2);
  CHECK(relay.value("sluice.by.role.web.nodes.good", kStart + 240) == 1);
  CHECK(relay.value("sluice.clusters.moved.r.count", kStart + 300) == std::nullopt);
  relay.add(kRuns, "web1", 1, kStart + 365);
  relay.checkpoint();
  REQUIRE(relay.restore());  // With windows under both.
  relay.add(kRuns, "web1", 1, kStart + 247);
  relay.run_until(kStart + 426);
  CHECK(relay.value("sluice.hosts.web.web1.r.count", kStart + 240) == 3);
  CHECK(relay.value("sluice.hosts.moved.web1.r.count", kStart + 360) == 1);
  CHECK(relay.value("sluice.clusters.moved.nodes.never", kStart + 360) == 1);
  CHECK(relay.value("sluice.clusters.web.r.count", kStart + 360) == 0);
}

TEST_CASE("a cluster map as bytes puts hosts where the map did", "[pipeline]") {
  ClusterMapDefinition map;
  map.entries = {{"web1", "web", {{"role", "front"}, {"site", "a"}}}, {"db*", "db", {}}};
  map.aliases = {{"old1", "web1"}};
  const auto clusters =
      *ClusterMap::make(map, {.patterns = {"^(?P<cluster>[a-z]+)-"}, .fallback = "rest"});
  ByteWriter writer;
  clusters->encode(writer);
  ByteReader reader(writer.view());
  const auto decoded = ClusterMap::decode(reader);
  REQUIRE(decoded);
  CHECK(reader.is_at_end());
  for (const char* host : {"web1", "old1", "db7", "mail-3", "nobody"}) {
    CAPTURE(host);
    CHECK((*decoded)->cluster_of(host).cluster == clusters->cluster_of(host).cluster);
    CHECK((*decoded)->groups_of(host) == clusters->groups_of(host));
  }
  CHECK((*decoded)->hosts() == clusters->hosts());
  const std::string whole(writer.view());
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    ByteReader cut(std::string_view(whole).substr(0, bytes));
    REQUIRE_FALSE(ClusterMap::decode(cut));
  }
}

TEST_CASE("a restart is a gap, however short it is", "[pipeline]") {
  const Metric level{.name = "g",
                     .type = MetricType::kGauge,
                     .host_stats = {Stat::kMean},
                     .cluster_stats = {Stat::kMean},
                     .idle = Idle::kZero};
  // Windows of 5 s: of those from 60 to 75 none was watched as a whole, and the last to its end.
  Relay relay({.store = {.window = seconds(5), .grace = seconds(1)}});
  relay.run_until(kStart + 30, 1);
  relay.add(kRuns, "web1", 1, kStart + 31);
  relay.add(level, "web1", 7, kStart + 31);
  relay.add(kNodes, "web1", 1, kStart + 31);
  relay.run_until(kStart + 62, 1);
  const bool is_stopped = GENERATE(false, true);
  CAPTURE(is_stopped);
  if (is_stopped) relay.flush(kStart + 62);
  relay.checkpoint();
  REQUIRE(relay.restore());
  relay.publisher().resume(at(kStart + 73));
  relay.run_until(kStart + 90, 1);
  for (const std::int64_t start : {50, 55, 75, 80}) {
    CAPTURE(start);
    CHECK(relay.value("sluice.all.r.count", kStart + start) == 0);
    CHECK(relay.value("sluice.hosts.web.web1.g.mean", kStart + start) == 0);
  }
  for (const std::int64_t start : {60, 65, 70}) {
    CAPTURE(start);
    CHECK(relay.value("sluice.all.r.count", kStart + start) == std::nullopt);
    CHECK(relay.value("sluice.all.g.mean", kStart + start) == std::nullopt);
    CHECK(relay.value("sluice.hosts.web.web1.g.mean", kStart + start) == std::nullopt);
    const auto failed = relay.value("sluice.all.nodes.failed", kStart + start);
    CHECK(failed == (start == 70 ? std::optional(1.0) : std::nullopt));
  }
  // What a sender kept is taken in.
  relay.add(kRuns, "web1", 3, kStart + 66);
  relay.run_until(kStart + 93, 1);
  CHECK(relay.value("sluice.all.r.count", kStart + 65) == 3);
}

TEST_CASE("windows of another length begin where the others ended, and hosts stay known",
          "[pipeline]") {
  const int length = GENERATE(10, 60, 90, 3600);
  CAPTURE(length);
  Relay relay = busy_relay();
  const auto missing = relay.publisher().missing_hosts("puppet", 10);
  relay.add(kRuns, "web1", 1, kStart + 302);
  relay.flush(kStart + 310);
  REQUIRE(relay.value("sluice.all.r.count", kStart + 300) == 1);
  REQUIRE(relay.publisher().window() == seconds(60));
  relay.publisher().change_window(seconds(length));
  CHECK(relay.publisher().window() == seconds(length));
  CHECK(relay.publisher().windows().empty());
  CHECK(relay.publisher().missing_hosts("puppet", 10) == missing);
  const auto before = relay.carbon;
  relay.checkpoint();
  REQUIRE(relay.restore());
  CHECK(relay.publisher().window() == seconds(length));
  relay.publisher().resume(at(kStart + 320));
  // Late ones of windows that are gone, and one of the first window that is not.
  const std::int64_t first = (kStart + 310 + length - 1) / length * length;
  Aggregator aggregator({.window = seconds(length)});
  for (const std::int64_t second : {kStart + 5, kStart + 302, first, first + 1}) {
    const auto time = static_cast<double>(second);
    REQUIRE(
        aggregator.add({.metric = &kRuns, .host = "web1", .value = 1, .time = at(time)}, at(time)));
  }
  relay.publisher().merge(aggregator.take_delta(), at(static_cast<double>(first) + 2));
  relay.run_until(static_cast<double>(first + 2 * length + 10));
  for (const auto& [key, value] : before) {
    CAPTURE(key.first, key.second);
    if (key.second < first) CHECK(relay.carbon.at(key) == value);
  }
  CHECK(relay.value("sluice.all.r.count", first) == 2);
  CHECK(relay.value("sluice.all.r.count", first + length) == 0);
  CHECK(relay.value("sluice.clusters.web.nodes.never", first + length) == 1);
  CHECK(relay.publisher().stats().samples_dropped_too_late == 2);
  CHECK(relay.publisher().host_count() == 2);
}

TEST_CASE("a silent publisher changes as one that is not", "[pipeline]") {
  Relay heard = busy_relay();
  Relay relay = busy_relay();
  relay.publisher().set_silent(true);
  const auto go_on = [](Relay& one) {
    one.add(kRuns, "web1", 1, kStart + 65);
    one.add(kTime, "db2.b", 3, kStart + 305);
    one.run_until(kStart + 400);
  };
  go_on(heard);
  go_on(relay);
  CHECK(relay.last.empty());
  CHECK(relay.value("sluice.all.r.count", kStart + 300) == std::nullopt);
  relay.publisher().set_silent(false);
  for (Relay* one : {&heard, &relay}) {
    one->add(kRuns, "web1", 1, kStart + 66);
    one->add(kTime, "db2.b", 5, kStart + 306);
    one->run_until(kStart + 500);
    one->flush(kStart + 501);
  }
  REQUIRE(relay.last.size() == heard.last.size());
  for (const char* path : {"sluice.all.r.count", "sluice.all.t.p95", "sluice.all.nodes.good"}) {
    for (const std::int64_t start : {kStart + 60, kStart + 300, kStart + 420}) {
      CAPTURE(path, start);
      if (start != kStart + 300 || std::string_view(path) != "sluice.all.nodes.good")
        CHECK((relay.value(path, start) == heard.value(path, start) ||
               !relay.value(path, start).has_value()));
    }
  }
  CHECK(relay.value("sluice.all.r.count", kStart + 60) ==
        heard.value("sluice.all.r.count", kStart + 60));
}

}  // namespace sluice
