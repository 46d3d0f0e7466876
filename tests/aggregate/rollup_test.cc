#include "sluice/aggregate/rollup.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>

namespace sluice {
namespace {

Metric metric_of(MetricType type) {
  return {.name = "m",
          .type = type,
          .host_stats = allowed_host_stats(type),
          .cluster_stats = allowed_cluster_stats(type)};
}

Summary summary_of(MetricType type, std::initializer_list<double> values) {
  Summary summary(has_quantiles(type));
  int second = 0;
  for (const double value : values) summary.add(value, Timestamp(std::chrono::seconds(++second)));
  return summary;
}

void add_host(Rollup& rollup, const Summary& summary) {
  std::vector<Sketch::Bucket> buckets;
  if (summary.keeps_distribution()) summary.append_buckets(buckets);
  rollup.add_host(summary, buckets);
}

std::map<std::string, double> named(const std::vector<Leaf>& leaves) {
  std::map<std::string, double> values;
  for (const auto& [stat, value] : leaves) values.emplace(name_of(stat), value);
  return values;
}

using Values = std::map<std::string, double>;

}  // namespace

TEST_CASE("a host publishes the leaves its metric's type allows", "[aggregate]") {
  const auto host = [](MetricType type, std::initializer_list<double> values) {
    std::vector<Leaf> leaves;
    append_host_leaves(metric_of(type), summary_of(type, values), leaves);
    return named(leaves);
  };
  CHECK(host(MetricType::kTiming, {3, 1, 2}) == Values{{"count", 3},
                                                       {"last", 2},
                                                       {"max", 3},
                                                       {"mean", 2},
                                                       {"min", 1},
                                                       {"p50", 2},
                                                       {"p95", 3},
                                                       {"p99", 3}});
  CHECK(host(MetricType::kGauge, {3, 1}) ==
        Values{{"last", 1}, {"max", 3}, {"mean", 2}, {"min", 1}});
  CHECK(host(MetricType::kCounter, {1, 5}) == Values{{"count", 6}});
}

TEST_CASE("a cluster's timing is over all samples, whichever host they came from", "[aggregate]") {
  const Metric metric = metric_of(MetricType::kTiming);
  Rollup rollup(metric);
  add_host(rollup, summary_of(metric.type, {10, 10, 10}));
  add_host(rollup, summary_of(metric.type, {50}));
  std::vector<Leaf> leaves;
  rollup.append_leaves(leaves);
  CHECK(named(leaves) == Values{{"count", 4},
                                {"mean", 20},
                                {"min", 10},
                                {"max", 50},
                                {"p50", 10},
                                {"p95", 50},
                                {"p99", 50}});
}

TEST_CASE("a cluster's quantiles are those of one summary of all samples", "[aggregate]") {
  // Up to 64 samples are exact; zeros, and values of both signs and of any magnitude, are beyond
  // what lies close together.
  const auto hosts = GENERATE(1, 6, 7, 100);
  const Metric metric = metric_of(MetricType::kTiming);
  const auto value_of = [](int host, int i) {
    if (host % 9 == 8) return i % 2 == 0 ? 0.0 : -1e9 * (host + i);
    if (host % 9 == 7) return 1e-6 * (host + i);
    return 1.0 + 0.37 * host + i;
  };
  Rollup rollup(metric);
  Rollup held(metric);
  Summary all(true);
  for (int host = 0; host < hosts; ++host) {
    Summary summary(true);
    for (int i = 0; i < 1 + host % 12; ++i) {
      summary.add(value_of(host, i), {});
      all.add(value_of(host, i), {});
      held.add_value(value_of(host, i), {});
    }
    add_host(rollup, summary);
  }
  CAPTURE(hosts, all.count());
  std::vector<Leaf> expected;
  append_host_leaves(metric, all, expected);
  for (const Rollup* one : {&rollup, &held}) {
    std::vector<Leaf> leaves;
    one->append_leaves(leaves);
    for (const char* stat : {"count", "min", "max", "p50", "p95", "p99"}) {
      CAPTURE(stat);
      CHECK(named(leaves)[stat] == named(expected)[stat]);
    }
  }
}

TEST_CASE("a cluster's gauge counts each host once, whoever logs more often", "[aggregate]") {
  const Metric metric = metric_of(MetricType::kGauge);
  Rollup rollup(metric);
  for (int i = 0; i < 90; ++i) add_host(rollup, summary_of(metric.type, {10}));
  for (int i = 0; i < 10; ++i)
    add_host(rollup, summary_of(metric.type, {90, 90, 90, 90, 90, 90, 90}));
  std::vector<Leaf> leaves;
  rollup.append_leaves(leaves);
  CHECK(named(leaves) ==
        Values{{"mean", 18}, {"min", 10}, {"max", 90}, {"sum", 1800}, {"p50", 10}, {"p95", 90}});
}

TEST_CASE("a cluster's counter sums its hosts and counts those with any", "[aggregate]") {
  const Metric metric = metric_of(MetricType::kCounter);
  Rollup rollup(metric);
  add_host(rollup, summary_of(metric.type, {2, 3}));
  add_host(rollup, summary_of(metric.type, {0}));
  add_host(rollup, summary_of(metric.type, {1}));
  std::vector<Leaf> leaves;
  rollup.append_leaves(leaves);
  CHECK(named(leaves) == Values{{"count", 6}, {"hosts", 2}});
  leaves.clear();
  Rollup(metric).append_leaves(leaves);
  CHECK(named(leaves) == Values{{"count", 0}, {"hosts", 0}});
}

TEST_CASE("ages are counted from the last event, and against the limit", "[aggregate]") {
  Metric metric = metric_of(MetricType::kAge);
  metric.limit = std::chrono::seconds(100);
  Rollup rollup(metric);
  rollup.add_age(50);
  rollup.add_age(100);
  rollup.add_age(150);
  std::vector<Leaf> leaves;
  rollup.append_leaves(leaves);
  CHECK(named(leaves) == Values{{"max", 150}, {"mean", 100}, {"over_limit", 1}});
  leaves.clear();
  append_age_leaf(Seconds(std::chrono::seconds(60)), Timestamp(std::chrono::milliseconds(59500)),
                  leaves);
  CHECK(named(leaves) == Values{{"value", 0.5}});
}

TEST_CASE("a host may stand for one value that is last known of it", "[aggregate]") {
  const Metric gauge = metric_of(MetricType::kGauge);
  Rollup level(gauge);
  add_host(level, summary_of(gauge.type, {10, 20}));
  level.add_value(0, {});
  std::vector<Leaf> leaves;
  level.append_leaves(leaves);
  CHECK(named(leaves) ==
        Values{{"mean", 7.5}, {"min", 0}, {"max", 15}, {"sum", 15}, {"p50", 0}, {"p95", 15}});
  const Metric timing = metric_of(MetricType::kTiming);
  Rollup held(timing);
  held.add_value(4, {});
  held.add_value(8, {});
  leaves.clear();
  held.append_leaves(leaves);
  CHECK(named(leaves)["count"] == 2);
  CHECK(named(leaves)["p95"] == 8);
}

TEST_CASE("without a host only a counter has a value", "[aggregate]") {
  const Metric metric = metric_of(MetricType::kGauge);
  Rollup rollup(metric);
  add_host(rollup, summary_of(metric.type, {1.7e308, 1.7e308}));
  std::vector<Leaf> leaves;
  rollup.append_leaves(leaves);
  CHECK(leaves.empty());
}

TEST_CASE("nearest rank takes the value at place ceil(q n)", "[aggregate]") {
  std::vector<double> values;
  for (int i = 1; i <= 20; ++i) values.push_back(i);
  CHECK(nearest_rank(values, 0.5) == 10);
  CHECK(nearest_rank(values, 0.95) == 19);
  CHECK(nearest_rank(values, 0.951) == 20);
  CHECK(nearest_rank(values, 0.0001) == 1);
  CHECK(nearest_rank(std::vector{7.0}, 0.95) == 7);
}

TEST_CASE("a value that is not finite never becomes a leaf", "[aggregate]") {
  const Metric metric = metric_of(MetricType::kGauge);
  std::vector<Leaf> leaves;
  append_host_leaves(metric, summary_of(metric.type, {1.7e308, 1.7e308}), leaves);
  for (const auto& [stat, value] : leaves) CHECK(std::isfinite(value));
  CHECK(leaves.size() == 3);  // All but the mean, whose sum is too large for a double.
}

}  // namespace sluice
