// The steps of one line, each by itself: framing, parse, match, add, merge, publish.
#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/pack_files.h"
#include "sluice/aggregate/aggregator.h"
#include "sluice/base/check.h"
#include "sluice/pipeline/publisher.h"
#include "sluice/rules/matcher.h"
#include "sluice/syslog/framer.h"
#include "sluice/syslog/parser.h"
#include "workload.h"

namespace sluice {
namespace {

constexpr std::size_t kLines = 10'000;
constexpr std::size_t kHosts = 2000;
constexpr Timestamp kNow{std::chrono::seconds(1'732'233'600)};

const Metric kTiming{.name = "run.seconds",
                     .type = MetricType::kTiming,
                     .host_stats = default_host_stats(MetricType::kTiming),
                     .cluster_stats = default_cluster_stats(MetricType::kTiming)};

std::string workload(bench::LineFormat format, bool counts_octets = false) {
  return bench::make_workload({.lines = kLines,
                               .hosts = kHosts,
                               .format = format,
                               .counts_octets = counts_octets,
                               .start = 1'732'233'600});
}

std::vector<std::string_view> lines_of(std::string_view all) {
  std::vector<std::string_view> lines;
  while (!all.empty()) {
    const std::size_t end = all.find('\n');
    lines.push_back(all.substr(0, end));
    all.remove_prefix(end + 1);
  }
  return lines;
}

void count_lines(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kLines));
}

void framing(benchmark::State& state) {
  const std::string all = workload(bench::LineFormat::kRfc3164, state.range(0) != 0);
  for (auto _ : state) {
    Framer framer({});
    framer.feed(all);
    std::array<Frame, 32> frames;
    while (framer.next_plain(frames) > 0) benchmark::DoNotOptimize(frames);
  }
  count_lines(state);
}
BENCHMARK(framing)->ArgName("counted")->Arg(0)->Arg(1);

void parse(benchmark::State& state) {
  const std::string all =
      workload(state.range(0) == 5424 ? bench::LineFormat::kRfc5424 : bench::LineFormat::kRfc3164);
  const auto lines = lines_of(all);
  Record record;
  for (auto _ : state) {
    for (const std::string_view line : lines) benchmark::DoNotOptimize(parse_message(line, record));
  }
  count_lines(state);
}
BENCHMARK(parse)->ArgName("rfc")->Arg(3164)->Arg(5424);

void match(benchmark::State& state) {
  Config config;
  config.packs.clear();
  const std::string folder = SLUICE_SOURCE_DIR;
  config.rules = {folder + (state.range(0) != 0 ? "/rules/*.json" : "/tests/bench/rules.json")};
  const auto packs = load_packs(config);
  SLUICE_CHECK(packs.has_value(), "the packs of the source tree can be read");
  Matcher matcher(*RuleSet::compile(*packs), {});
  const std::string all = workload(bench::LineFormat::kRfc3164);
  std::vector<Record> records;
  for (const std::string_view line : lines_of(all)) parse_message(line, records.emplace_back());
  std::vector<Sample> samples;
  for (auto _ : state) {
    for (const Record& record : records) {
      samples.clear();
      benchmark::DoNotOptimize(matcher.match(
          {.record = record, .host = record.hostname, .time = kNow, .now = kNow}, samples));
    }
  }
  count_lines(state);
}
BENCHMARK(match)->ArgName("all_packs")->Arg(0)->Arg(1);

std::vector<std::string> host_names() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kHosts; ++i)
    names.push_back("web" + std::to_string(i) + ".example.net");
  return names;
}

void fill(Aggregator& aggregator, const std::vector<std::string>& hosts) {
  for (std::size_t i = 0; i < kLines; ++i) {
    const Sample sample{.metric = &kTiming, .host = hosts[i % kHosts], .value = 1.5, .time = kNow};
    SLUICE_CHECK(aggregator.add(sample, kNow), "a tick has room for so few");
  }
}

void add(benchmark::State& state) {
  const auto hosts = host_names();
  Aggregator aggregator({});
  for (auto _ : state) {
    fill(aggregator, hosts);
    benchmark::DoNotOptimize(aggregator.take_delta());
  }
  count_lines(state);
}
BENCHMARK(add);

std::unique_ptr<Publisher> make_publisher() {
  auto clusters = ClusterMap::make({}, {.patterns = {"^(?P<cluster>[a-z]+)"}});
  return std::make_unique<Publisher>(PublisherOptions{}, *Paths::make({}), *clusters, kNow);
}

// A tick's delta of every host, into a store that knows them.
void merge(benchmark::State& state) {
  const auto hosts = host_names();
  Aggregator aggregator({});
  const auto publisher = make_publisher();
  for (auto _ : state) {
    state.PauseTiming();
    fill(aggregator, hosts);
    Delta delta = aggregator.take_delta();
    state.ResumeTiming();
    publisher->merge(std::move(delta), kNow);
  }
  count_lines(state);
}
BENCHMARK(merge);

// A window of every host becomes datapoints.
void publish(benchmark::State& state) {
  const auto hosts = host_names();
  for (auto _ : state) {
    state.PauseTiming();
    Aggregator aggregator({});
    const auto publisher = make_publisher();
    fill(aggregator, hosts);
    publisher->merge(aggregator.take_delta(), kNow);
    std::vector<Datapoint> datapoints;
    state.ResumeTiming();
    publisher->tick(kNow + std::chrono::seconds(70), datapoints);
    benchmark::DoNotOptimize(datapoints);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kHosts));
}
BENCHMARK(publish);

}  // namespace
}  // namespace sluice

BENCHMARK_MAIN();
