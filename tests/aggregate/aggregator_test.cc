#include "sluice/aggregate/aggregator.h"

#include <catch2/catch.hpp>
#include <string>

namespace sluice {
namespace {

Timestamp at_second(int second) { return Timestamp(std::chrono::seconds(second)); }

}  // namespace

TEST_CASE("samples are summed per host, metric and window", "[aggregate]") {
  Aggregator aggregator({.window = std::chrono::seconds(60)});
  const Metric time{.name = "t", .type = MetricType::kTiming};
  const Metric runs{.name = "r", .type = MetricType::kCounter};
  CHECK(aggregator.add({.metric = &time, .host = "a", .value = 2, .time = at_second(10)},
                       at_second(70)));
  CHECK(aggregator.add({.metric = &time, .host = "a", .value = 4, .time = at_second(59)},
                       at_second(71)));
  CHECK(aggregator.add({.metric = &time, .host = "a", .value = 8, .time = at_second(60)},
                       at_second(72)));
  CHECK(
      aggregator.add({.metric = &runs, .host = "b", .value = 1, .time = at_second(61), .weight = 3},
                     at_second(73)));
  CHECK(aggregator.pending_samples() == 6);
  const Delta delta = aggregator.take_delta();
  CHECK(delta.sample_count == 6);
  CHECK(aggregator.pending_samples() == 0);
  REQUIRE(delta.hosts.size() == 2);
  CHECK(delta.hosts[0].name == "a");
  CHECK(delta.hosts[0].last_heard == at_second(72));
  REQUIRE(delta.hosts[0].entries.size() == 2);
  CHECK(delta.hosts[0].entries[0].summary.sum() == 6);
  CHECK(delta.hosts[0].entries[0].summary.keeps_distribution());
  CHECK(delta.hosts[0].entries[1].window == Seconds(std::chrono::seconds(60)));
  CHECK(delta.hosts[1].entries[0].summary.sum() == 3);
  CHECK_FALSE(delta.hosts[1].entries[0].summary.keeps_distribution());
  CHECK(aggregator.take_delta().is_empty());
}

TEST_CASE("a host that others speak of has not been heard", "[aggregate]") {
  Aggregator aggregator({});
  const Metric metric{.name = "m"};
  CHECK(aggregator.add({.metric = &metric, .host = "a", .value = 1, .is_claimed = true},
                       at_second(5)));
  Delta delta = aggregator.take_delta();
  REQUIRE(delta.hosts.size() == 1);
  CHECK(delta.hosts[0].is_claimed);
  CHECK(delta.hosts[0].last_heard == Timestamp{});

  CHECK(aggregator.add({.metric = &metric, .host = "a", .value = 1, .is_claimed = true},
                       at_second(6)));
  aggregator.hear("a", "", at_second(6), at_second(7));
  delta = aggregator.take_delta();
  REQUIRE(delta.hosts.size() == 1);
  CHECK_FALSE(delta.hosts[0].is_claimed);
  CHECK(delta.hosts[0].last_heard == at_second(7));
}

TEST_CASE("what one tick may hold is bounded, and so are the names kept", "[aggregate]") {
  Aggregator aggregator({.hosts_max = 2, .entries_max = 3});
  const Metric metric{.name = "m"};
  for (const char* host : {"a", "b", "c"})
    CHECK(aggregator.add({.metric = &metric, .host = host, .value = 1}, {}));
  CHECK_FALSE(aggregator.add({.metric = &metric, .host = "d", .value = 1}, {}));
  CHECK(aggregator.add({.metric = &metric, .host = "a", .value = 1}, {}));
  CHECK(aggregator.take_delta().sample_count == 4);
  CHECK(aggregator.add({.metric = &metric, .host = "d", .value = 1}, {}));
}

TEST_CASE("a sign of life is kept for each presence and window", "[aggregate]") {
  Aggregator aggregator({});
  aggregator.hear("a", "puppet", at_second(30), at_second(200));
  aggregator.hear("a", "puppet", at_second(20), at_second(201));
  aggregator.hear("a", "puppet", at_second(70), at_second(202));
  aggregator.hear("a", "cron", at_second(40), at_second(203));
  aggregator.hear("a", "", at_second(90), at_second(204));
  aggregator.hear("b", "cron", at_second(5), at_second(205));
  const Delta delta = aggregator.take_delta();
  CHECK(delta.presences == std::vector<std::string>{"puppet", "cron"});
  REQUIRE(delta.hosts.size() == 2);
  CHECK(delta.hosts[0].last_heard == at_second(204));
  REQUIRE(delta.hosts[0].signs.size() == 3);
  CHECK(delta.hosts[0].signs[0].presence == 0);
  CHECK(delta.hosts[0].signs[0].last == at_second(30));
  CHECK(delta.hosts[0].signs[1].last == at_second(70));
  CHECK(delta.hosts[0].signs[2].presence == 1);
  CHECK(delta.hosts[1].signs.size() == 1);
  CHECK(aggregator.take_delta().presences.empty());
}

TEST_CASE("an entry names the rule of its first sample, also across a reload", "[aggregate]") {
  Aggregator aggregator({});
  const Metric metric{.name = "m"};
  const auto add = [&](const char* host, std::uint32_t rule) {
    CHECK(aggregator.add({.metric = &metric, .host = host, .value = 1, .rule = rule}, {}));
  };
  aggregator.set_rule_names({"p/one", "p/two"});
  add("a", 1);
  add("a", 0);
  add("b", 0);
  add("c", 9);
  aggregator.set_rule_names({"p/two"});
  add("d", 0);
  const Delta delta = aggregator.take_delta();
  const auto rule_of = [&](std::size_t host) {
    return delta.rules.at(delta.hosts.at(host).entries.at(0).rule);
  };
  CHECK(rule_of(0) == "p/two");
  CHECK(rule_of(1) == "p/one");
  CHECK(rule_of(2).empty());
  CHECK(rule_of(3) == "p/two");
  CHECK(delta.rules.size() == 3);
}

TEST_CASE("metrics of one name are one metric across a reload", "[aggregate]") {
  Aggregator aggregator({});
  const Metric before{.name = "m"};
  const Metric after{.name = "m"};
  CHECK(aggregator.add({.metric = &before, .host = "a", .value = 1}, {}));
  aggregator.forget_metrics();
  CHECK(aggregator.add({.metric = &after, .host = "a", .value = 1}, {}));
  const Delta delta = aggregator.take_delta();
  CHECK(delta.metrics.size() == 1);
  CHECK(delta.hosts[0].entries.size() == 1);
}

TEST_CASE("a host is known by its path node until it speaks under its own name", "[aggregate]") {
  Aggregator aggregator({});
  const Metric metric{.name = "m"};
  Sample sample{.metric = &metric, .host = "web01_example_com", .is_path_node = true};
  CHECK(aggregator.add(sample, at_second(5)));
  CHECK(aggregator.add(sample, at_second(5)));
  CHECK(aggregator.take_delta().hosts.at(0).is_path_node);
  CHECK(aggregator.add(sample, at_second(6)));
  sample.is_path_node = false;
  CHECK(aggregator.add(sample, at_second(6)));
  CHECK_FALSE(aggregator.take_delta().hosts.at(0).is_path_node);
  CHECK(aggregator.add({.metric = &metric, .host = "b", .is_path_node = true}, at_second(7)));
  aggregator.hear("b", "", at_second(7), at_second(7));
  CHECK_FALSE(aggregator.take_delta().hosts.at(0).is_path_node);
}

}  // namespace sluice
