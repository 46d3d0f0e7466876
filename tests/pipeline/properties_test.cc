// What must hold whatever the samples, their order and the moments at which they are merged.
#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "pipeline/relay.h"

namespace sluice {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const Metric kStates{.name = "state",
                     .type = MetricType::kState,
                     .states = {"good", "bad"},
                     .ttl = minutes(3),
                     .presence = "puppet"};

Metric metric_of(std::string name, MetricType type, Idle idle = Idle::kDefault,
                 seconds hold = seconds(0)) {
  return {.name = std::move(name),
          .type = type,
          .host_stats = allowed_host_stats(type),
          .cluster_stats = allowed_cluster_stats(type),
          .limit = type == MetricType::kAge ? seconds(100) : seconds(0),
          .idle = idle,
          .hold = hold};
}

// One of every kind of series.
const std::vector<Metric>& metrics() {
  static const std::vector<Metric> all{
      metric_of("timing", MetricType::kTiming),
      metric_of("gauge", MetricType::kGauge),
      metric_of("counter", MetricType::kCounter),
      metric_of("gap", MetricType::kCounter, Idle::kGap),
      metric_of("zero", MetricType::kCounter, Idle::kZero),
      metric_of("idle_gauge", MetricType::kGauge, Idle::kZero),
      metric_of("age", MetricType::kAge),
      metric_of("held_gauge", MetricType::kGauge, Idle::kDefault, seconds(150)),
      metric_of("held_timing", MetricType::kTiming, Idle::kDefault, seconds(90)),
      kStates,
  };
  return all;
}
constexpr int kKinds = 11;  // The last is a sign of life.

struct Event {
  int kind = 0;
  int host = 0;
  int tenths = 0;  // Of a second after kStart.
  int value = 0;
};

std::string host_of(const Event& event) {
  return (event.host % 2 == 0 ? "web" : "db") + std::to_string(event.host);
}

// Two of the hosts are in no map.
ClusterMapDefinition fleet() {
  ClusterMapDefinition map;
  for (const int host : {0, 1, 2, 3, 4, 5, 8})
    map.entries.push_back({host_of({.host = host}),
                           host < 3 ? "one" : "two",
                           {{"environment", host % 2 == 0 ? "prod" : "test"}}});
  std::ranges::sort(map.entries, {}, &ClusterMapDefinition::Entry::host);
  return map;
}

PublisherOptions options() { return {.presences = {{"puppet", minutes(2)}}}; }

void send(Relay& relay, const Event& event, std::size_t worker) {
  const double time = kStart + event.tenths / 10.0;
  if (event.kind == kKinds - 1) {
    relay.hear(host_of(event), "puppet", time, worker);
    return;
  }
  const Metric& metric = metrics()[static_cast<std::size_t>(event.kind)];
  const double value = metric.type == MetricType::kState ? event.value % 2 : event.value / 7.0;
  relay.add(metric, host_of(event), value, time, worker);
}

rc::Gen<std::vector<Event>> events(int seconds_max) {
  return rc::gen::scale(5.0,
                        rc::gen::container<std::vector<Event>>(rc::gen::build<Event>(
                            rc::gen::set(&Event::kind, rc::gen::inRange(0, kKinds)),
                            rc::gen::set(&Event::host, rc::gen::inRange(0, 8)),
                            rc::gen::set(&Event::tenths, rc::gen::inRange(0, seconds_max * 10)),
                            rc::gen::set(&Event::value, rc::gen::inRange(0, 1000)))));
}

using Carbon = std::map<std::pair<std::string, std::int64_t>, double>;

// True if both hold the same series and windows with equal values, the sums to rounding.
bool are_equal(const Carbon& expected, const Carbon& found) {
  if (expected.size() != found.size()) {
    for (const auto& [key, value] : expected) {
      if (!found.contains(key)) RC_LOG() << "lacks " << key.first << ' ' << key.second - kStart;
    }
    for (const auto& [key, value] : found) {
      if (!expected.contains(key)) RC_LOG() << "has " << key.first << ' ' << key.second - kStart;
    }
    return false;
  }
  for (const auto& [key, value] : expected) {
    const auto other = found.find(key);
    if (other == found.end()) {
      RC_LOG() << "lacks " << key.first << ' ' << key.second - kStart;
      return false;
    }
    if (std::abs(other->second - value) > 1e-12 * std::abs(value)) {
      RC_LOG() << key.first << ' ' << key.second - kStart << ": expected " << value << ", found "
               << other->second;
      return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("any order, any split over workers and any cut into ticks gives the same values",
          "[pipeline][property]") {
  REQUIRE(rc::check("order, workers and ticks change nothing", [] {
    std::vector<Event> sequence = *events(600);
    // All are there before a window is published, in order of time, from one worker.
    Relay at_once(options(), fleet());
    std::ranges::stable_sort(sequence, {}, &Event::tenths);
    for (const Event& event : sequence) send(at_once, event, 0);
    at_once.run_until(kStart + 1500, 20);

    const auto workers = *rc::gen::inRange<std::size_t>(1, 5);
    std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
    Relay relay(options(), fleet(), workers);
    std::ranges::shuffle(sequence, random);
    for (const Event& event : sequence) {
      // Up to 60 s ahead, as event times may be; most come late.
      while (kStart + event.tenths / 10.0 > relay.now + 60) relay.tick(relay.now + 20);
      send(relay, event, random() % workers);
      if (random() % 4 == 0 && relay.now < kStart + 900)
        relay.tick(relay.now + static_cast<double>(random() % 29));
    }
    relay.run_until(kStart + 1500, 20);
    RC_ASSERT(are_equal(at_once.carbon, relay.carbon));
  }));
}

TEST_CASE("a restored publisher publishes what one that never stopped does",
          "[pipeline][property]") {
  REQUIRE(rc::check("restoring changes no value and no version", [] {
    const std::vector<Event> sequence = *events(600);
    std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
    Relay steady(options(), fleet());
    Relay restored(options(), fleet());
    const auto tick = [&](double second) {
      steady.tick(second);
      restored.tick(second);
      const auto line = [](const Datapoint& one) {
        return std::tuple(one.path, one.time, one.version, one.value, one.scope);
      };
      std::set<std::tuple<std::string, Seconds, std::uint64_t, double, Scope>> expected, found;
      for (const Datapoint& one : steady.last) expected.insert(line(one));
      for (const Datapoint& one : restored.last) found.insert(line(one));
      RC_ASSERT(steady.last.size() == restored.last.size());
      RC_ASSERT(expected == found);
      if (random() % 5 != 0) return;
      restored.checkpoint();
      const auto done = restored.restore();
      RC_ASSERT(done.has_value());
    };
    for (const Event& event : sequence) {
      send(steady, event, 0);
      send(restored, event, 0);
      // Now and then nobody watches for a while.
      const double pause = random() % 40 == 0 ? 400 : static_cast<double>(random() % 29);
      if (random() % 4 == 0) tick(steady.now + pause);
    }
    const double end = steady.now + 200;
    while (steady.now < end) tick(steady.now + 10);
    RC_ASSERT(steady.publisher().host_count() == restored.publisher().host_count());
    RC_ASSERT(steady.publisher().series_count() == restored.publisher().series_count());
    RC_ASSERT(steady.publisher().missing_hosts("puppet", 100) ==
              restored.publisher().missing_hosts("puppet", 100));
  }));
}

TEST_CASE(
    "count, sum, minimum, maximum and mean are those of the plain numbers, percentiles "
    "within 1 %, exact up to 64",
    "[pipeline][property]") {
  REQUIRE(rc::check("a naive reference agrees", [] {
    const auto values = *rc::gen::scale(
        4.0, rc::gen::nonEmpty(rc::gen::container<std::vector<std::pair<int, int>>>(
                 rc::gen::pair(rc::gen::inRange(-2000, 100'000), rc::gen::inRange(0, 6)))));
    Relay relay;
    std::vector<double> plain;
    std::map<int, std::vector<double>> by_host;
    for (const auto& [value, host] : values) {
      const Event event{.kind = 0, .host = host, .tenths = 100, .value = value};
      send(relay, event, 0);
      send(relay, {.kind = 1, .host = host, .tenths = 100, .value = value}, 0);
      plain.push_back(value / 7.0);
      by_host[host].push_back(value / 7.0);
    }
    relay.run_until(kStart + 65);
    std::ranges::sort(plain);
    const auto sum_of = [](const std::vector<double>& numbers) {
      long double sum = 0;
      for (const double number : numbers) sum += number;
      return static_cast<double>(sum);
    };
    const auto leaf = [&](const std::string& name) {
      return relay.value("sluice.all." + name, kStart).value();
    };
    const auto is_near = [](double one, double other) {
      return std::abs(one - other) <= 1e-9 * std::max(1.0, std::abs(other));
    };
    const auto count = static_cast<double>(plain.size());
    RC_ASSERT(leaf("timing.count") == count);
    RC_ASSERT(leaf("timing.min") == plain.front());
    RC_ASSERT(leaf("timing.max") == plain.back());
    RC_ASSERT(is_near(leaf("timing.mean"), sum_of(plain) / count));
    for (const auto& [name, q] : {std::pair("p50", 0.5), {"p95", 0.95}, {"p99", 0.99}}) {
      const auto place = static_cast<std::size_t>(std::ceil(q * count - 1e-9));
      const double exact = plain[std::max<std::size_t>(place, 1) - 1];
      const double error = std::abs(leaf(std::string("timing.") + name) - exact);
      const double allowed = plain.size() <= 64 ? 0 : 0.0100001 * std::abs(exact);
      RC_ASSERT(error <= allowed);
    }
    std::vector<double> means;
    for (const auto& [host, numbers] : by_host)
      means.push_back(sum_of(numbers) / static_cast<double>(numbers.size()));
    RC_ASSERT(is_near(leaf("gauge.mean"), sum_of(means) / static_cast<double>(means.size())));
    RC_ASSERT(is_near(leaf("gauge.sum"), sum_of(means)));
    RC_ASSERT(is_near(leaf("gauge.max"), *std::ranges::max_element(means)));
  }));
}

TEST_CASE("the states sum to the expected and heard hosts in every window",
          "[pipeline][property]") {
  REQUIRE(rc::check("no host is lost or counted twice", [] {
    const std::vector<Event> sequence = *events(600);
    Relay relay(options(), fleet());
    std::set<std::string> heard;
    bool is_known = false;
    std::map<std::int64_t, std::size_t> counted;  // By window, at its end.
    for (const ClusterMapDefinition::Entry& entry : fleet().entries) heard.insert(entry.host);
    std::vector<Event> sorted = sequence;
    std::ranges::stable_sort(sorted, {}, &Event::tenths);
    auto next = sorted.begin();
    for (std::int64_t start = kStart; start < kStart + 900; start += 60) {
      for (; next != sorted.end() && next->tenths < (start + 60 - kStart) * 10; ++next) {
        send(relay, *next, 0);
        is_known = is_known || next->kind == kKinds - 2;
        if (next->kind >= kKinds - 2) heard.insert(host_of(*next));
      }
      if (is_known) counted[start] = heard.size();
      relay.run_until(static_cast<double>(start + 60), 20);
    }
    relay.run_until(relay.now + 20);
    for (const auto& [start, hosts] : counted) {
      double sum = 0;
      for (const char* leaf : {"good", "bad", "stale", "never"})
        sum += relay.value(std::string("sluice.all.state.") + leaf, start).value();
      RC_ASSERT(sum == static_cast<double>(hosts));
      RC_ASSERT(relay.value("sluice.clusters.one.state.stale", start).has_value());
    }
  }));
}

}  // namespace sluice
