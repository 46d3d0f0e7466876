// What is last known of each host: states, signs of life, held values, zeros.
#include <catch2/catch.hpp>
#include <string>

#include "pipeline/relay.h"

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Metric kNodes{.name = "puppet.nodes",
                    .type = MetricType::kState,
                    .states = {"unchanged", "changed", "failed"},
                    .ttl = hours(2),
                    .presence = "puppet"};
const Metric kHeld{.name = "t",
                   .type = MetricType::kTiming,
                   .host_stats = {Stat::kMean},
                   .cluster_stats = {Stat::kCount, Stat::kMean, Stat::kMax},
                   .hold = minutes(5)};
const Metric kHeldLevel{.name = "g",
                        .type = MetricType::kGauge,
                        .host_stats = {Stat::kMean},
                        .cluster_stats = {Stat::kMean},
                        .hold = minutes(5)};
const Metric kLevel{.name = "g",
                    .type = MetricType::kGauge,
                    .host_stats = {Stat::kMean, Stat::kMax},
                    .cluster_stats = {Stat::kMean},
                    .idle = Idle::kZero};

Metric counter_of(Idle idle) {
  return {.name = "r",
          .type = MetricType::kCounter,
          .host_stats = {Stat::kCount},
          .cluster_stats = {Stat::kCount, Stat::kHosts},
          .idle = idle};
}

std::string web(int number) { return "web" + std::to_string(number); }

ClusterMapDefinition map_of(int hosts) {
  ClusterMapDefinition map;
  for (int i = 0; i < hosts; ++i) map.entries.push_back({web(i), "web", {}});
  return map;
}

PublisherOptions with_puppet() { return {.presences = {{"puppet", minutes(30)}}}; }

// The sum of all leaves of kNodes in a window; nothing if one of them is missing.
std::optional<double> sum_of_states(const Relay& relay, const std::string& scope,
                                    std::int64_t start) {
  double sum = 0;
  for (const char* leaf : {"unchanged", "changed", "failed", "stale", "never"}) {
    const auto value = relay.value(scope + ".puppet.nodes." + leaf, start);
    if (!value) return std::nullopt;
    sum += *value;
  }
  return sum;
}

}  // namespace

TEST_CASE(
    "twenty hosts that run every half hour: the states sum to 20, nobody is missing, and "
    "three that stop are missing after an hour",
    "[pipeline][presence]") {
  Relay relay(with_puppet(), map_of(20));
  constexpr double kStopped = kStart + 4 * 3600;
  for (double minute = kStart; minute < kStart + 8 * 3600; minute += 60) {
    for (int host = 0; host < 20; ++host) {
      const auto first = kStart + 90.0 * host;
      const double run = first + 1800 * std::ceil((minute - first) / 1800);
      if (run >= minute + 60 || run < first || (host < 3 && run >= kStopped)) continue;
      relay.add(kNodes, web(host), host == 7 ? 2 : 0, run);
      relay.hear(web(host), "puppet", run);
    }
    relay.run_until(minute + 60, 20);
  }
  relay.tick(relay.now + 6);
  // Host 0 ran last at 3:30 h, 1 and 2 at 3:31:30 and 3:33.
  const auto missing_at = [](std::int64_t end) {
    int missing = 0;
    for (int host = 0; host < 3; ++host)
      missing += end - (kStart + 3 * 3600 + 1800 + 90 * host) > 3600 ? 1 : 0;
    return missing;
  };
  for (std::int64_t start = kStart; start < kStart + 8 * 3600; start += 60) {
    CAPTURE((start - kStart) / 60);
    REQUIRE(sum_of_states(relay, "sluice.all", start) == 20);
    REQUIRE(sum_of_states(relay, "sluice.clusters.web", start) == 20);
    REQUIRE(relay.value("sluice.all.presence.puppet.expected", start) == 20);
    const auto missing = relay.value("sluice.clusters.web.presence.puppet.missing", start);
    // Until it has watched for an hour the relay cannot know who is missing.
    if (start + 60 < kStart + 3600) {
      REQUIRE_FALSE(missing);
    } else {
      REQUIRE(missing == missing_at(start + 60));
      REQUIRE(relay.value("sluice.all.presence.puppet.reporting", start) == 20 - *missing);
    }
  }
  CHECK(relay.value("sluice.all.puppet.nodes.never", kStart) == 19);
  CHECK(relay.value("sluice.all.puppet.nodes.never", kStart + 1740) == 0);
  CHECK(relay.value("sluice.all.puppet.nodes.failed", kStart + 3600) == 1);
  CHECK(relay.value("sluice.all.puppet.nodes.changed", kStart + 3600) == 0);
  CHECK(relay.value("sluice.all.puppet.nodes.stale", kStart + 5 * 3600 + 1740) == 0);
  CHECK(relay.value("sluice.all.puppet.nodes.stale", kStart + 5 * 3600 + 1800) == 1);
  const auto missing = relay.publisher().missing_hosts("puppet", 2);
  REQUIRE(missing.size() == 2);
  CHECK(missing[0] == MissingHost{"web0", at(kStart + 3.5 * 3600)});
  CHECK(missing[1] == MissingHost{"web1", at(kStart + 3.5 * 3600 + 90)});
  CHECK(relay.value("sluice.hosts.web.web7.puppet.nodes.last", kStart + 600) == std::nullopt);
}

TEST_CASE("the latest state counts, of equally late ones the greatest, whenever it comes",
          "[pipeline]") {
  Relay relay(with_puppet());
  relay.add(kNodes, "web1", 1, kStart + 10);
  relay.add(kNodes, "web1", 2, kStart + 20);
  relay.add(kNodes, "web1", 0, kStart + 15);
  relay.add(kNodes, "db1", 0, kStart + 20);
  relay.add(kNodes, "db1", 1, kStart + 20);
  relay.run_until(kStart + 250);
  CHECK(relay.value("sluice.clusters.web.puppet.nodes.failed", kStart + 120) == 1);
  CHECK(relay.value("sluice.clusters.db.puppet.nodes.changed", kStart + 120) == 1);
  CHECK(relay.value("sluice.clusters.db.puppet.nodes.failed", kStart + 120) == 0);
  // One that comes late corrects the windows from its own up to the next one's.
  relay.add(kNodes, "web1", 1, kStart + 200);
  relay.run_until(kStart + 260);
  relay.add(kNodes, "web1", 0, kStart + 100);
  relay.run_until(kStart + 320);
  CHECK(relay.value("sluice.clusters.web.puppet.nodes.failed", kStart) == 1);
  CHECK(relay.value("sluice.clusters.web.puppet.nodes.failed", kStart + 60) == 0);
  CHECK(relay.value("sluice.clusters.web.puppet.nodes.unchanged", kStart + 60) == 1);
  CHECK(relay.value("sluice.clusters.web.puppet.nodes.unchanged", kStart + 120) == 1);
  CHECK(relay.value("sluice.clusters.web.puppet.nodes.changed", kStart + 180) == 1);
  CHECK(relay.value("sluice.all.puppet.nodes.unchanged", kStart + 180) == 0);
  // And one before all others makes the metric known earlier.
  relay.add(kNodes, "web2", 0, kStart - 30);
  relay.run_until(kStart + 340);
  CHECK(sum_of_states(relay, "sluice.all", kStart) == 3);
}

TEST_CASE("who counts: those that the map names, and those heard within host_ttl", "[pipeline]") {
  PublisherOptions options = with_puppet();
  options.host_ttl = hours(5);
  Relay relay(options, map_of(2));
  relay.add(kNodes, "web0", 0, kStart + 5);  // Mapped.
  relay.add(kNodes, "db1", 0, kStart + 5);   // Not mapped, never heard again.
  relay.hear("db2", "puppet", kStart + 5);   // Heard, but without any state.
  relay.hear("db3", "cron", kStart + 5);     // Another pack's host.
  relay.run_until(kStart + 6 * 3600, 20);
  const auto value = [&](const char* scope, const char* leaf, int second) {
    return relay.value(std::string("sluice.") + scope + ".puppet.nodes." + leaf, kStart + second);
  };
  CHECK(sum_of_states(relay, "sluice.all", kStart) == 4);
  CHECK(value("clusters.web", "never", 0) == 1);  // web1.
  CHECK(value("clusters.db", "never", 0) == 1);   // db2.
  CHECK(value("clusters.db", "unchanged", 0) == 1);
  CHECK(value("clusters.web", "stale", 2 * 3600) == 1);
  CHECK(value("clusters.db", "stale", 2 * 3600) == 1);
  // Five hours later only the map speaks for anybody.
  CHECK(value("clusters.db", "stale", 5 * 3600 - 60) == 1);
  CHECK(value("clusters.db", "stale", 5 * 3600) == std::nullopt);
  CHECK(value("clusters.web", "stale", 5 * 3600 + 600) == 1);
  CHECK(sum_of_states(relay, "sluice.all", kStart + 5 * 3600 + 600) == 2);
}

TEST_CASE("a presence may expect only some of the map's hosts", "[pipeline][presence]") {
  ClusterMapDefinition map;
  for (const char* const web : {"web1", "web2"}) map.entries.push_back({web, "web", {}});
  for (const char* const mail : {"mail1", "mail2"}) map.entries.push_back({mail, "mail", {}});
  map.entries.push_back({"db1", "db", {}});
  const auto [hosts, clusters, expected] =
      GENERATE(table<std::vector<std::string>, std::vector<std::string>, int>({
          {{}, {}, 5},
          {{"web*"}, {}, 3},  // And web3, which gave a sign without being in the map.
          {{"*1"}, {}, 4},
          {{}, {"mail"}, 3},
          {{"web1"}, {"mail", "db"}, 5},
          {{"nobody"}, {"no-cluster"}, 1},
      }));
  CAPTURE(hosts, clusters);
  PublisherOptions options = with_puppet();
  options.presences[0].hosts = hosts;
  options.presences[0].clusters = clusters;
  Relay relay(options, map);
  relay.hear("web3", "puppet", kStart + 5);
  relay.run_until(kStart + 130);
  const int and_web3 = hosts.empty() && clusters.empty() ? 1 : 0;
  CHECK(relay.value("sluice.all.presence.puppet.expected", kStart) == expected + and_web3);
  relay.run_until(kStart + 7300, 20);
  // Nobody else ever speaks, and all that are expected are missing at last.
  CHECK(relay.value("sluice.all.presence.puppet.missing", kStart + 7140) == expected + and_web3);
  CHECK(relay.publisher().missing_hosts("puppet", 10).size() ==
        static_cast<std::size_t>(expected + and_web3));
}

TEST_CASE("a reload that changes the states keeps what is known by name", "[pipeline]") {
  Relay relay(with_puppet());
  relay.add(kNodes, "web1", 1, kStart + 10);
  relay.add(kNodes, "web2", 2, kStart + 10);
  relay.tick(kStart + 20);
  Metric changed = kNodes;
  changed.states = {"failed", "other", "changed"};
  relay.add(changed, "web3", 1, kStart + 30);
  relay.run_until(kStart + 65);
  CHECK(relay.value("sluice.all.puppet.nodes.changed", kStart) == 1);
  CHECK(relay.value("sluice.all.puppet.nodes.failed", kStart) == 1);
  CHECK(relay.value("sluice.all.puppet.nodes.other", kStart) == 1);
  Metric fewer = kNodes;
  fewer.states = {"failed"};
  relay.add(fewer, "web3", 0, kStart + 70);
  relay.run_until(kStart + 125);
  CHECK(relay.value("sluice.all.puppet.nodes.failed", kStart + 60) == 2);
  CHECK(relay.value("sluice.all.puppet.nodes.stale", kStart + 60) == 1);
}

TEST_CASE("nobody becomes missing while the relay sleeps", "[pipeline][presence]") {
  Relay relay(with_puppet(), map_of(2));
  for (int run = 0; run < 4; ++run) {
    for (int host = 0; host < 2; ++host) relay.hear(web(host), "puppet", relay.now + 1);
    relay.run_until(kStart + 1800 * (run + 1), 20);
  }
  constexpr double kAsleep = kStart + 4 * 1800;
  relay.tick(kAsleep + 6);
  CHECK(relay.value("sluice.all.presence.puppet.missing", kStart + 4 * 1800 - 60) == 0);
  // Three hours later it wakes; web0 runs on, web1 does not.
  relay.tick(kAsleep + 3 * 3600);
  CHECK(relay.value("sluice.all.presence.puppet.missing", kStart + 2 * 3600 + 1800) ==
        std::nullopt);
  relay.hear("web0", "puppet", relay.now);
  relay.run_until(kAsleep + 3 * 3600 + 7200, 20);
  const auto value = [&](const char* leaf, double second) {
    return relay.value(std::string("sluice.all.presence.puppet.") + leaf,
                       static_cast<std::int64_t>(kAsleep + 3 * 3600 + second));
  };
  CHECK(value("reporting", 0) == 1);
  CHECK(value("expected", 0) == 2);
  CHECK(value("missing", 0) == 0);  // web1 may have run in the meantime.
  // Half an hour of silence was before, so half an hour after it is an hour.
  CHECK(value("missing", 1680) == 0);
  CHECK(value("missing", 1800) == 1);
  CHECK(value("reporting", 1800) == 1);
}

TEST_CASE("signs that come late correct the windows they speak of", "[pipeline][presence]") {
  PublisherOptions options = with_puppet();
  options.presences[0].every = minutes(2);
  Relay relay(options, map_of(2));
  relay.hear("web0", "puppet", kStart + 1);
  relay.run_until(kStart + 900);
  const auto value = [&](const char* leaf, int second) {
    return relay.value(std::string("sluice.clusters.web.presence.puppet.") + leaf, kStart + second);
  };
  CHECK(value("missing", 300) == 2);
  // Both windows of one tick count, not only the later one.
  relay.hear("web1", "puppet", kStart + 100);
  relay.hear("web1", "puppet", kStart + 700);
  relay.run_until(kStart + 920);
  CHECK(value("missing", 60) == std::nullopt);
  CHECK(value("reporting", 60) == 2);
  CHECK(value("missing", 240) == 1);
  CHECK(value("missing", 300) == 2);
  CHECK(value("missing", 660) == 1);
  CHECK(value("reporting", 660) == 1);
}

TEST_CASE("a presence is published from the first sign on, and not when no pack declares it",
          "[pipeline][presence]") {
  Relay relay(with_puppet(), map_of(1));
  relay.run_until(kStart + 130);
  relay.hear("web0", "puppet", kStart + 130);
  relay.run_until(kStart + 190);
  CHECK(relay.value("sluice.all.presence.puppet.expected", kStart + 60) == std::nullopt);
  CHECK(relay.value("sluice.all.presence.puppet.expected", kStart + 120) == 1);
  relay.publisher().set_presences({});
  relay.run_until(kStart + 250);
  CHECK(relay.value("sluice.all.presence.puppet.expected", kStart + 180) == std::nullopt);
  CHECK(relay.publisher().missing_hosts("puppet", 10).empty());
}

TEST_CASE("a held value takes part in its cluster until it is too old", "[pipeline]") {
  Relay relay;
  relay.add(kHeld, "web1", 10, kStart + 10);
  relay.add(kHeld, "web1", 30, kStart + 20);
  relay.add(kHeld, "web2", 90, kStart + 80);
  relay.run_until(kStart + 600);
  const auto value = [&](const char* leaf, int second) {
    return relay.value(std::string("sluice.clusters.web.t.") + leaf, kStart + second);
  };
  CHECK(value("mean", 0) == 30);  // The last value, also in its own window.
  CHECK(value("count", 0) == 1);
  CHECK(relay.value("sluice.hosts.web.web1.t.mean", kStart) == 20);  // The host has its own.
  CHECK(value("mean", 60) == 60);
  CHECK(value("count", 240) == 2);
  CHECK(value("mean", 240) == 60);  // 280 s old at its end.
  CHECK(value("mean", 300) == 90);  // web1's is 340 s old.
  CHECK(value("count", 300) == 1);
  CHECK(value("mean", 360) == std::nullopt);
  CHECK(relay.value("sluice.hosts.web.web1.t.mean", kStart + 60) == std::nullopt);
  // Late: from its window on, but no longer than it holds.
  relay.add(kHeld, "web3", 60, kStart + 130);
  relay.run_until(kStart + 620);
  CHECK(value("count", 60) == 2);
  CHECK(value("count", 120) == 3);
  CHECK(value("mean", 300) == 75);
  CHECK(value("mean", 360) == 60);
  CHECK(value("mean", 420) == std::nullopt);
}

TEST_CASE("a held gauge counts each host once, whoever logs more often", "[pipeline]") {
  Relay relay;
  for (int host = 0; host < 100; ++host) {
    for (int i = 0; i < (host < 90 ? 1 : 9); ++i)
      relay.add(kHeldLevel, web(host), host < 90 ? 10 : 90, kStart + 10 + i);
  }
  relay.run_until(kStart + 130);
  CHECK(relay.value("sluice.all.g.mean", kStart) == 18);
  CHECK(relay.value("sluice.all.g.mean", kStart + 60) == 18);
}

TEST_CASE("the trap of averages: 90 hosts at 10 % and 10 at 90 % are 18 %", "[pipeline]") {
  Metric level = kLevel;
  level.idle = Idle::kDefault;
  Relay relay;
  for (int host = 0; host < 100; ++host) {
    // The busy ones log nine times as often.
    for (int i = 0; i < (host < 90 ? 1 : 9); ++i)
      relay.add(level, web(host), host < 90 ? 10 : 90, kStart + 10 + i);
  }
  relay.run_until(kStart + 65);
  CHECK(relay.value("sluice.clusters.web.g.mean", kStart) == 18);
  CHECK(relay.value("sluice.all.g.mean", kStart) == 18);
}

TEST_CASE("idle: gap says nothing, zero says 0 for each host", "[pipeline]") {
  const Metric gap = counter_of(Idle::kGap);
  const Metric zero = counter_of(Idle::kZero);
  for (const Metric* metric : {&gap, &zero}) {
    const bool is_zero = metric == &zero;
    CAPTURE(is_zero);
    Relay relay({.host_ttl = minutes(10)});
    relay.run_until(kStart + 60);
    relay.add(*metric, "web1", 3, kStart + 70);
    relay.run_until(kStart + 900);
    const auto expected = is_zero ? std::optional(0.0) : std::nullopt;
    CHECK(relay.value("sluice.all.r.count", kStart + 60) == 3);
    CHECK(relay.value("sluice.hosts.web.web1.r.count", kStart) == std::nullopt);
    CHECK(relay.value("sluice.hosts.web.web1.r.count", kStart + 120) == expected);
    CHECK(relay.value("sluice.clusters.web.r.count", kStart + 120) == expected);
    CHECK(relay.value("sluice.clusters.web.r.hosts", kStart + 600) == expected);
    // Silent for longer than host_ttl.
    CHECK(relay.value("sluice.hosts.web.web1.r.count", kStart + 660) == std::nullopt);
    CHECK(relay.value("sluice.clusters.web.r.count", kStart + 660) == std::nullopt);
  }
}

TEST_CASE("an idle gauge pulls its cluster down", "[pipeline]") {
  Relay relay;
  relay.add(kLevel, "web1", 10, kStart + 70);
  relay.add(kLevel, "web2", 30, kStart + 70);
  relay.run_until(kStart + 130);
  relay.add(kLevel, "web2", 30, kStart + 131);
  relay.run_until(kStart + 190);
  CHECK(relay.value("sluice.all.g.mean", kStart + 60) == 20);
  CHECK(relay.value("sluice.all.g.mean", kStart + 120) == 15);
  CHECK(relay.value("sluice.hosts.web.web1.g.max", kStart + 120) == 0);
  // A machine that slept has seen no idleness.
  relay.tick(kStart + 2000);
  CHECK(relay.value("sluice.hosts.web.web1.g.max", kStart + 1200) == std::nullopt);
  // A first sample that comes late makes the windows behind it 0.
  relay.add(kLevel, "web3", 6, kStart + 80);
  relay.run_until(kStart + 2020);
  CHECK(relay.value("sluice.hosts.web.web3.g.mean", kStart + 120) == 0);
  CHECK(relay.value("sluice.all.g.mean", kStart + 120) == 10);
  CHECK(relay.value("sluice.hosts.web.web3.g.mean", kStart + 1200) == std::nullopt);
}

TEST_CASE("groups are rolled up like clusters, and never mix with them", "[pipeline]") {
  ClusterMapDefinition map;
  map.entries = {{"web1", "prod", {{"environment", "prod"}, {"role", "web"}}},
                 {"web2", "prod", {{"environment", "test"}}},
                 {"db*", "db", {{"environment", "prod"}}}};
  Relay relay(with_puppet(), map);
  const Metric runs = counter_of(Idle::kDefault);
  relay.add(runs, "web1", 1, kStart + 10);
  relay.add(runs, "web2", 2, kStart + 10);
  relay.add(runs, "db7", 4, kStart + 10);
  relay.add(kNodes, "db7", 2, kStart + 10);
  relay.hear("db7", "puppet", kStart + 10);
  relay.run_until(kStart + 130);
  CHECK(relay.value("sluice.by.environment.prod.r.count", kStart) == 5);
  CHECK(relay.value("sluice.by.environment.test.r.count", kStart) == 2);
  CHECK(relay.value("sluice.by.role.web.r.count", kStart) == 1);
  CHECK(relay.value("sluice.clusters.prod.r.count", kStart) == 3);
  CHECK(relay.value("sluice.all.r.count", kStart) == 7);
  CHECK(relay.value("sluice.by.environment.prod.r.count", kStart + 60) == 0);
  CHECK(relay.value("sluice.by.environment.prod.puppet.nodes.failed", kStart) == 1);
  CHECK(relay.value("sluice.by.environment.prod.puppet.nodes.never", kStart) == 1);
  CHECK(relay.value("sluice.by.environment.test.puppet.nodes.never", kStart) == 1);
  CHECK(relay.value("sluice.by.role.web.presence.puppet.expected", kStart) == 1);
  CHECK(relay.value("sluice.by.environment.prod.presence.puppet.reporting", kStart) == 1);
  for (const Datapoint& one : relay.last)
    if (one.path.starts_with("sluice.by.")) CHECK(one.scope == Scope::kGroup);
  // A late sample corrects every scope of its host.
  relay.add(runs, "web1", 1, kStart + 20);
  relay.run_until(kStart + 140);
  CHECK(relay.value("sluice.by.environment.prod.r.count", kStart) == 6);
  CHECK(relay.value("sluice.by.role.web.r.count", kStart) == 2);
}

TEST_CASE("a host named by its path node is the host with dots, whichever comes first",
          "[pipeline]") {
  const Metric level{.name = "load",
                     .type = MetricType::kGauge,
                     .host_stats = {Stat::kMean},
                     .cluster_stats = {Stat::kMean}};
  const auto merge_node = [&](Relay& relay, const std::string& node, double time) {
    Aggregator aggregator({});
    REQUIRE(aggregator.add({.metric = &level, .host = node, .value = 4, .time = at(time)},
                           at(relay.now)));
    Delta delta = aggregator.take_delta();
    delta.hosts[0].is_path_node = true;
    relay.publisher().merge(std::move(delta), at(relay.now));
  };
  const Metric runs = counter_of(Idle::kDefault);
  const bool node_comes_first = GENERATE(true, false);
  CAPTURE(node_comes_first);
  Relay relay({}, {.entries = {{"db1.b.c", "mapped", {}}}, .aliases = {}});
  if (node_comes_first) {
    merge_node(relay, "web1_b_c", kStart + 1);
    relay.tick(kStart + 2);
  }
  relay.add(runs, "web1.b.c", 1, kStart + 3);
  relay.tick(kStart + 4);
  merge_node(relay, "web1_b_c", kStart + 5);
  merge_node(relay, "db1_b_c", kStart + 5);
  relay.add(runs, "web1.b.c", 1, kStart + 6);
  relay.run_until(kStart + 65);
  CHECK(relay.publisher().stats().samples_dropped_path_collision == 0);
  CHECK(relay.publisher().host_count() == 2);
  CHECK(relay.value("sluice.hosts.web.web1_b_c.load.mean", kStart) == 4);
  CHECK(relay.value("sluice.hosts.web.web1_b_c.r.count", kStart) == 2);
  CHECK(relay.value("sluice.hosts.mapped.db1_b_c.load.mean", kStart) == 4);
  CHECK(relay.publisher().forget("web1.b.c"));
}

TEST_CASE("a path node that two hosts share is a host of its own", "[pipeline]") {
  const Metric runs = counter_of(Idle::kDefault);
  Relay relay;
  relay.add(runs, "web1.b", 1, kStart + 1);
  relay.tick(kStart + 2);
  relay.add(runs, "web1-b", 1, kStart + 3);
  relay.tick(kStart + 4);
  Aggregator aggregator({});
  REQUIRE(aggregator.add({.metric = &runs, .host = "web1_b", .value = 1, .time = at(kStart + 5)},
                         at(kStart + 5)));
  Delta delta = aggregator.take_delta();
  delta.hosts[0].is_path_node = true;
  relay.publisher().merge(std::move(delta), at(kStart + 5));
  relay.run_until(kStart + 65);
  // "web1-b" keeps its dash; only "web1.b" has the node "web1_b".
  CHECK(relay.value("sluice.hosts.web.web1_b.r.count", kStart) == 2);
  CHECK(relay.value("sluice.hosts.web.web1-b.r.count", kStart) == 1);
}

TEST_CASE("series beyond their bounds are refused, and the offenders named", "[pipeline]") {
  const auto metric = [](int number) {
    return Metric{.name = "m" + std::to_string(number),
                  .type = MetricType::kCounter,
                  .host_stats = {Stat::kCount},
                  .cluster_stats = {Stat::kCount}};
  };
  Relay relay(
      {.host_ttl = hours(1), .series_max = 8, .series_per_host_max = 3, .series_per_rule_max = 5});
  relay.aggregators[0]->set_rule_names({"pack/rule", "pack/other"});
  const auto add = [&](int number, const char* host, std::uint32_t rule) {
    const Metric one = metric(number);
    REQUIRE(relay.aggregators[0]->add(
        {.metric = &one, .host = host, .value = 1, .time = at(relay.now), .rule = rule},
        at(relay.now)));
    relay.tick(relay.now + 1);
    relay.aggregators[0]->forget_metrics();
    return relay.publisher().stats().samples_dropped_series_limit;
  };
  for (int number = 0; number < 3; ++number) CHECK(add(number, "web1", 0) == 0);
  CHECK(add(3, "web1", 1) == 1);  // A fourth of the host.
  CHECK(add(0, "web1", 0) == 1);  // Known.
  for (int number = 0; number < 2; ++number) CHECK(add(number, "web2", 0) == 1);
  CHECK(add(2, "web2", 0) == 2);  // A sixth of the rule.
  CHECK(add(2, "web2", 1) == 2);
  for (int number = 0; number < 2; ++number) CHECK(add(number, "web3", 1) == 2);
  CHECK(add(2, "web3", 1) == 3);  // A ninth in all.
  CHECK(relay.publisher().series_count() == 8);
  const Offenders offenders = relay.publisher().offenders();
  CHECK(offenders.rules == std::vector<Offender>{{"pack/other", 2}, {"pack/rule", 1}});
  CHECK(offenders.hosts == std::vector<Offender>{{"web1", 1}, {"web2", 1}, {"web3", 1}});
  // Silence makes room.
  relay.run_until(kStart + 2 * 3600, 20);
  CHECK(relay.publisher().series_count() == 0);
  CHECK(add(3, "web1", 1) == 3);
}

TEST_CASE("samples that come too late are told by rule and host", "[pipeline]") {
  const Metric runs = counter_of(Idle::kDefault);
  Relay relay({.store = {.horizon = minutes(1), .catch_up = minutes(2)}});
  relay.aggregators[0]->set_rule_names({"pack/rule"});
  relay.run_until(kStart + 600);
  relay.add(runs, "web1", 1, kStart + 10);
  relay.add(runs, "web1", 1, kStart + 11);
  relay.add(runs, "web2", 1, kStart + 10);
  relay.tick(kStart + 601);
  CHECK(relay.publisher().stats().samples_dropped_too_late == 3);
  CHECK(relay.publisher().too_late().hosts == std::vector<Offender>{{"web1", 2}, {"web2", 1}});
  CHECK(relay.publisher().too_late().rules == std::vector<Offender>{{"pack/rule", 3}});
  CHECK(relay.publisher().offenders().hosts.empty());
}

TEST_CASE("a host that is forgotten is known no more", "[pipeline]") {
  Relay relay(with_puppet(), map_of(1));
  relay.add(kNodes, "web0", 0, kStart + 10);
  relay.add(kNodes, "db1", 0, kStart + 10);
  relay.hear("db1", "puppet", kStart + 10);
  relay.run_until(kStart + 65);
  CHECK(relay.publisher().host_count() == 2);
  CHECK(relay.publisher().forget("db1"));
  CHECK(relay.publisher().forget("web0"));
  CHECK_FALSE(relay.publisher().forget("db2"));
  CHECK(relay.publisher().host_count() == 0);
  CHECK(relay.publisher().series_count() == 0);
  relay.run_until(kStart + 125);
  CHECK(sum_of_states(relay, "sluice.all", kStart + 60) == 1);  // The map still names web0.
  CHECK(relay.value("sluice.all.puppet.nodes.never", kStart + 60) == 1);
}

TEST_CASE("at the end fleet, clusters and groups go first", "[pipeline]") {
  ClusterMapDefinition map;
  map.entries = {{"web1", "web", {{"role", "web"}}}};
  Relay relay({}, map);
  const Metric runs = counter_of(Idle::kDefault);
  relay.add(runs, "web1", 1, kStart + 1);
  relay.add(runs, "web1", 1, kStart + 61);
  relay.flush(kStart + 62);
  std::vector<Scope> scopes;
  for (const Datapoint& one : relay.last)
    if (scopes.empty() || scopes.back() != one.scope) scopes.push_back(one.scope);
  CHECK(scopes == std::vector{Scope::kAll, Scope::kCluster, Scope::kGroup, Scope::kHost});
  CHECK(relay.last.size() == 2 * 7);
}

}  // namespace sluice
