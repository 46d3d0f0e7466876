// publish_cost FOLDER [WINDOWS [HOSTS]]
//
// What a published datapoint costs behind the ingest thread, step by step: the journal's row, the
// merge into the windows, publishing, the spool and its acknowledgement, the history. The fleet is
// that of scripts/bench: 2,000 hosts in 20 clusters, five metrics, 20 samples a series and window.
// The files are made in FOLDER. Prints nanoseconds of CPU for each datapoint: of the first window,
// in which every series is new and which comes late, as in scripts/bench, and of those that follow.
#include <fmt/core.h>
#include <time.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/aggregate/aggregator.h"
#include "sluice/pipeline/publisher.h"
#include "sluice/values/delta_encoding.h"
#include "store/history.h"
#include "store/journal.h"
#include "store/spool.h"

namespace sluice {
namespace {

constexpr std::int64_t kStart = 1'700'000'040;  // A multiple of 60, as windows are.
constexpr int kSamples = 20;                    // Of a series and window.

enum Step : std::uint8_t {
  kEncode,
  kAppend,
  kMerge,
  kTick,
  kPut,
  kTake,
  kAcknowledge,
  kHistory,
  kStepCount
};
constexpr std::array<std::string_view, kStepCount> kStepNames{
    "journal: encode", "journal: append",    "merge",  "publish", "spool: put",
    "spool: take",     "spool: acknowledge", "history"};

// Nanoseconds.
using Costs = std::array<double, kStepCount>;

double cpu_time() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e9 + static_cast<double>(spent.tv_nsec);
}

Timestamp at(std::int64_t second) { return Timestamp(std::chrono::seconds(second)); }

Metric metric_of(std::string name, MetricType type) {
  return {.name = std::move(name),
          .type = type,
          .host_stats = default_host_stats(type),
          .cluster_stats = default_cluster_stats(type)};
}

class Fleet {
 public:
  explicit Fleet(int hosts) {
    for (int i = 0; i < hosts; ++i)
      names_.push_back(fmt::format("web{}-{:05}.example.net", i % 20, i / 20));
  }

  // Everything that the fleet says in one window.
  Delta speak(std::int64_t start) {
    for (int i = 0; i < kSamples; ++i) {
      for (const std::string& name : names_) {
        for (const Metric& metric : metrics_) {
          const Sample sample{.metric = &metric,
                              .host = name,
                              .value = static_cast<double>(dice_() % 10'000) / 100,
                              .time = at(start + 3 * i)};
          (void)aggregator_.add(sample, at(start + 3 * i));
        }
      }
    }
    return aggregator_.take_delta();
  }

 private:
  std::vector<std::string> names_;
  std::vector<Metric> metrics_{
      metric_of("run.seconds", MetricType::kTiming),
      metric_of("compile.seconds", MetricType::kTiming), metric_of("changes", MetricType::kCounter),
      metric_of("failures", MetricType::kCounter), metric_of("cpu.user", MetricType::kGauge)};
  Aggregator aggregator_{AggregatorOptions{}};
  std::minstd_rand dice_;  // The same in every run.
};

// What stands behind ingest in the relay, in one thread.
class Relay {
 public:
  explicit Relay(const std::string& folder)
      : publisher_({}, *Paths::make({}),
                   *ClusterMap::make({}, {.patterns = {"^(?P<cluster>[a-z]+\\d+)-"}}), at(kStart)),
        journal_({.file = folder + "/journal.db"}, at(kStart)),
        spool_({.file = folder + "/spool.db"}, at(kStart)),
        history_({.file = folder + "/history.db"}, at(kStart)) {
    (void)journal_.checkpoint({.sequence = 0, .state = "", .windows = {}, .living = {}},
                              at(kStart));
  }

  // Of a window that is live the delta comes before its end, of others ten seconds after it.
  std::size_t publish(Delta delta, std::int64_t start, bool is_live, Costs& costs) {
    const std::int64_t now = start + 70;
    std::vector<Datapoint> datapoints;
    if (!is_live) publisher_.tick(at(now - 1), datapoints);
    keep(delta, is_live ? start + 59 : now, costs);
    timed(costs[kMerge],
          [&] { publisher_.merge(std::move(delta), at(is_live ? start + 59 : now)); });
    timed(costs[kTick], [&] { publisher_.tick(at(now), datapoints); });
    timed(costs[kPut], [&] { spool_.put(datapoints, sequence_); });
    timed(costs[kHistory], [&] { history_.put(datapoints, at(now)); });
    deliver(now, costs);
    return datapoints.size();
  }

 private:
  template <typename Work>
  static void timed(double& cost, Work&& work) {
    const double begin = cpu_time();
    work();
    cost += cpu_time() - begin;
  }

  void keep(const Delta& delta, std::int64_t now, Costs& costs) {
    std::string bytes;
    timed(costs[kEncode], [&] { bytes = encode_delta(delta); });
    const JournalRow row{.sequence = ++sequence_, .time = at(now), .kind = 1, .bytes = bytes};
    timed(costs[kAppend], [&] { (void)journal_.append({&row, 1}, at(now)); });
  }

  void deliver(std::int64_t now, Costs& costs) {
    for (bool is_taken = true; is_taken;) {
      timed(costs[kTake], [&] { is_taken = spool_.take(at(now)).has_value(); });
      if (is_taken) timed(costs[kAcknowledge], [&] { spool_.acknowledge(at(now)); });
    }
  }

  Publisher publisher_;
  Journal journal_;
  Spool spool_;
  History history_;
  std::uint64_t sequence_ = 0;
};

int run(const std::string& folder, int windows, int hosts) {
  Fleet fleet(hosts);
  Relay relay(folder);
  std::array<Costs, 2> costs{};  // The first window; the others.
  std::array<double, 2> datapoints{};
  for (int i = 0; i < windows; ++i) {
    const std::int64_t start = kStart + 60 * i;
    const std::size_t part = i == 0 ? 0 : 1;
    datapoints[part] +=
        static_cast<double>(relay.publish(fleet.speak(start), start, i > 0, costs[part]));
  }
  fmt::print("{:20} {:>10} {:>10}\n", "ns of CPU for each", "new, late", "known");
  Costs sum{};
  for (std::size_t step = 0; step <= kStepCount; ++step) {
    fmt::print("{:20}", step < kStepCount ? kStepNames[step] : "all");
    for (std::size_t part = 0; part < 2; ++part) {
      const double cost = step < kStepCount ? costs[part][step] / datapoints[part] : sum[part];
      sum[part] += step < kStepCount ? cost : 0;
      fmt::print(" {:10.0f}", cost);
    }
    fmt::print("\n");
  }
  fmt::print("{:20} {:10.0f} {:10.0f}\n", "datapoints", datapoints[0], datapoints[1]);
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int count, char** words) {
  if (count < 2) {
    fmt::print(stderr, "usage: publish_cost FOLDER [WINDOWS [HOSTS]]\n");
    return 2;
  }
  return sluice::run(words[1], count > 2 ? std::atoi(words[2]) : 20,
                     count > 3 ? std::atoi(words[3]) : 2000);
}
