// What a graph shows after writes of the history failed, after a restart, and when the clock was
// put back: a number that was published for this path and time, or none.
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/history_world.h"
#include "store/scratch_folder.h"
#include "store/small_disk.h"

namespace sluice {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kBlock = History::kWindowsPerBlock;

// Hosts go back two blocks, the fleet twenty.
HistoryOptions options_in(const ScratchFolder& folder) {
  return {.file = folder.file("history.db"),
          .clusters = seconds(20 * kBlock * 60),
          .hosts = seconds(2 * kBlock * 60)};
}

Datapoint host_point(const std::string& name, std::int64_t window, double value) {
  return point("hosts." + name, window, value, Scope::kHost);
}

void put_failing(History& history, const std::vector<Datapoint>& datapoints, std::int64_t window) {
  const SmallDisk full(1);
  const std::uint64_t failures = history.stats().failures;
  put(history, datapoints, window);
  REQUIRE(history.stats().failures == failures + 1);
}

// Windows with a point, "20=7".
Lines points_of(const History& history, const std::string& path, std::int64_t now_window) {
  const SeriesAnswer answer = history.series(
      {.path = glob(path), .from = window_start(0), .until = window_start(now_window + 1)},
      Timestamp(window_start(now_window)));
  REQUIRE(answer.series.size() <= 1);
  Lines lines;
  for (std::size_t i = 0; !answer.series.empty() && i < answer.series[0].values.size(); ++i) {
    const auto window =
        (answer.from - window_start(0)) / answer.step + static_cast<std::int64_t>(i);
    if (const auto value = answer.series[0].values[i])
      lines.push_back(std::to_string(window) + '=' + std::to_string(static_cast<int>(*value)));
  }
  return lines;
}

// Of all series.
std::uint64_t count_points(const History& history, std::int64_t now_window) {
  const SeriesAnswer answer = history.series({.path = glob("*.*"),
                                              .from = window_start(0),
                                              .until = window_start(now_window + 1),
                                              .limit = 1000},
                                             Timestamp(window_start(now_window)));
  REQUIRE_FALSE(answer.is_truncated);
  std::int64_t count = 0;
  for (const auto& one : answer.series)
    count += std::ranges::count_if(one.values, [](const auto& value) { return value.has_value(); });
  return static_cast<std::uint64_t>(count);
}

bool has_point_of_host(const SeriesAnswer& answer) {
  return std::ranges::any_of(answer.series, [](const auto& series) {
    return series.path.starts_with("h.") &&
           std::ranges::any_of(series.values, [](const auto& value) { return value.has_value(); });
  });
}

// Everything that was ever put, to compare what is shown with.
class Published {
 public:
  // Each value is another one, so that a wrong one shows wherever it comes from.
  Datapoint next(const std::string& path, std::int64_t window, Scope scope) {
    return point(path, window, ++last_value_, scope);
  }
  void note(const Datapoint& datapoint, bool is_kept) {
    auto& values = by_point_[{datapoint.path, datapoint.time}];
    if (is_kept) values.clear();  // From now on no older one may be shown.
    values.push_back(datapoint.value);
    if (is_kept && datapoint.scope != Scope::kHost)
      kept_of_clusters_.insert({datapoint.path, datapoint.time});
  }
  void let_clusters_go() { kept_of_clusters_.clear(); }
  // What an answer must show, from `oldest` on, and does not.
  [[nodiscard]] Lines missing_of(const SeriesAnswer& answer, Seconds oldest) const {
    std::set<std::pair<std::string, Seconds>> shown;
    for (const auto& series : answer.series) {
      for (std::size_t i = 0; i < series.values.size(); ++i) {
        if (series.values[i])
          shown.insert({series.path, answer.from + answer.step * static_cast<std::int64_t>(i)});
      }
    }
    Lines missing;
    for (const auto& [path, time] : kept_of_clusters_) {
      const bool is_asked = time >= std::max(oldest, answer.from) && time < answer.until;
      if (is_asked && !shown.contains({path, time}))
        missing.push_back(path + ' ' + std::to_string((time - window_start(0)) / answer.step));
    }
    return missing;
  }
  // What an answer shows that it must not.
  [[nodiscard]] Lines wrong_of(const SeriesAnswer& answer) const {
    Lines wrong;
    for (const auto& series : answer.series) {
      for (std::size_t i = 0; i < series.values.size(); ++i) {
        const Seconds time = answer.from + answer.step * static_cast<std::int64_t>(i);
        if (const auto value = series.values[i]; value && !may_be(series.path, time, *value)) {
          wrong.push_back(series.path + ' ' +
                          std::to_string((time - window_start(0)) / answer.step) + '=' +
                          std::to_string(*value));
        }
      }
    }
    return wrong;
  }

 private:
  [[nodiscard]] bool may_be(const std::string& path, Seconds time, double value) const {
    const auto found = by_point_.find({path, time});
    return found != by_point_.end() &&
           std::ranges::find(found->second, value) != found->second.end();
  }

  double last_value_ = 0;
  std::map<std::pair<std::string, Seconds>, std::vector<double>> by_point_;
  std::set<std::pair<std::string, Seconds>> kept_of_clusters_;
};

}  // namespace

TEST_CASE("a series that is forgotten in a write that failed leaves no points to the next one",
          "[store][history]") {
  const ScratchFolder folder;
  auto history = std::make_unique<History>(options_in(folder), Timestamp(window_start(0)));
  put(*history, {host_point("old", 3, 1), host_point("live", 3, 1)}, 4);
  for (std::int64_t block = 1; block < 3; ++block)
    put(*history, {host_point("live", block * kBlock, 1)}, block * kBlock);
  put_failing(*history, {host_point("live", 3 * kBlock, 1)}, 3 * kBlock);
  const bool is_restarted = GENERATE(false, true);
  CAPTURE(is_restarted);
  if (is_restarted) {
    put(*history, {host_point("live", 3 * kBlock + 1, 1)}, 3 * kBlock + 1);
    history.reset();
    history =
        std::make_unique<History>(options_in(folder), Timestamp(window_start(3 * kBlock + 1)));
  }
  put(*history, {host_point("new", 3 * kBlock + 2, 9)}, 3 * kBlock + 2);
  CHECK(points_of(*history, "hosts.new", 3 * kBlock + 2) == Lines{"50=9"});
  put(*history, {host_point("new", 4 * kBlock, 9)}, 4 * kBlock);
  CHECK(points_of(*history, "hosts.new", 4 * kBlock) == Lines{"50=9", "64=9"});
}

TEST_CASE("a block whose end could not be written is not lost, and its series are not silent",
          "[store][history]") {
  const ScratchFolder folder;
  auto history = std::make_unique<History>(options_in(folder), Timestamp(window_start(0)));
  put(*history, {host_point("live", 0, 1)}, 0);
  put(*history, {host_point("live", 16, 1), host_point("brief", 17, 5)}, 17);
  put_failing(*history, {host_point("live", 32, 1)}, 32);
  put(*history, {host_point("live", 33, 1)}, 33);
  const bool is_restarted = GENERATE(false, true);
  CAPTURE(is_restarted);
  if (is_restarted) {
    history.reset();
    history = std::make_unique<History>(options_in(folder), Timestamp(window_start(33)));
    CHECK(points_of(*history, "hosts.brief", 33) == Lines{"17=5"});
  }
  put(*history, {host_point("live", 48, 1), host_point("new", 48, 9)}, 48);
  CHECK(points_of(*history, "hosts.new", 48) == Lines{"48=9"});
  CHECK(points_of(*history, "hosts.brief", 48) == Lines{"17=5"});
}

TEST_CASE("a correction stays, though the end of its block could not be written before it",
          "[store][history]") {
  const ScratchFolder folder;
  auto history = std::make_unique<History>(options_in(folder), Timestamp(window_start(0)));
  put(*history, {host_point("a", 20, 1)}, 21);
  put_failing(*history, {host_point("b", 32, 2)}, 33);
  put(*history, {host_point("a", 20, 7)}, 34);
  const bool is_restarted = GENERATE(false, true);
  CAPTURE(is_restarted);
  if (is_restarted) {
    history.reset();
    history = std::make_unique<History>(options_in(folder), Timestamp(window_start(34)));
  }
  CHECK(points_of(*history, "hosts.a", 34) == Lines{"20=7"});
  put(*history, {host_point("a", 48, 3)}, 49);
  CHECK(points_of(*history, "hosts.a", 49) == Lines{"20=7", "48=3"});
}

TEST_CASE("a bound that cuts after a block's end could not be written takes hosts, not clusters",
          "[store][history]") {
  const ScratchFolder folder;
  HistoryOptions options = options_in(folder);
  options.bytes_max = 60'000;
  auto history = std::make_unique<History>(options, Timestamp(window_start(0)));
  put(*history, {point("c.a", 20, 7), host_point("brief", 20, 1)}, 21);
  put_failing(*history, {point("c.a", 32, 8)}, 33);
  for (std::int64_t window = 33; window < 45; ++window) {
    std::vector<Datapoint> hosts;
    for (int host = 0; host < 300; ++host)
      hosts.push_back(host_point(std::to_string(host), window,
                                 0.37 * static_cast<double>(window * 300 + host)));
    put(*history, hosts, window);
  }
  const HistoryStats stats = history->stats();
  CHECK(points_of(*history, "hosts.brief", 44).empty());
  CHECK(stats.points_cut == stats.points - count_points(*history, 44));
  const bool is_restarted = GENERATE(false, true);
  CAPTURE(is_restarted);
  if (is_restarted) {
    history.reset();
    history = std::make_unique<History>(options, Timestamp(window_start(44)));
  }
  CHECK(points_of(*history, "c.a", 44) == Lines{"20=7", "32=8"});
}

TEST_CASE("a correction that the bound cuts does not bring back what it corrected",
          "[store][history]") {
  const ScratchFolder folder;
  const auto open = [&](std::uint64_t bytes_max) {
    HistoryOptions options = options_in(folder);
    options.bytes_max = bytes_max;
    return std::make_unique<History>(options, Timestamp(window_start(34)));
  };
  auto history = open(1 << 20);
  put(*history, {host_point("a", 20, 1)}, 21);
  put_failing(*history, {host_point("b", 32, 2)}, 33);
  put(*history, {host_point("a", 20, 7)}, 34);
  history.reset();
  history = open(1);
  put(*history, {point("c.a", 34, 3)}, 35);
  REQUIRE(history->stats().points_cut > 0);
  CHECK(points_of(*history, "hosts.a", 35).empty());
  history.reset();
  history = open(1 << 20);
  CHECK(points_of(*history, "hosts.a", 35).empty());
  put(*history, {point("c.a", 48, 3)}, 49);
  CHECK(points_of(*history, "hosts.a", 49).empty());
}

TEST_CASE("the last value is the corrected one, though the end of its block could not be written",
          "[store][history]") {
  const ScratchFolder folder;
  auto history = std::make_unique<History>(options_in(folder), Timestamp(window_start(0)));
  put(*history, {point("c.a", 20, 1)}, 21);
  put_failing(*history, {point("c.b", 32, 2)}, 33);
  put(*history, {point("c.a", 20, 7)}, 34);
  history.reset();
  history = std::make_unique<History>(options_in(folder), Timestamp(window_start(34)));
  CHECK(history->last_values("c", 1)[0].value == 7.0);
}

TEST_CASE("last values are known after a restart, though the first series is gone",
          "[store][history]") {
  const ScratchFolder folder;
  auto history = std::make_unique<History>(options_in(folder), Timestamp(window_start(0)));
  put(*history, {point("c.gone", 0, 1), point("c.gone_too", 0, 1), point("c.stays", 0, 2)}, 1);
  for (std::int64_t block = 1; block < 24; ++block)
    put(*history, {point("c.stays", block * kBlock, 3)}, block * kBlock + 1);
  REQUIRE(history->stats().series == 1);
  // The block of c.stays is over.
  put(*history, {point("d.comes", 24 * kBlock, 4)}, 24 * kBlock + 1);
  history.reset();
  history = std::make_unique<History>(options_in(folder), Timestamp(window_start(24 * kBlock + 1)));
  REQUIRE(history->stats().series == 2);
  CHECK(history->last_values("c", 1)[0].value == 3.0);
}

TEST_CASE("a last window that has not begun is no last window: the clock was put back",
          "[store][history]") {
  const ScratchFolder folder;
  History history(options_in(folder), Timestamp(window_start(0)));
  put(history, {point("s.all.a", 100, 5)}, 101);
  const auto last = [&](std::int64_t now_window) {
    const auto window =
        history.last_window("s.all", Timestamp(window_start(now_window)), std::chrono::hours(3));
    return window ? window->values : std::map<std::string, double>{};
  };
  CHECK(last(101) == std::map<std::string, double>{{"a", 5}});
  CHECK(last(10).empty());
  put(history, {point("s.all.a", 10, 1)}, 11);
  CHECK(last(11) == std::map<std::string, double>{{"a", 1}});
  CHECK(history.last_values("s.all", 1)[0].value == 1.0);
  CHECK(last(200).empty());  // Too long ago.
}

TEST_CASE("names of hosts that come and go do not pile up, and survive restarts",
          "[store][history]") {
  const ScratchFolder folder;
  auto history = std::make_unique<History>(options_in(folder), Timestamp(window_start(0)));
  for (std::int64_t block = 0; block < 60; ++block) {
    const std::int64_t window = block * kBlock;
    std::vector<Datapoint> datapoints{host_point("stays", window, 1)};
    for (int i = 0; i < 40; ++i)
      datapoints.push_back(host_point(std::to_string(block) + '-' + std::to_string(i), window, i));
    put(*history, datapoints, window);
    if (block % 7 != 0) continue;
    const std::uint64_t series = history->stats().series;
    history.reset();
    history = std::make_unique<History>(options_in(folder), Timestamp(window_start(window)));
    CHECK(history->take_notices().empty());
    CHECK(history->stats().series == series);
    CHECK(points_of(*history, "hosts." + std::to_string(block) + "-39", window) ==
          Lines{std::to_string(window) + "=39"});
  }
  // Two blocks are kept, and some more until the next begins.
  CHECK(history->stats().series <= 1 + 4 * 40);
  history.reset();
  auto database = Database::open({.path = folder.file("history.db"),
                                  .application_id = 0x736c6831,
                                  .schema_version = 3,
                                  .schema = ""},
                                 Timestamp(window_start(0)));
  REQUIRE(database);
  // 2,400 names of 12 octets came.
  CHECK(*database->read_number("SELECT total(length(bytes)) FROM names") < 6'000);
}

TEST_CASE("a history in which two series have one name is moved aside", "[store][history]") {
  const ScratchFolder folder;
  {
    History history(options_in(folder), Timestamp(window_start(0)));
    put(history, {host_point("a", 0, 1), host_point("b", 0, 2)}, 0);
  }
  {
    auto database = Database::open({.path = folder.file("history.db"),
                                    .application_id = 0x736c6831,
                                    .schema_version = 3,
                                    .schema = ""},
                                   Timestamp(window_start(0)));
    REQUIRE(database);
    // Numbers 0 and 1 of the hosts: "hosts.a", and all seven octets of the one before.
    REQUIRE(database->execute("UPDATE names SET bytes = x'010007686f7374732e6103070000'"));
  }
  History history(options_in(folder), Timestamp(window_start(1)));
  REQUIRE(history.take_notices().size() == 1);
  CHECK(history.stats().series == 0);
}

TEST_CASE(
    "whatever fails, restarts, is cut and comes late, what is shown was published for that point",
    "[store][history]") {
  const auto seed = GENERATE(range(1u, 21u));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t count) {
    return static_cast<std::int64_t>(random() % count);
  };
  const ScratchFolder folder;
  HistoryOptions options = options_in(folder);
  options.series_max = 40;
  // Room for names alone, for some blocks, and for all.
  const std::array<std::uint64_t, 4> bounds{16'000, 32'000, 48'000, 1 << 30};
  const auto draw_bound = [&] { options.bytes_max = bounds[random() % bounds.size()]; };
  draw_bound();
  auto history = std::make_unique<History>(options, Timestamp(window_start(0)));
  Published published;
  std::int64_t now = 0;
  std::int64_t newest = 0;
  std::int64_t outage = 0;  // Publications that will fail.
  for (int step = 0; step < 300; ++step) {
    now += below(8) == 0 ? below(20) : 1;
    if (below(60) == 0) now = std::max<std::int64_t>(0, now - below(100));
    if (outage == 0 && below(20) == 0) outage = 1 + below(below(2) == 0 ? 3 : 40);
    std::vector<Datapoint> datapoints;
    for (std::int64_t i = below(6); i >= 0; --i) {
      // Hosts come and go: their names move on with time.
      const bool is_host = below(4) != 0;
      const std::string path =
          is_host ? "h." + std::to_string(now / 24 + below(12)) : "c." + std::to_string(below(5));
      const std::int64_t window = std::max<std::int64_t>(1, now - (below(3) == 0 ? below(60) : 0));
      datapoints.push_back(published.next(path, window, is_host ? Scope::kHost : Scope::kAll));
    }
    const HistoryStats before = history->stats();
    {
      std::optional<SmallDisk> full;
      if (outage > 0) full.emplace(1);
      put(*history, datapoints, now);
    }
    outage -= outage > 0 ? 1 : 0;
    const HistoryStats after = history->stats();
    const bool is_written = after.failures == before.failures;
    newest = std::max(newest, now);
    for (const Datapoint& one : datapoints) {
      const auto kept = one.scope == Scope::kHost ? options.hosts : options.clusters;
      published.note(one, is_written && after.points_refused == before.points_refused &&
                              one.time >= window_start(now) - kept);
    }
    if (below(25) == 0) {
      history.reset();
      draw_bound();
      history = std::make_unique<History>(options, Timestamp(window_start(now)));
      REQUIRE(history->take_notices().empty());
    }
    const SeriesAnswer answer =
        history->series({.path = glob("*.*"),
                         .from = window_start(0),
                         .until = window_start(now + 200),
                         .limit = 100},
                        Timestamp(window_start(now + below(2) * below(100))));
    INFO("step " << step);
    REQUIRE(published.wrong_of(answer) == Lines{});
    if (!is_written) continue;
    // A cut may reach clusters only when it has left no host's point.
    if (after.points_cut > before.points_cut && !has_point_of_host(answer))
      published.let_clusters_go();
    REQUIRE(published.missing_of(answer, window_start(newest) - options.clusters) == Lines{});
  }
}

}  // namespace sluice
