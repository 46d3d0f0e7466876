// Names that are gone everywhere give their places to others, and never their numbers' values.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "pipeline/relay.h"

namespace sluice {
namespace {

using std::chrono::seconds;

const Metric kLoad{.name = "load",
                   .type = MetricType::kGauge,
                   .host_stats = {Stat::kMean},
                   .cluster_stats = {Stat::kSum},
                   .hold = seconds(90)};
const Metric kRuns{.name = "runs",
                   .type = MetricType::kCounter,
                   .host_stats = {Stat::kCount},
                   .cluster_stats = {Stat::kCount, Stat::kHosts}};

PublisherOptions small(std::size_t hosts_max) {
  return {.store = {.horizon = seconds(300)}, .host_ttl = seconds(600), .hosts_max = hosts_max};
}

std::string host_path(const std::string& host, const std::string& leaf) {
  return "sluice.hosts." + host.substr(0, host.find_first_of("0123456789")) + "." + host + "." +
         leaf;
}

}  // namespace

TEST_CASE("a full table refuses new hosts, says who they are, and has places after host_ttl",
          "[pipeline][names]") {
  Relay relay(small(4));
  for (int i = 0; i < 4; ++i) relay.add(kRuns, "old" + std::to_string(i), 1, kStart + 5);
  relay.run_until(kStart + 70);
  CHECK_FALSE(relay.publisher().crowding());
  relay.add(kRuns, "new1", 1, kStart + 71);
  relay.tick(kStart + 72);
  CHECK(relay.publisher().stats().samples_dropped_host_limit == 1);
  const auto crowd = relay.publisher().crowding();
  REQUIRE(crowd);
  REQUIRE(crowd->hosts.size() == 1);
  CHECK(crowd->hosts[0] == Offender{"new1", 1});
  relay.run_until(kStart + 400);
  CHECK_FALSE(relay.publisher().crowding());  // Nobody is refused any more.
  relay.run_until(kStart + 800);
  for (int i = 0; i < 4; ++i) relay.add(kRuns, "new" + std::to_string(i), 2, kStart + 805);
  relay.run_until(kStart + 900);
  CHECK(relay.publisher().stats().samples_dropped_host_limit == 1);
  CHECK(relay.value("sluice.all.runs.count", kStart + 780) == 8);
  CHECK(relay.value("sluice.hosts.new.new3.runs.count", kStart + 780) == 2);
  CHECK(relay.publisher().host_count() == 4);
}

TEST_CASE("a host keeps its place while a window holds a sample of it", "[pipeline][names]") {
  Relay relay(small(1));
  relay.add(kRuns, "old1", 1, kStart + 5);
  relay.run_until(kStart + 70);
  REQUIRE(relay.publisher().forget("old1"));
  relay.run_until(kStart + 200);
  relay.add(kRuns, "new1", 1, kStart + 201);
  relay.tick(kStart + 202);
  CHECK(relay.publisher().stats().samples_dropped_host_limit == 1);  // Its window can be corrected.
  relay.run_until(kStart + 600);
  relay.add(kRuns, "new1", 1, kStart + 601);
  relay.run_until(kStart + 700);
  CHECK(relay.publisher().stats().samples_dropped_host_limit == 1);
  CHECK(relay.value("sluice.hosts.new.new1.runs.count", kStart + 600) == 1);
}

TEST_CASE("hosts that no map names are counted anew when one comes, goes or finds its place",
          "[pipeline][names]") {
  Relay relay;
  const auto unmapped = [&] {
    CHECK(relay.publisher().unmapped_hosts(10).size() == relay.publisher().unmapped_host_count());
    return relay.publisher().unmapped_host_count();
  };
  CHECK(unmapped() == 0);
  const std::string mapped = "web1";  // By a pattern.
  for (const std::string& host : {std::string("laptop"), mapped, std::string("printer")}) {
    relay.add(kRuns, host, 1, relay.now);
    relay.tick(relay.now + 1);
  }
  CHECK(unmapped() == 2);
  relay.add(kRuns, "laptop", 1, relay.now);
  relay.tick(relay.now + 1);
  CHECK(unmapped() == 2);
  REQUIRE(relay.publisher().forget("laptop"));
  CHECK(unmapped() == 1);
  ClusterMapDefinition map;
  map.entries = {{"printer", "office", {}}};
  relay.publisher().set_clusters(*ClusterMap::make(map, {}));
  CHECK(unmapped() == 1);  // No pattern any more.
  relay.add(kRuns, "laptop", 1, relay.now);
  relay.tick(relay.now + 1);
  CHECK(unmapped() == 2);
}

TEST_CASE("hosts that the map names keep their places", "[pipeline][names]") {
  ClusterMapDefinition map;
  map.entries = {{"web1", "web", {}}};
  Relay relay(small(2), map);
  relay.add(kRuns, "web1", 1, kStart + 5);
  relay.add(kRuns, "db1", 1, kStart + 5);
  relay.run_until(kStart + 1000);
  relay.add(kRuns, "db2", 1, kStart + 1001);
  relay.add(kRuns, "db3", 1, kStart + 1001);
  relay.run_until(kStart + 1100);
  CHECK(relay.publisher().stats().samples_dropped_host_limit == 1);
  relay.add(kRuns, "web1", 5, kStart + 1101);
  relay.run_until(kStart + 1200);
  CHECK(relay.value("sluice.hosts.web.web1.runs.count", kStart + 1080) == 5);
}

TEST_CASE("a metric without a sample within host_ttl gives its place to another",
          "[pipeline][names]") {
  PublisherOptions options = small(10);
  options.metrics_max = 2;
  Relay relay(options);
  Metric other = kRuns;
  relay.add(kRuns, "web1", 1, kStart + 5);
  relay.add(kLoad, "web1", 7, kStart + 5);
  relay.run_until(kStart + 70);
  other.name = "other";
  relay.add(other, "web1", 1, kStart + 71);
  relay.tick(kStart + 72);
  CHECK(relay.publisher().stats().samples_dropped_metric_limit == 1);
  CHECK(relay.publisher().crowding());
  relay.run_until(kStart + 500);
  relay.add(kRuns, "web1", 1, kStart + 501);  // This one stays.
  relay.run_until(kStart + 1000);
  other.type = MetricType::kGauge;
  other.host_stats = {Stat::kMean};
  other.cluster_stats = {Stat::kSum};
  relay.add(other, "web1", 42, kStart + 1001);
  relay.add(kRuns, "web1", 3, kStart + 1001);
  relay.run_until(kStart + 1100);
  CHECK(relay.publisher().stats().samples_dropped_metric_limit == 1);
  CHECK(relay.value("sluice.hosts.web.web1.other.mean", kStart + 960) == 42);
  CHECK(relay.value("sluice.all.other.sum", kStart + 960) == 42);
  CHECK(relay.value("sluice.all.runs.count", kStart + 960) == 3);
  relay.checkpoint();
  REQUIRE(relay.restore());
}

// Each host's value is its own number and its counter counts its own samples, so a value that was
// mixed with another host's shows. One relay is restored from a checkpoint again and again, and
// must publish what the other does.
TEST_CASE("whatever numbers are used again, no host gets another one's values",
          "[pipeline][names]") {
  const auto seed = GENERATE(1U, 2U, 3U, 4U, 5U);
  CAPTURE(seed);
  std::mt19937 random(seed);
  constexpr std::size_t kHostsMax = 12;
  Relay lasting(small(kHostsMax));
  Relay restored(small(kHostsMax));
  std::map<std::pair<std::string, std::int64_t>, int> runs;  // By host and window.
  std::set<std::string> refused;
  std::uint64_t accepted = 0;
  for (int minute = 0; minute < 120; ++minute) {
    const std::int64_t start = kStart + minute * 60;
    // A few hosts of a fleet whose names move on, so that old ones fall silent for good. Some are
    // late by up to three windows.
    for (int i = 0; i < 4; ++i) {
      const int number = minute / 4 + static_cast<int>(random() % 4);
      const std::string host = (number % 3 == 0 ? "web" : "db") + std::to_string(number);
      const std::int64_t window =
          std::max(kStart, start - static_cast<std::int64_t>(random() % 4) * 60);
      for (Relay* const relay : {&lasting, &restored}) {
        relay->add(kRuns, host, 1, static_cast<double>(window) + 5);
        relay->add(kLoad, host, number, static_cast<double>(window) + 5);
      }
      ++runs[{host, window}];
    }
    for (Relay* const relay : {&lasting, &restored})
      relay->run_until(static_cast<double>(start) + 55);
    if (minute % 7 == 3) {
      restored.checkpoint();
      REQUIRE(restored.restore());
    }
  }
  for (Relay* const relay : {&lasting, &restored}) relay->run_until(kStart + 121 * 60);
  CHECK(lasting.carbon == restored.carbon);
  accepted = lasting.publisher().stats().samples_merged;
  CHECK(accepted == 2 * 4 * 120);  // Never more than twelve at once, so none was refused.
  for (const auto& [key, count] : runs) {
    const auto& [host, window] = key;
    CAPTURE(host, window);
    CHECK(lasting.value(host_path(host, "runs.count"), window) == count);
    CHECK(lasting.value(host_path(host, "load.mean"), window) ==
          std::stoi(host.substr(host.find_first_of("0123456789"))));
  }
}

}  // namespace sluice
