// What the history costs a point, in CPU and in octets of its file.
//
//   cmake --build --preset release --target history_bench && build/release/history_bench [HOSTS]
//   [WINDOWS]
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "store/history.h"

namespace {

using namespace sluice;
using std::chrono::seconds;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

// Series as the packs make them: ages grow by the window, levels wander, counts mostly rest.
class Fleet {
 public:
  explicit Fleet(int hosts) {
    for (int host = 0; host < hosts; ++host) {
      for (const char* leaf :
           {"puppet.age.value", "cpu.busy.mean", "cpu.busy.max", "cpu.user.mean", "cpu.user.max",
            "cpu.system.mean", "cpu.system.max", "load.1m.mean", "load.1m.max",
            "cron.commands.count", "cron.failures.count", "memory.used_percent.mean"}) {
        datapoints_.push_back(
            {.path = fmt::format("sluice.hosts.c{}.host{:05}.{}", host % 100, host, leaf),
             .scope = Scope::kHost});
      }
    }
  }

  const std::vector<Datapoint>& window(std::int64_t start) {
    for (std::size_t i = 0; i < datapoints_.size(); ++i) {
      Datapoint& one = datapoints_[i];
      one.time = Seconds(seconds(start));
      const std::size_t leaf = i % 12;
      if (leaf == 0) one.value += 60;
      if (leaf == 9 || leaf == 10) one.value = random_() % 20 == 0 ? 1 : 0;
      if (leaf != 0 && leaf != 9 && leaf != 10)
        one.value = static_cast<double>(random_() % 10'000) / 100;
    }
    return datapoints_;
  }

 private:
  std::vector<Datapoint> datapoints_;
  std::mt19937_64 random_{1};
};

}  // namespace

int main(int argc, char** argv) {
  const int hosts = argc > 1 ? std::atoi(argv[1]) : 20'000;
  const int windows = argc > 2 ? std::atoi(argv[2]) : 180;
  std::string folder = std::filesystem::temp_directory_path() / "sluice-bench-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return 1;
  constexpr std::int64_t kBase = 1'700'000'000 / 960 * 960;
  double spent = 0;
  double longest = 0;
  HistoryStats stats;
  {
    History history({.file = folder + "/history.db"}, Timestamp(seconds(kBase)));
    Fleet fleet(hosts);
    for (int window = 0; window < windows; ++window) {
      const auto& datapoints = fleet.window(kBase + 60 * window);
      const double begin = cpu_seconds();
      history.put(datapoints, Timestamp(seconds(kBase + 60 * (window + 1))));
      const double took = cpu_seconds() - begin;
      spent += took;
      longest = std::max(longest, took);
    }
    stats = history.stats();
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto points = static_cast<double>(stats.points);
  fmt::print(
      "{} series, {:.0f} points: {:.2f} us of CPU a point, {:.2f} octets a point, longest put "
      "{:.2f} s, "
      "{:.0f} MiB of memory at most, {} cut\n",
      stats.series, points, spent / points * 1e6, static_cast<double>(stats.bytes) / points,
      longest, static_cast<double>(usage.ru_maxrss) / 1024, stats.points_cut);
  std::filesystem::remove_all(folder);
}
