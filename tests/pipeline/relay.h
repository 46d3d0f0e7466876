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
      : options_(options),
        clusters(*ClusterMap::make(std::move(map), {.patterns = {"^(?P<cluster>[a-z]+)\\d"}})),
        publisher_(
            std::make_unique<Publisher>(options, *Paths::make({}), clusters, sluice::at(kStart))) {
    for (std::size_t i = 0; i < workers; ++i)
      aggregators.push_back(
          std::make_unique<Aggregator>(AggregatorOptions{.window = options.store.window}));
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

  // Stores what has changed since the last call, as a journal would.
  void checkpoint() {
    ByteWriter writer;
    publisher_->encode_state(writer);
    state = writer.take();
    for (const Seconds start : publisher_->take_changed_windows()) {
      publisher_->encode_window(start, writer);
      windows[start] = writer.take();
    }
    std::map<Seconds, std::string> kept;
    for (const Seconds start : publisher_->windows()) kept[start] = windows.at(start);
    windows = std::move(kept);
  }

  // A new process, from the last checkpoint.
  [[nodiscard]] Expected<void> restore() {
    std::vector<std::string> stored;
    for (const auto& [start, bytes] : windows) stored.push_back(bytes);
    auto restored = Publisher::restore(options_, *Paths::make({}), state, stored);
    if (!restored) return std::unexpected(std::move(restored).error());
    publisher_ = std::move(*restored);
    return {};
  }

 private:
  PublisherOptions options_;

 public:
  std::string state;  // The last checkpoint.
  std::map<Seconds, std::string> windows;

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
