#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/aggregate/aggregator.h"
#include "sluice/pipeline/publisher.h"

namespace sluice {

constexpr std::int64_t kStart = 1'200'000;  // A multiple of 60: the relay starts here.

inline Timestamp at(double second) {
  return Timestamp(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(second)));
}

// A relay without input and output: samples in, what carbon would hold out. Time moves by hand.
class Relay {
 public:
  explicit Relay(PublisherOptions options = {}, ClusterMapDefinition map = {},
                 std::size_t workers = 1)
      : clusters(*ClusterMap::make(std::move(map), {.patterns = {"^(?P<cluster>[a-z]+)\\d"}})),
        publisher_(
            std::make_unique<Publisher>(options, *Paths::make({}), clusters, sluice::at(kStart))) {
    for (std::size_t i = 0; i < workers; ++i)
      aggregators.push_back(std::make_unique<Aggregator>(AggregatorOptions{}));
  }

  void add(const Metric& metric, std::string_view host, double value, double time,
           std::size_t worker = 0, bool is_claimed = false) {
    REQUIRE(aggregators[worker]->add({.metric = &metric,
                                      .host = host,
                                      .value = value,
                                      .time = sluice::at(time),
                                      .is_claimed = is_claimed},
                                     sluice::at(now)));
  }

  // A message of the host matched a rule of a pack with the presence.
  void hear(std::string_view host, std::string_view presence, double time, std::size_t worker = 0) {
    aggregators[worker]->hear(host, presence, sluice::at(time), sluice::at(now));
  }

  void tick(double second) {
    now = second;
    for (const auto& aggregator : aggregators)
      publisher_->merge(aggregator->take_delta(), sluice::at(now));
    std::vector<Datapoint> datapoints;
    publisher_->tick(sluice::at(now), datapoints);
    store(datapoints);
  }

  // Ticks every `step` seconds after `now`, the last time at `second`.
  void run_until(double second, double step = 10) {
    while (now + step < second) tick(now + step);
    tick(second);
  }

  void flush(double second) {
    now = second;
    for (const auto& aggregator : aggregators)
      publisher_->merge(aggregator->take_delta(), sluice::at(now));
    std::vector<Datapoint> datapoints;
    publisher_->flush(sluice::at(now), datapoints);
    store(datapoints);
  }

  // The value that the last datapoint of `path` for the window at `start` had.
  std::optional<double> value(const std::string& path, std::int64_t start) const {
    const auto found = carbon.find({path, start});
    return found == carbon.end() ? std::nullopt : std::optional(found->second);
  }

  Publisher& publisher() { return *publisher_; }

  std::shared_ptr<const ClusterMap> clusters;
  std::vector<std::unique_ptr<Aggregator>> aggregators;
  std::map<std::pair<std::string, std::int64_t>, double> carbon;
  std::vector<Datapoint> last;  // Datapoints of the last tick.
  double now = kStart;

 private:
  void store(const std::vector<Datapoint>& datapoints) {
    last = datapoints;
    for (const Datapoint& one : datapoints)
      carbon[{one.path, one.time.time_since_epoch().count()}] = one.value;
  }

  std::unique_ptr<Publisher> publisher_;
};

}  // namespace sluice
