#include "sluice/pipeline/publisher.h"

#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "pipeline/relay.h"

namespace sluice {
namespace {

using std::chrono::seconds;

const Metric kTime{.name = "t",
                   .type = MetricType::kTiming,
                   .host_stats = default_host_stats(MetricType::kTiming),
                   .cluster_stats = default_cluster_stats(MetricType::kTiming)};
const Metric kRuns{.name = "r",
                   .type = MetricType::kCounter,
                   .host_stats = {Stat::kCount},
                   .cluster_stats = {Stat::kCount, Stat::kHosts}};
const Metric kAge{.name = "age",
                  .type = MetricType::kAge,
                  .host_stats = {Stat::kValue},
                  .cluster_stats = {Stat::kMax, Stat::kMean, Stat::kOverLimit},
                  .limit = seconds(100)};

}  // namespace

TEST_CASE("a window is published when it has ended and the grace has passed", "[pipeline]") {
  Relay relay;
  relay.add(kTime, "web1", 2, kStart + 10);
  relay.add(kTime, "web2", 4, kStart + 20);
  relay.tick(kStart + 30);
  relay.tick(kStart + 64);
  CHECK(relay.carbon.empty());
  relay.tick(kStart + 65);
  CHECK(relay.value("sluice.hosts.web.web1.t.mean", kStart) == 2);
  CHECK(relay.value("sluice.hosts.web.web1.t.count", kStart) == 1);
  CHECK(relay.value("sluice.clusters.web.t.mean", kStart) == 3);
  CHECK(relay.value("sluice.all.t.count", kStart) == 2);
  relay.tick(kStart + 66);
  CHECK(relay.last.size() == 0);
}

TEST_CASE("a late sample publishes its series again as the whole corrected value", "[pipeline]") {
  Relay relay;
  relay.add(kTime, "web1", 2, kStart + 10);
  relay.add(kTime, "web2", 2, kStart + 10);
  relay.tick(kStart + 65);
  relay.add(kTime, "web1", 6, kStart + 59);
  relay.tick(kStart + 66);  // Not within 2 s of its last publication.
  CHECK(relay.last.size() == 0);
  relay.tick(kStart + 67);
  CHECK(relay.value("sluice.hosts.web.web1.t.mean", kStart) == 4);
  CHECK(relay.value("sluice.hosts.web.web1.t.count", kStart) == 2);
  CHECK(relay.value("sluice.clusters.web.t.count", kStart) == 3);
  // Only the series that changed: 3 leaves of the host, 7 each of its cluster and the fleet.
  CHECK(relay.last.size() == 3 + 7 + 7);
  CHECK(relay.publisher().stats().series_corrected == 1);
}

TEST_CASE("samples beyond the horizon are dropped and counted", "[pipeline]") {
  Relay relay({.store = {.horizon = seconds(120), .catch_up = seconds(600)}});
  for (double second = kStart + 20; second < kStart + 400; second += 20) relay.tick(second);
  relay.tick(kStart + 400);
  relay.add(kRuns, "web1", 1, kStart + 10);       // Published by this relay, horizon over.
  relay.add(kRuns, "web1", 1, kStart + 290);      // Within the horizon.
  relay.add(kRuns, "web1", 1, kStart - 120);      // Before its life, within catch_up.
  relay.add(kRuns, "web1", 1, kStart - 100'000);  // Before its life, too far back.
  relay.tick(kStart + 401);
  CHECK(relay.publisher().stats().samples_dropped_too_late == 2);
  CHECK(relay.publisher().stats().samples_merged == 2);
  CHECK(relay.value("sluice.hosts.web.web1.r.count", kStart + 240) == 1);
  CHECK(relay.value("sluice.hosts.web.web1.r.count", kStart - 120) == 1);
}

TEST_CASE("a backlog is published within the budget, newest window first, and delays nothing live",
          "[pipeline]") {
  Relay relay({.corrections_max = 10});
  for (int window = 1; window <= 30; ++window) {
    for (int host = 0; host < 5; ++host)
      relay.add(kRuns, "web" + std::to_string(host), 1, kStart - window * 60 + 1);
  }
  relay.add(kRuns, "web0", 1, kStart + 5);
  relay.tick(kStart + 65);
  CHECK(relay.value("sluice.hosts.web.web0.r.count", kStart) == 1);
  CHECK(relay.value("sluice.hosts.web.web4.r.count", kStart - 60) == 1);
  CHECK(relay.value("sluice.hosts.web.web4.r.count", kStart - 120) == 1);
  // The window that ended when the relay started was its own to publish; of the older ones ten
  // series were corrected.
  CHECK(relay.value("sluice.hosts.web.web4.r.count", kStart - 180) == 1);
  CHECK(relay.value("sluice.hosts.web.web4.r.count", kStart - 240) == std::nullopt);
  for (int i = 1; i < 15; ++i) relay.tick(kStart + 65 + i);
  CHECK(relay.value("sluice.clusters.web.r.count", kStart - 1800) == 5);
  CHECK(relay.value("sluice.hosts.web.web4.r.count", kStart - 1800) == 1);
}

TEST_CASE("a counter that was seen and is quiet publishes 0 for cluster and fleet", "[pipeline]") {
  Relay relay;
  relay.add(kRuns, "web1", 1, kStart + 70);
  for (double second = kStart + 20; second < kStart + 125; second += 20) relay.tick(second);
  relay.tick(kStart + 125);
  CHECK(relay.value("sluice.clusters.web.r.count", kStart + 60) == 1);
  // The first window of the relay's life may have begun before it: no zero is known for it.
  CHECK(relay.value("sluice.clusters.web.r.count", kStart) == std::nullopt);
  for (double second = kStart + 140; second <= kStart + 260; second += 20) relay.tick(second);
  CHECK(relay.value("sluice.clusters.web.r.count", kStart + 120) == 0);
  CHECK(relay.value("sluice.clusters.web.r.hosts", kStart + 120) == 0);
  CHECK(relay.value("sluice.all.r.count", kStart + 180) == 0);
  CHECK(relay.value("sluice.hosts.web.web1.r.count", kStart + 120) == std::nullopt);
  // A machine that slept has watched nothing.
  relay.tick(kStart + 1000);
  CHECK(relay.value("sluice.all.r.count", kStart + 600) == std::nullopt);
}

TEST_CASE("an age is counted to the window's end, for every window and every known host",
          "[pipeline]") {
  Relay relay;
  relay.add(kAge, "web1", 1, kStart + 70);
  relay.add(kAge, "web2", 1, kStart + 100);
  for (double second = kStart + 110; second <= kStart + 260; second += 5) relay.tick(second);
  CHECK(relay.value("sluice.hosts.web.web1.age.value", kStart) == std::nullopt);
  CHECK(relay.value("sluice.hosts.web.web1.age.value", kStart + 60) == 50);
  CHECK(relay.value("sluice.hosts.web.web1.age.value", kStart + 120) == 110);
  CHECK(relay.value("sluice.clusters.web.age.max", kStart + 120) == 110);
  CHECK(relay.value("sluice.clusters.web.age.mean", kStart + 120) == 95);
  CHECK(relay.value("sluice.clusters.web.age.over_limit", kStart + 120) == 1);
  CHECK(relay.value("sluice.clusters.web.age.over_limit", kStart + 180) == 2);
  // An event that comes late corrects the windows from its own on.
  relay.add(kAge, "web1", 1, kStart + 130);
  relay.tick(kStart + 261);
  relay.tick(kStart + 265);
  CHECK(relay.value("sluice.hosts.web.web1.age.value", kStart + 60) == 50);
  CHECK(relay.value("sluice.hosts.web.web1.age.value", kStart + 120) == 50);
  CHECK(relay.value("sluice.hosts.web.web1.age.value", kStart + 180) == 110);
  CHECK(relay.value("sluice.clusters.web.age.max", kStart + 180) == 140);
}

TEST_CASE("a host that only others speak of counts when it is known or mapped", "[pipeline]") {
  ClusterMapDefinition map;
  map.entries = {{"mapped", "db", {}}};
  Relay relay({}, map);
  relay.add(kTime, "stranger", 1, kStart + 1, 0, true);
  relay.add(kTime, "mapped", 2, kStart + 1, 0, true);
  relay.add(kTime, "web1", 3, kStart + 1, 0, true);  // Speaks for itself in the same tick.
  relay.add(kRuns, "web1", 1, kStart + 2);
  relay.tick(kStart + 65);
  CHECK(relay.value("sluice.hosts.other.stranger.t.mean", kStart) == std::nullopt);
  CHECK(relay.value("sluice.hosts.db.mapped.t.mean", kStart) == 2);
  CHECK(relay.value("sluice.hosts.web.web1.t.mean", kStart) == 3);
  CHECK(relay.publisher().stats().samples_dropped_unknown_host == 1);
}

TEST_CASE("a host keeps its path when it was first spoken of, or forgotten and heard again",
          "[pipeline]") {
  ClusterMapDefinition map;
  map.entries = {{"mapped", "db", {}}};
  Relay relay({.host_ttl = seconds(300)}, map);
  relay.add(kTime, "mapped", 2, kStart + 1, 0, true);
  for (double second = kStart + 10; second < kStart + 40; second += 10) relay.tick(second);
  relay.add(kTime, "mapped", 4, kStart + 31);
  for (double second = kStart + 40; second < kStart + 900; second += 10) relay.tick(second);
  CHECK(relay.value("sluice.hosts.db.mapped.t.mean", kStart) == 3);
  CHECK(relay.publisher().host_count() == 0);
  relay.add(kTime, "mapped", 5, kStart + 890);
  for (double second = kStart + 900; second < kStart + 1000; second += 10) relay.tick(second);
  CHECK(relay.value("sluice.hosts.db.mapped.t.mean", kStart + 840) == 5);
  CHECK(relay.publisher().stats().samples_dropped_path_collision == 0);
}

TEST_CASE("a second host with the same path is refused and counted", "[pipeline]") {
  Relay relay;
  relay.add(kRuns, "web1.a", 1, kStart + 1);
  relay.add(kRuns, "web1_a", 5, kStart + 1);
  relay.tick(kStart + 65);
  CHECK(relay.value("sluice.hosts.web.web1_a.r.count", kStart) == 1);
  CHECK(relay.value("sluice.all.r.count", kStart) == 1);
  CHECK(relay.publisher().stats().samples_dropped_path_collision == 1);
}

TEST_CASE("a new cluster map takes effect at the next window", "[pipeline]") {
  Relay relay;
  relay.add(kRuns, "web1", 1, kStart + 1);
  relay.tick(kStart + 30);
  ClusterMapDefinition map;
  map.entries = {{"web1", "moved", {}}};
  relay.publisher().set_clusters(*ClusterMap::make(map, {}));
  relay.add(kRuns, "web1", 1, kStart + 40);
  relay.tick(kStart + 59);
  relay.add(kRuns, "web1", 1, kStart + 61);
  relay.tick(kStart + 85);
  relay.tick(kStart + 110);
  relay.tick(kStart + 125);
  CHECK(relay.value("sluice.hosts.web.web1.r.count", kStart) == 2);
  CHECK(relay.value("sluice.hosts.moved.web1.r.count", kStart + 60) == 1);
}

TEST_CASE("hosts and metrics beyond their bounds are refused and counted", "[pipeline]") {
  Relay relay({.hosts_max = 1, .metrics_max = 1});
  relay.add(kRuns, "web1", 1, kStart + 1);
  relay.tick(kStart + 2);
  relay.add(kRuns, "web2", 1, kStart + 3);
  relay.add(kTime, "web1", 1, kStart + 3);
  relay.tick(kStart + 4);
  CHECK(relay.publisher().stats().samples_dropped_host_limit == 1);
  CHECK(relay.publisher().stats().samples_dropped_metric_limit == 1);
  CHECK(relay.publisher().stats().samples_merged == 1);
}

TEST_CASE("at the end open windows are published as they stand", "[pipeline]") {
  Relay relay;
  relay.add(kRuns, "web1", 1, kStart + 1);
  relay.tick(kStart + 2);
  relay.add(kRuns, "web1", 1, kStart + 3);
  relay.flush(kStart + 4);
  CHECK(relay.value("sluice.hosts.web.web1.r.count", kStart) == 2);
}

TEST_CASE("without rollups only hosts are published", "[pipeline]") {
  Relay relay({.rollups = false});
  relay.add(kRuns, "web1", 1, kStart + 1);
  relay.tick(kStart + 65);
  CHECK(relay.last.size() == 1);
}

TEST_CASE("a quiet minute is 0 also when the next one already has samples", "[pipeline]") {
  Relay relay;
  for (double second = kStart + 20; second < kStart + 70; second += 10) relay.tick(second);
  relay.add(kRuns, "web1", 1, kStart + 70);
  for (double second = kStart + 80; second < kStart + 180; second += 10) relay.tick(second);
  relay.add(kRuns, "web1", 1, kStart + 182);
  relay.tick(kStart + 183);
  relay.tick(kStart + 186);
  CHECK(relay.value("sluice.clusters.web.r.count", kStart + 120) == 0);
}

TEST_CASE("a clock that is put back does not silence what is quiet, nor publish parts",
          "[pipeline]") {
  Relay relay;
  for (double second = kStart + 20; second < kStart + 7200; second += 20) relay.tick(second);
  relay.add(kRuns, "web1", 1, kStart + 7190);
  relay.tick(kStart + 7200);
  double second = kStart + 600;  // Put back by almost two hours.
  for (; second < kStart + 660; second += 20) relay.tick(second);
  relay.add(kRuns, "web1", 1, kStart + 665);
  for (; second < kStart + 900; second += 20) relay.tick(second);
  CHECK(relay.value("sluice.hosts.web.web1.r.count", kStart + 660) == 1);
  CHECK(relay.value("sluice.all.r.count", kStart + 780) == 0);
}

TEST_CASE("a clock that goes beyond the horizon and back leaves what was published as it is",
          "[pipeline]") {
  const double away = GENERATE(7200.0, 7.0 * 86400, 20.0 * 365 * 86400);
  const bool is_restarted = GENERATE(false, true);
  CAPTURE(away, is_restarted);
  Relay relay;
  for (int host = 0; host < 50; ++host)
    relay.add(kRuns, "web" + std::to_string(host), 1, kStart + 70);
  relay.run_until(kStart + 210, 1);
  REQUIRE(relay.value("sluice.all.r.count", kStart + 60) == 50);
  relay.add(kRuns, "web1", 1, kStart + 211);
  relay.tick(kStart + 211);
  relay.tick(kStart + 212 + away);
  relay.tick(kStart + 213 + away);
  REQUIRE(relay.value("sluice.all.r.count", kStart + 180) == 1);  // The window that was open.
  if (is_restarted) {
    relay.checkpoint();
    REQUIRE(relay.restore());
  }
  relay.tick(kStart + 214);
  relay.add(kRuns, "web1", 1, kStart + 71);
  relay.add(kRuns, "web1", 1, kStart + 215);
  relay.add(kRuns, "web1", 1, kStart + 245);
  relay.run_until(kStart + 400, 1);
  CHECK(relay.value("sluice.all.r.count", kStart + 60) == 50);
  CHECK(relay.value("sluice.all.r.count", kStart + 120) == 0);
  CHECK(relay.value("sluice.all.r.count", kStart + 180) == 1);
  CHECK(relay.value("sluice.all.r.count", kStart + 240) == 1);
  CHECK(relay.value("sluice.all.r.count", kStart + 300) == 0);
  CHECK(relay.publisher().stats().samples_dropped_too_late == 2);
}

TEST_CASE("no value becomes smaller, wherever the clock goes and whenever the relay is restarted",
          "[pipeline]") {
  std::mt19937 random(GENERATE(range(0, 20)));
  const auto some = [&](int below) { return static_cast<int>(random() % below); };
  Relay relay({.store = {.horizon = seconds(600)}});
  std::map<std::pair<std::string, std::int64_t>, double> known;
  double offset = 0;
  for (int step = 0; step < 600; ++step) {
    if (some(40) == 0) offset = (some(3) - 1) * some(2000);
    if (some(60) == 0) {
      relay.checkpoint();
      REQUIRE(relay.restore());
    }
    const double now = kStart + 3000 + step * 3 + offset;
    // What begins later has its time before it again.
    if (now < relay.now)
      std::erase_if(known,
                    [now](const auto& one) { return static_cast<double>(one.first.second) > now; });
    relay.add(kRuns, "web" + std::to_string(some(3)), 1, now - some(200));
    relay.tick(now);
    for (const Datapoint& one : relay.last) {
      const std::int64_t start = one.time.time_since_epoch().count();
      double& value = known[{one.path, start}];
      CAPTURE(step, one.path, start, value, one.value);
      REQUIRE(one.value >= value);
      value = one.value;
    }
  }
}

TEST_CASE("a store over its bound publishes what it lets go, and refuses before it overflows",
          "[pipeline]") {
  Relay relay({.store = {.bytes_max = 40'000}});
  for (int window = 1; window <= 5; ++window) {
    for (int host = 0; host < 100; ++host)
      relay.add(kTime, "web" + std::to_string(host), 1, kStart - window * 60 + 1);
  }
  for (double second = kStart + 1; second < kStart + 20; second += 1) relay.tick(second);
  CHECK(relay.publisher().stats().windows_cut > 0);
  for (int window = 1; window <= 5; ++window) {
    CAPTURE(window);
    CHECK(relay.value("sluice.all.t.count", kStart - window * 60) == 100);
    CHECK(relay.value("sluice.hosts.web.web99.t.mean", kStart - window * 60) == 1);
  }
  for (int host = 0; host < 5000; ++host)
    relay.add(kTime, "db" + std::to_string(host), 1, kStart + 21);
  relay.tick(kStart + 22);
  const Stats& stats = relay.publisher().stats();
  CHECK(stats.samples_dropped_store_full > 0);
  CHECK(stats.samples_merged + stats.samples_dropped_store_full == 5500);
  relay.flush(kStart + 23);
  CHECK(relay.value("sluice.all.t.count", kStart) ==
        static_cast<double>(stats.samples_merged - 500));
}

TEST_CASE("a correction of the last second of the horizon is published", "[pipeline]") {
  Relay relay({.store = {.horizon = seconds(60)}});
  relay.add(kRuns, "web1", 1, kStart + 10);
  for (double second = kStart + 20; second < kStart + 120; second += 10) relay.tick(second);
  relay.add(kRuns, "web1", 1, kStart + 11);
  relay.tick(kStart + 119);
  relay.add(kRuns, "web1", 1, kStart + 12);
  relay.tick(kStart + 120);  // Within the interval since its last publication.
  relay.tick(kStart + 121);  // Past the horizon.
  CHECK(relay.value("sluice.hosts.web.web1.r.count", kStart) == 3);
}

TEST_CASE("two types of one name: the first stays, the other is counted", "[pipeline]") {
  Relay relay;
  const Metric other{.name = "t",
                     .type = MetricType::kCounter,
                     .host_stats = {Stat::kCount},
                     .cluster_stats = {Stat::kCount}};
  relay.add(kTime, "web1", 2, kStart + 10);
  relay.add(other, "web1", 1, kStart + 10);
  relay.tick(kStart + 65);
  CHECK(relay.value("sluice.hosts.web.web1.t.mean", kStart) == 2);
  CHECK(relay.publisher().stats().samples_dropped_metric_limit == 1);
}

TEST_CASE("a host whose values overflow does not take its cluster with it", "[pipeline]") {
  Relay relay;
  const Metric level{.name = "g",
                     .type = MetricType::kGauge,
                     .host_stats = {Stat::kMean, Stat::kMax},
                     .cluster_stats = {Stat::kMean, Stat::kP95}};
  relay.add(level, "web1", 1.7e308, kStart + 10);
  relay.add(level, "web1", 1.7e308, kStart + 11);
  relay.add(level, "web2", 4, kStart + 11);
  relay.tick(kStart + 65);
  CHECK(relay.value("sluice.clusters.web.g.mean", kStart) == 4);
  CHECK(relay.value("sluice.clusters.web.g.p95", kStart) == 4);
  CHECK(relay.publisher().stats().datapoints_refused == 1);
}

TEST_CASE("clusters that share a path are one cluster", "[pipeline]") {
  Relay relay({}, {.entries = {{"one", "a.b", {}}, {"two", "a_b", {}}}, .aliases = {}});
  relay.add(kRuns, "one", 3, kStart + 10);
  relay.add(kRuns, "two", 5, kStart + 10);
  relay.tick(kStart + 65);
  CHECK(relay.value("sluice.clusters.a_b.r.count", kStart) == 8);
}

}  // namespace sluice
