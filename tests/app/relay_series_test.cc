#include "app/relay_series.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <set>
#include <string>

#include "http/standing.h"
#include "sluice/values/path_node.h"

namespace sluice {
namespace {

constexpr Seconds kWindow{std::chrono::seconds(1'700'000'040)};

Snapshot snapshot() {
  Snapshot snapshot;
  snapshot.stats.messages_received = 12;
  snapshot.stats.samples = 3;
  snapshot.hosts = 5;
  snapshot.config_error = "refused";
  snapshot.destinations.push_back(
      {.name = "graphite.example.com", .published = 9, .waiting = 4, .in_flight = 2});
  snapshot.destinations.push_back({.name = "b", .published = 8});
  return snapshot;
}

double value_of(const std::vector<Datapoint>& datapoints, const std::string& path) {
  double value = std::nan("");
  int count = 0;
  for (const Datapoint& one : datapoints) {
    if (one.path != path) continue;
    value = one.value;
    ++count;
  }
  CAPTURE(path);
  CHECK(count == 1);
  return value;
}

}  // namespace

TEST_CASE("the relay's own series are its counters and how it stands", "[app]") {
  const auto all = relay_series(snapshot(), "sluice.relays.relay1", kWindow);
  CHECK(value_of(all, "sluice.relays.relay1.syslog_messages_received") == 12);
  CHECK(value_of(all, "sluice.relays.relay1.samples") == 3);
  CHECK(value_of(all, "sluice.relays.relay1.hosts") == 5);
  CHECK(value_of(all, "sluice.relays.relay1.config_stale") == 1);
  CHECK(value_of(all, "sluice.relays.relay1.destinations.graphite_example_com.published") == 9);
  CHECK(value_of(all, "sluice.relays.relay1.destinations.graphite_example_com.waiting") == 6);
  CHECK(value_of(all, "sluice.relays.relay1.destinations.b.published") == 8);
}

TEST_CASE("each of the relay's series is one, of its scope, time and version", "[app]") {
  const auto all = relay_series(snapshot(), "r", kWindow);
  CHECK(all.size() == kCounters.size() + relay_rows().size() + 2 * destination_rows().size());
  std::set<std::string> paths;
  for (const Datapoint& one : all) {
    CAPTURE(one.path);
    CHECK(paths.insert(one.path).second);
    CHECK(is_metric_path(one.path));
    CHECK_FALSE(one.path.ends_with("_total"));
    CHECK(one.scope == Scope::kRelay);
    CHECK(one.time == kWindow);
    CHECK(one.version == 1);
  }
}

}  // namespace sluice
