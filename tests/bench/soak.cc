// soak [--hosts N] [--every SECONDS] [--minutes N] [--backlog-minutes N] [--backlog-rate N]
//
// A fleet of N hosts with ten series each and a sign of life, through Aggregator and Publisher
// under a simulated clock: what an hour of it costs in memory and time, and what a backlog of the
// whole fleet does to the windows that are live. No input, no output, one thread.
#include <fmt/core.h>
#include <malloc.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/aggregate/aggregator.h"
#include "sluice/pipeline/publisher.h"

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::int64_t kStart = 1'200'000;  // A multiple of 60, as windows are.
constexpr std::string_view kPresence = "puppet";

// Every number can be set from the command line, under its name there.
struct Options {
  std::int64_t hosts = 20'000;
  std::int64_t every = 60;              // Seconds from one message of a host to its next.
  std::int64_t minutes = 60;            // Of the first phase.
  std::int64_t backlog_minutes = 30;    // How long the hosts are cut off.
  std::int64_t backlog_rate = 500'000;  // Samples of the backlog that come in one second.
};

Metric metric_of(std::string name, MetricType type) {
  return {.name = std::move(name),
          .type = type,
          .host_stats = default_host_stats(type),
          .cluster_stats = default_cluster_stats(type),
          .presence = std::string(kPresence)};
}

// One message gives a sample of each, a mix as the shipped packs have it.
std::vector<Metric> make_metrics() {
  std::vector<Metric> metrics{
      metric_of("run.seconds", MetricType::kTiming),
      metric_of("catalog.seconds", MetricType::kTiming),
      metric_of("cpu.busy", MetricType::kGauge),
      metric_of("memory.used", MetricType::kGauge),
      metric_of("runs.completed", MetricType::kCounter),
      metric_of("events.success", MetricType::kCounter),
      metric_of("events.failure", MetricType::kCounter),
      metric_of("last_success", MetricType::kAge),
      metric_of("nodes", MetricType::kState),
      metric_of("last_run.seconds", MetricType::kGauge),
  };
  metrics[7].limit = hours(2);
  metrics[8].states = {"unchanged", "changed", "failed"};
  metrics[8].ttl = hours(2);
  metrics[9].hold = hours(1);
  return metrics;
}

// Time of this process's threads, not of the clock on the wall: other programs do not count.
Milliseconds cpu_time() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

// A line of /proc/self/status that is in kB, in MiB.
double memory_mib(std::string_view key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::strtod(line.c_str() + key.size() + 1, nullptr) / 1024;
  }
  return 0;
}

double mib(std::size_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

// What one second of simulated time cost.
struct TickCost {
  Milliseconds adding{};      // A worker's part, its parser and rules left out.
  Milliseconds publishing{};  // The control loop's: merge and tick.
  std::size_t datapoints = 0;
};

// The relay between its sockets: messages of a fleet in, datapoints counted and thrown away.
class Fleet {
 public:
  explicit Fleet(const Options& options)
      : options_(options),
        metrics_(make_metrics()),
        aggregator_(AggregatorOptions{}),
        publisher_({.presences = {{std::string(kPresence), minutes(30)}}}, *Paths::make({}),
                   *ClusterMap::make({}, {.patterns = {"^(?P<cluster>[a-z]+\\d\\d)-"}}),
                   at(kStart)) {
    for (std::int64_t i = 0; i < options.hosts; ++i)
      names_.push_back(fmt::format("web{:02}-{:05}.example.com", i % 20, i));
  }

  // One message: a sample of each metric, and the host's sign of life.
  void send(std::int64_t host, std::int64_t second, std::int64_t now) {
    const std::string& name = names_[static_cast<std::size_t>(host)];
    for (const Metric& metric : metrics_) {
      const Sample sample{
          .metric = &metric, .host = name, .value = value_of(metric), .time = at(second)};
      if (!aggregator_.add(sample, at(now))) ++refused_;
    }
    aggregator_.hear(name, kPresence, at(second), at(now));
  }

  // Messages of the hosts whose turn this second is: all hosts once in `every` seconds.
  void send_turn(std::int64_t second, std::int64_t now) {
    for (std::int64_t host = second % options_.every; host < options_.hosts; host += options_.every)
      send(host, second, now);
  }

  // Calls `send_all` and ticks.
  template <typename Send>
  TickCost second(std::int64_t now, Send&& send_all) {
    TickCost cost;
    const Milliseconds begin = cpu_time();
    send_all();
    const Milliseconds sent = cpu_time();
    publisher_.merge(aggregator_.take_delta(), at(now));
    datapoints_ = {};  // As the relay does: they belong to those who deliver them.
    publisher_.tick(at(now), datapoints_);
    cost.adding = sent - begin;
    cost.publishing = cpu_time() - sent;
    cost.datapoints = datapoints_.size();
    return cost;
  }

  // Whether the last tick published the fleet's run count of the window at `start`, and how great.
  [[nodiscard]] std::optional<double> published_runs(std::int64_t start) const {
    const auto found = std::ranges::find_if(datapoints_, [start](const Datapoint& one) {
      return one.time.time_since_epoch().count() == start &&
             one.path == "sluice.all.runs.completed.count";
    });
    return found == datapoints_.end() ? std::nullopt : std::optional(found->value);
  }

  [[nodiscard]] const Publisher& publisher() const { return publisher_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  [[nodiscard]] std::int64_t samples_per_message() const {
    return static_cast<std::int64_t>(metrics_.size());
  }
  [[nodiscard]] static Timestamp at(std::int64_t second) { return Timestamp(seconds(second)); }

 private:
  double value_of(const Metric& metric) {
    if (metric.type == MetricType::kState) return static_cast<double>(dice_() % 3);
    return static_cast<double>(1 + dice_() % 10'000) / 100;
  }

  Options options_;
  std::vector<Metric> metrics_;
  std::vector<std::string> names_;
  Aggregator aggregator_;
  Publisher publisher_;
  std::vector<Datapoint> datapoints_;  // Of the last tick.
  std::minstd_rand dice_;              // The same in every run.
  std::uint64_t refused_ = 0;          // Samples beyond what a tick holds.
};

// Costs of a stretch of time, added up.
class Costs {
 public:
  void add(const TickCost& cost) {
    ++ticks_;
    adding_ += cost.adding;
    publishing_ += cost.publishing;
    slowest_ = std::max(slowest_, cost.publishing);
    datapoints_ += cost.datapoints;
  }

  void print() const {
    const double simulated_minutes = static_cast<double>(ticks_) / 60;
    fmt::print(
        "  CPU per simulated minute   {:.2f} s ({:.2f} s adding samples, {:.2f} s merging and "
        "publishing)\n",
        (adding_ + publishing_).count() / 1000 / simulated_minutes,
        adding_.count() / 1000 / simulated_minutes, publishing_.count() / 1000 / simulated_minutes);
    fmt::print("  slowest tick               {:.0f} ms\n", slowest_.count());
    fmt::print("  datapoints                 {} in {} ticks\n", datapoints_, ticks_);
  }

 private:
  std::int64_t ticks_ = 0;
  Milliseconds adding_{};
  Milliseconds publishing_{};
  Milliseconds slowest_{};
  std::uint64_t datapoints_ = 0;
};

void print_state(const Fleet& fleet, std::int64_t now) {
  const Publisher& publisher = fleet.publisher();
  const Stats& stats = publisher.stats();
  fmt::print("  VmRSS, VmHWM               {:.0f} MiB, {:.0f} MiB\n", memory_mib("VmRSS:"),
             memory_mib("VmHWM:"));
  const auto heap = mallinfo2();
  fmt::print("  in use, free in the heap   {:.0f} MiB, {:.0f} MiB\n",
             mib(heap.uordblks + heap.hblkhd), mib(heap.fordblks));
  fmt::print("  bytes of the store         {:.0f} MiB in {} windows ({} cut)\n",
             mib(publisher.store().bytes()), publisher.store().windows().size(),
             publisher.store().windows_cut());
  fmt::print("  effective horizon          {} s\n",
             publisher.store().effective_horizon(Fleet::at(now)).count());
  fmt::print("  hosts, series              {}, {}\n", publisher.host_count(),
             publisher.series_count());
  fmt::print("  samples refused            {} tick full, {} store full, {} too late\n",
             fleet.refused(), stats.samples_dropped_store_full, stats.samples_dropped_too_late);
}

// Every host sends as it does. Returns the second at which the phase ended.
std::int64_t run_live(Fleet& fleet, const Options& options) {
  Costs costs;
  const std::int64_t end = kStart + options.minutes * 60;
  for (std::int64_t now = kStart + 1; now <= end; ++now)
    costs.add(fleet.second(now, [&] { fleet.send_turn(now - 1, now); }));
  fmt::print("{} hosts, a message with {} samples every {} s, {} minutes:\n", options.hosts,
             fleet.samples_per_message(), options.every, options.minutes);
  costs.print();
  print_state(fleet, end);
  return end;
}

// Nothing comes while the relay runs on. Returns when that ended.
std::int64_t run_cut_off(Fleet& fleet, const Options& options, std::int64_t begin) {
  Costs costs;
  const std::int64_t end = begin + options.backlog_minutes * 60;
  for (std::int64_t now = begin + 1; now <= end; ++now) costs.add(fleet.second(now, [] {}));
  fmt::print("no message for {} minutes:\n", options.backlog_minutes);
  costs.print();
  print_state(fleet, end);
  return end;
}

// How late live windows came, where a relay that has one core for all of this falls behind by
// what a tick costs beyond its second.
class Delays {
 public:
  // Of windows that begin after `last`.
  explicit Delays(std::int64_t last) : last_(last) {}

  // After the tick at `now`.
  void add(const Fleet& fleet, const TickCost& cost, std::int64_t now) {
    const Milliseconds spent = behind_ + cost.adding + cost.publishing;
    const std::int64_t start = (now - 65) / 60 * 60;  // The youngest window whose grace is over.
    if (start > last_ && fleet.published_runs(start)) {
      last_ = start;
      ++windows_;
      ticks_ = std::max(ticks_, now - (start + 65));
      longest_ = std::max(longest_, spent);
    }
    behind_ = std::max(Milliseconds(0), spent - Milliseconds(1000));
    furthest_ = std::max(furthest_, behind_);
  }

  void print() const {
    fmt::print("  live windows               {} published, at most {} ticks late\n", windows_,
               ticks_);
    fmt::print("  from due to published      at most {:.0f} ms of CPU\n", longest_.count());
    fmt::print("  behind the clock           at most {:.0f} ms\n", furthest_.count());
  }

 private:
  std::int64_t last_;
  std::int64_t windows_ = 0;
  std::int64_t ticks_ = 0;
  Milliseconds behind_{};
  Milliseconds longest_{};
  Milliseconds furthest_{};
};

// What the hosts kept while they were cut off, oldest first.
class Backlog {
 public:
  Backlog(const Options& options, std::int64_t begin, std::int64_t end)
      : options_(options), end_(end), second_(begin), host_(begin % options.every) {}

  // Sends the next `messages` of it.
  void send(Fleet& fleet, std::int64_t messages, std::int64_t now) {
    while (messages > 0 && !is_empty()) {
      if (host_ < options_.hosts) {
        fleet.send(host_, second_, now);
        host_ += options_.every;
        --messages;
      } else {
        ++second_;
        host_ = second_ % options_.every;
      }
    }
  }

  [[nodiscard]] bool is_empty() const { return second_ >= end_; }

 private:
  Options options_;
  std::int64_t end_;
  std::int64_t second_;  // Of the next message.
  std::int64_t host_;    // Whose turn it is.
};

// A backlog comes at once, as fast as `backlog_rate` lets it, beside what is live: 10 s before the
// first live window is due, so that the window falls into it.
void run_backlog(Fleet& fleet, const Options& options, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kWatched = 600;
  constexpr std::int64_t kLiveBefore = 55;
  Costs costs;
  Delays delays(end - 60);
  Backlog backlog(options, begin, end);
  const std::int64_t messages = options.backlog_rate / fleet.samples_per_message();
  std::int64_t drained = 0;
  for (std::int64_t now = end + 1; now <= end + kWatched; ++now) {
    const TickCost cost = fleet.second(now, [&] {
      fleet.send_turn(now - 1, now);
      if (now > end + kLiveBefore) backlog.send(fleet, messages, now);
    });
    if (drained == 0 && backlog.is_empty()) drained = now - end - kLiveBefore;
    costs.add(cost);
    delays.add(fleet, cost, now);
  }
  fmt::print("the backlog of {} minutes, {} samples a second, beside live ones; {} minutes:\n",
             options.backlog_minutes, options.backlog_rate, kWatched / 60);
  fmt::print("  its last message           in second {}\n", drained);
  costs.print();
  delays.print();
  print_state(fleet, end + kWatched);
}

// Fails, having said why, on anything it does not know.
bool read_options(int argc, char** argv, Options& options) {
  const std::map<std::string_view, std::int64_t*> known{
      {"--hosts", &options.hosts},
      {"--every", &options.every},
      {"--minutes", &options.minutes},
      {"--backlog-minutes", &options.backlog_minutes},
      {"--backlog-rate", &options.backlog_rate}};
  for (int i = 1; i < argc; i += 2) {
    const auto option = known.find(argv[i]);
    const std::string_view text = i + 1 < argc ? argv[i + 1] : "";
    if (option == known.end()) {
      fmt::print(stderr, "soak: unknown option {}\n", argv[i]);
      return false;
    }
    const auto [rest, error] =
        std::from_chars(text.data(), text.data() + text.size(), *option->second);
    if (error != std::errc() || rest != text.data() + text.size() || *option->second < 1) {
      fmt::print(stderr, "soak: {}: expected a number above 0, got \"{}\"\n", argv[i], text);
      return false;
    }
  }
  return true;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  sluice::Options options;
  if (!sluice::read_options(argc, argv, options)) return 2;
  mallopt(M_MMAP_THRESHOLD, 8 << 20);  // As the relay does.
  sluice::Fleet fleet(options);
  const std::int64_t cut_off = sluice::run_live(fleet, options);
  const std::int64_t back = sluice::run_cut_off(fleet, options, cut_off);
  sluice::run_backlog(fleet, options, cut_off, back);
  return 0;
}
