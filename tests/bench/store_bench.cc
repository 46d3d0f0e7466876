// What the spool and the journal cost: the figures of docs/performance.md.
//
//   cmake --build --preset release --target store_bench
//   build/release/store_bench put FOLDER [DATAPOINTS]
//     fills FOLDER/spool.db, with 10 million by default
//   build/release/store_bench drain FOLDER
//     opens it, takes and acknowledges all of it
//   build/release/store_bench journal FOLDER
//     writes ticks of 20,000 series into FOLDER/journal.db
//
// Each is a process of its own, so that the greatest memory is that of one of them.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/values/delta_encoding.h"
#include "store/journal.h"
#include "store/spool.h"

namespace sluice {
namespace {

constexpr std::int64_t kStart = 1'700'000'040;
constexpr std::int64_t kWindows = 100;
constexpr int kHosts = 2500;
constexpr int kMetrics = 8;  // Of each host.

struct Moment {
  double cpu = 0;
  double real = 0;
};

double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

Moment now() { return {seconds_of(CLOCK_PROCESS_CPUTIME_ID), seconds_of(CLOCK_MONOTONIC)}; }

Moment since(const Moment& begin) {
  const Moment end = now();
  return {end.cpu - begin.cpu, end.real - begin.real};
}

Timestamp at_second(std::int64_t second) { return Timestamp(std::chrono::seconds(second)); }

Seconds window_at(std::int64_t number) {
  return Seconds(std::chrono::seconds(kStart + number * 60));
}

std::string memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return line.substr(line.find_first_of("0123456789"));
  return "unknown";
}

SpoolOptions options_of(const std::string& folder) {
  return {.file = folder + "/spool.db",
          .bytes_max = std::uint64_t{8} << 30,
          .age_max = std::chrono::hours(24),
          .replay_window = std::chrono::seconds(0)};
}

void fill(const std::string& folder, std::uint64_t count) {
  Spool spool(options_of(folder), at_second(kStart));
  Moment sum;
  for (std::int64_t window = 0; window < kWindows; ++window) {
    std::vector<Datapoint> datapoints;
    for (std::uint64_t i = 0; i < count / kWindows; ++i)
      datapoints.push_back(
          {.path = fmt::format("sluice.hosts.web{:05}.puppet.run{:02}.count", i / 20, i % 20),
           .value = static_cast<double>(i % 1000) / 8,
           .time = window_at(window),
           .version = static_cast<std::uint64_t>(window) + 1});
    const Moment begin = now();
    spool.put(datapoints, static_cast<std::uint64_t>(window) + 1);
    const Moment took = since(begin);
    sum = {sum.cpu + took.cpu, sum.real + took.real};
  }
  spool.sync();
  const auto size = std::filesystem::file_size(folder + "/spool.db");
  const auto put = static_cast<double>(spool.stats().put);
  fmt::print("put: {:.0f} datapoints, {:.2f} us CPU each, {:.1f} s, {:.0f} octets each on disk\n",
             put, sum.cpu / put * 1e6, sum.real, static_cast<double>(size) / put);
}

void drain(const std::string& folder) {
  const Moment begin = now();
  const Timestamp time = at_second(kStart + kWindows * 60);
  Spool spool(options_of(folder), time);
  fmt::print("open: {:.0f} ms\n", since(begin).real * 1e3);
  const Moment opened = now();
  while (spool.take(time)) spool.acknowledge(time);
  const Moment took = since(opened);
  const auto count = static_cast<double>(spool.stats().acknowledged);
  fmt::print("take and acknowledge: {:.0f} datapoints, {:.2f} us CPU each, {:.1f} s; at most {}\n",
             count, took.cpu / count * 1e6, took.real, memory());
}

// A tick in which each series of each host had one sample.
Delta tick_delta(std::int64_t second) {
  Delta delta;
  for (int i = 0; i < kMetrics; ++i)
    delta.metrics.push_back({.name = fmt::format("puppet.run{}", i),
                             .type = MetricType::kTiming,
                             .host_stats = {Stat::kMean}});
  delta.rules = {"puppet-agent/applied"};
  for (int i = 0; i < kHosts; ++i) {
    Delta::Host host{.name = fmt::format("web{:05}", i), .last_heard = at_second(second)};
    for (std::uint32_t metric = 0; metric < kMetrics; ++metric) {
      Summary summary(true);
      summary.add(1.25 + i % 100, at_second(second));
      host.entries.push_back(
          {.metric = metric, .window = window_at(0), .summary = std::move(summary)});
    }
    delta.hosts.push_back(std::move(host));
  }
  delta.sample_count = std::uint64_t{kHosts} * kMetrics;
  return delta;
}

bool keep_journal(const std::string& folder) {
  constexpr int kTicks = 30;
  Journal journal({.file = folder + "/journal.db"}, at_second(kStart));
  if (!journal.checkpoint({.sequence = 0, .state = "", .windows = {}, .living = {}},
                          at_second(kStart)))
    return false;
  Moment encoding;
  Moment appending;
  Moment decoding;
  std::size_t bytes = 0;
  for (int tick = 1; tick <= kTicks; ++tick) {
    const Delta delta = tick_delta(kStart + tick);
    Moment begin = now();
    const std::string encoded = encode_delta(delta);
    encoding.cpu += since(begin).cpu;
    bytes += encoded.size();
    begin = now();
    const JournalRow row{.sequence = static_cast<std::uint64_t>(tick),
                         .time = at_second(kStart + tick),
                         .kind = 1,
                         .bytes = encoded};
    if (!journal.append({&row, 1}, row.time)) return false;
    const Moment took = since(begin);
    appending = {appending.cpu + took.cpu, appending.real + took.real};
    begin = now();
    if (!decode_delta(encoded)) return false;
    decoding.cpu += since(begin).cpu;
  }
  constexpr double kEach = 1e3 / kTicks;
  fmt::print(
      "journal, a tick of {} series: {} octets; CPU: encode {:.1f} ms, append {:.1f} ms, "
      "decode {:.1f} ms; append takes {:.1f} ms\n",
      kHosts * kMetrics, bytes / kTicks, encoding.cpu * kEach, appending.cpu * kEach,
      decoding.cpu * kEach, appending.real * kEach);
  return true;
}

}  // namespace
}  // namespace sluice

int main(int count, char** arguments) {
  const std::string_view what = count > 2 ? arguments[1] : "";
  if (what == "put") {
    constexpr std::uint64_t kDatapoints = 10'000'000;
    sluice::fill(arguments[2], count > 3 ? std::strtoull(arguments[3], nullptr, 10) : kDatapoints);
    return 0;
  }
  if (what == "drain") {
    sluice::drain(arguments[2]);
    return 0;
  }
  if (what == "journal") return sluice::keep_journal(arguments[2]) ? 0 : 1;
  fmt::print(stderr,
             "usage: store_bench put FOLDER [DATAPOINTS] | drain FOLDER | journal FOLDER\n");
  return 2;
}
