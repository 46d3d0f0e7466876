#include "store/history.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <numeric>
#include <random>

#include "store/history_points.h"
#include "store/history_world.h"
#include "store/scratch_folder.h"

namespace sluice {
namespace {

using std::chrono::seconds;

Timestamp at(std::int64_t second) { return Timestamp(seconds(second)); }

}  // namespace

TEST_CASE("points of a block come back as they were, whatever their values", "[store]") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 500; ++round) {
    std::vector<HistoryPoint> points;
    std::int64_t time = 1000 + static_cast<std::int64_t>(random() % 100);
    double value = static_cast<double>(random() % 1000);
    for (std::size_t count = random() % 40; points.size() < count;) {
      points.push_back({time, value});
      time += random() % 4 == 0 ? 1 + static_cast<std::int64_t>(random() % 1000) : 60;
      if (random() % 3 == 0) value = static_cast<double>(random()) / 1e9 - 5;
      if (random() % 3 == 0) value += 60;
      if (random() % 50 == 0) value = -0.0;
    }
    const std::string bytes = encode_points(points, 1000);
    const auto decoded = decode_points(bytes, 1000);
    REQUIRE(decoded);
    CHECK(*decoded == points);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      const auto part = decode_points(std::string_view(bytes).substr(0, cut), 1000);
      CHECK_FALSE(part);
    }
  }
}

TEST_CASE("constant and steady series take a few bytes a block", "[store]") {
  std::vector<HistoryPoint> constant, steady;
  for (int i = 0; i < 16; ++i) {
    constant.push_back({kBase + 60 * i, 42.5});
    steady.push_back({kBase + 60 * i, 60.0 * i + 17});
  }
  CHECK(encode_points(constant, kBase).size() < 12);
  CHECK(encode_points(steady, kBase).size() < 16);
}

TEST_CASE("a history gives back what was put in, over blocks and a restart", "[store]") {
  const ScratchFolder folder;
  const HistoryOptions options{.file = folder.file("history.db")};
  std::string all = "sluice.all.a:";
  {
    History history(options, at(kBase));
    for (std::int64_t window = 0; window < 40; ++window) {
      put(history, {point("sluice.all.a", window, static_cast<double>(window))}, window + 1);
      all += ' ' + std::to_string(window);
    }
    CHECK(shown(history, "sluice.all.a", 0, 39) == Lines{all});
    CHECK(history.stats().is_on_disk);
  }
  History again(options, at(kBase + 40 * 60));
  CHECK(again.take_notices().empty());
  CHECK(shown(again, "sluice.all.a", 0, 39) == Lines{all});
  put(again, {point("sluice.all.a", 40, 40)}, 41);
  CHECK(shown(again, "sluice.all.a", 38, 40) == Lines{"sluice.all.a: 38 39 40"});
  CHECK(again.stats().series == 1);
}

TEST_CASE("series are found in whatever order they come, and keep their names over a restart",
          "[store]") {
  const ScratchFolder folder;
  const HistoryOptions options{.file = folder.path() + "/history.db"};
  constexpr int kSeries = 123;  // More than are named at once.
  std::vector<int> order(kSeries);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937 random(3);
  const auto window_of = [&](std::int64_t window) {
    std::vector<Datapoint> datapoints;
    for (const int i : order) {
      const Scope scope = i % 3 == 0 ? Scope::kAll : Scope::kHost;
      datapoints.push_back(
          point("s." + std::to_string(i), window, static_cast<double>(i + 1000 * window), scope));
    }
    std::ranges::shuffle(order, random);
    return datapoints;
  };
  {
    History history(options, at(kBase));
    for (std::int64_t window = 0; window < 3; ++window) put(history, window_of(window), window + 1);
    put(history, {point("s.7x", 2, 5)}, 3);
    CHECK(history.stats().series == kSeries + 1);
  }
  History history(options, at(kBase + 240));
  put(history, window_of(3), 4);
  CHECK(history.stats().series == kSeries + 1);
  CHECK(shown(history, "s.7x", 0, 3) == Lines{"s.7x: - - 5 -"});
  for (int i = 0; i < kSeries; ++i) {
    const std::string n = std::to_string(i);
    const auto value = [&](int window) { return ' ' + std::to_string(i + 1000 * window); };
    const std::string line = "s." + n + ':' + value(0) + value(1) + value(2) + value(3);
    CHECK(shown(history, "s." + n, 0, 3) == Lines{line});
  }
  const SeriesAnswer all = history.series({.path = glob("s.*"),
                                           .from = Seconds(seconds(kBase)),
                                           .until = Seconds(seconds(kBase + 60)),
                                           .limit = 1000},
                                          at(kBase + 240));
  REQUIRE(all.series.size() == kSeries + 1);
  CHECK(std::ranges::is_sorted(all.series, {}, &SeriesAnswer::Series::path));
}

TEST_CASE("what is put later wins, in the block of now and in those that are over", "[store]") {
  const ScratchFolder folder;
  const HistoryOptions options{.file = folder.file("history.db")};
  {
    History history(options, at(kBase));
    for (std::int64_t window = 0; window < 20; ++window)
      put(history, {point("a.b", window, 1)}, window + 1);
    put(history, {point("a.b", 3, 7), point("a.b", 18, 8), point("a.b", 18, 9)}, 20);
    CHECK(shown(history, "a.b", 2, 4) == Lines{"a.b: 1 7 1"});
    CHECK(shown(history, "a.b", 17, 19) == Lines{"a.b: 1 9 1"});
  }
  History again(options, at(kBase + 20 * 60));
  CHECK(shown(again, "a.b", 2, 4) == Lines{"a.b: 1 7 1"});
  CHECK(shown(again, "a.b", 17, 19) == Lines{"a.b: 1 9 1"});
}

TEST_CASE("hosts and clusters are kept for their own times", "[store]") {
  History history({.clusters = seconds(4 * 960), .hosts = seconds(960)}, at(kBase));
  for (std::int64_t window = 0; window <= 48; ++window)
    put(history, {point("c", window, 1), point("h", window, 2, Scope::kHost)}, window);
  CHECK(shown(history, "h", 0, 15) == Lines{"h: - - - - - - - - - - - - - - - -"});
  CHECK(shown(history, "h", 32, 34) == Lines{"h: 2 2 2"});
  CHECK(shown(history, "c", 0, 2) == Lines{"c: 1 1 1"});
  put(history, {point("h", 1, 3, Scope::kHost)}, 48);
  CHECK(history.stats().points_too_old == 1);
}

TEST_CASE("a series that has been silent for long is forgotten, and its place used again",
          "[store]") {
  History history({.clusters = seconds(960), .series_max = 2}, at(kBase));
  put(history, {point("a", 0, 1), point("b", 0, 2)}, 0);
  put(history, {point("c", 1, 3)}, 1);
  CHECK(history.stats().points_refused == 1);
  CHECK(history.stats().series == 2);
  put(history, {point("b", 40, 4)}, 40);
  put(history, {point("b", 80, 4), point("c", 80, 5)}, 80);
  CHECK(shown(history, "*", 80, 80) == Lines{"b: 4", "c: 5"});
}

TEST_CASE("a series whose points all come late is not taken for silent", "[store]") {
  History history({.window = seconds(60), .hosts = seconds(3600)}, at(kBase));
  for (std::int64_t window = 0; window < 200; ++window) {
    put(history, {point("live", window, 1, Scope::kHost)}, window);
    // A block and more behind.
    if (window >= 25) {
      put(history,
          {point("late." + std::to_string(window % 3), window - 25,
                 static_cast<double>(100 + window % 3), Scope::kHost)},
          window);
    }
  }
  const auto held = history.last_values("late", 10);
  REQUIRE(held.size() == 3);
  for (const auto& one : held) CHECK(one.value == 100 + std::stoi(one.path.substr(5)));
  const auto answer = history.series({.path = glob("late.*"),
                                      .from = Seconds(seconds(kBase + 60 * 150)),
                                      .until = Seconds(seconds(kBase + 60 * 175))},
                                     at(kBase + 60 * 200));
  REQUIRE(answer.series.size() == 3);
  for (const auto& series : answer.series) {
    std::size_t count = 0;
    for (const auto& value : series.values) {
      if (!value) continue;
      ++count;
      CHECK(*value == 100 + std::stoi(series.path.substr(5)));
    }
    CHECK(count >= 8);
  }
}

TEST_CASE("a history of another window length is moved aside and said so", "[store]") {
  ScratchFolder folder;
  const std::string file = folder.file("history.db");
  {
    History history({.file = file, .window = seconds(60)}, at(kBase));
    put(history, {point("a", 0, 1)}, 0);
  }
  {
    History same({.file = file, .window = seconds(60)}, at(kBase + 60));
    CHECK(same.take_notices().empty());
    CHECK(shown(same, "a", 0, 0) == Lines{"a: 1"});
  }
  History other({.file = file, .window = seconds(240)}, at(kBase + 120));
  const auto notices = other.take_notices();
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].kind == Notice::Kind::kMovedAside);
  CHECK_THAT(notices[0].text,
             Catch::Contains("its windows are 60 s long, and \"window\" is 240 s now") &&
                 Catch::Contains("it was moved to"));
  put(other, {point("a", 4, 2)}, 8);
  CHECK(other.stats().is_on_disk);
}

TEST_CASE("a damaged or newer history is moved aside and said so", "[store]") {
  const ScratchFolder folder;
  const std::string file = folder.file("history.db");
  const auto [kind, spoil] = GENERATE_COPY(table<std::string, std::string>({
      {"damaged", "garbage"},
      {"damaged", "rows"},
      {"damaged", "names"},
      {"older", "old"},
      {"newer", "version"},
  }));
  CAPTURE(spoil);
  {
    History history({.file = file}, at(kBase));
    put(history, {point("a", 0, 1)}, 1);
  }
  if (spoil == "garbage") std::ofstream(file) << std::string(8192, 'x');
  if (spoil != "garbage") {
    auto database = Database::open(
        {.path = file, .application_id = 0x736c6831, .schema_version = 3, .schema = ""}, at(kBase));
    REQUIRE(database);
    const std::map<std::string, std::string> sql{
        {"rows", "UPDATE log SET bytes = x'ff'"},
        {"names", "UPDATE names SET bytes = x'000161'"},  // It shares an octet with none.
        {"old", "PRAGMA user_version = 2"},
        {"version", "PRAGMA user_version = 99"}};
    REQUIRE(database->execute(sql.at(spoil)));
  }
  History history({.file = file}, at(kBase + 60));
  const auto notices = history.take_notices();
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].kind == Notice::Kind::kMovedAside);
  CHECK(notices[0].text.find("." + kind + "-") != std::string::npos);
  CHECK(history.stats().is_on_disk);
  put(history, {point("b", 1, 2)}, 2);
  CHECK(shown(history, "*", 1, 1) == Lines{"b: 2"});
}

TEST_CASE("a history whose file was removed while it was used begins anew and says so", "[store]") {
  const ScratchFolder folder;
  const std::string file = folder.file("history.db");
  {
    History history({.file = file}, at(kBase));
    put(history, {point("a", 0, 1)}, 1);
    std::filesystem::remove(file);
    put(history, {point("a", 2, 2)}, 3);
    const std::vector<Notice> told = history.take_notices();
    REQUIRE(told.size() == 1);
    CHECK(told[0].kind == Notice::Kind::kReplaced);
    CHECK(told[0].text.find("a new one begins") != std::string::npos);
    put(history, {point("a", 3, 3)}, 4);
    CHECK(history.take_notices().empty());
  }
  History again({.file = file}, at(kBase + 300));
  CHECK(again.stats().is_on_disk);
  CHECK(shown(again, "a", 2, 3) == Lines{"a: 2 3"});
}

TEST_CASE("a history without a usable file is kept in memory, and says so", "[store]") {
  History history({.file = "/nonexistent/history.db"}, at(kBase));
  CHECK(history.take_notices().size() == 1);
  CHECK_FALSE(history.stats().is_on_disk);
  CHECK(history.stats().has_lost_file);
  CHECK_FALSE(History({}, at(kBase)).stats().has_lost_file);  // It was given none.
  put(history, {point("a", 0, 1)}, 1);
  CHECK(shown(history, "a", 0, 0) == Lines{"a: 1"});
}

TEST_CASE("many hosts: the bound on bytes holds, the oldest hosts go, clusters stay", "[store]") {
  const ScratchFolder folder;
  History history({.file = folder.file("history.db"), .bytes_max = 1 << 19}, at(kBase));
  std::mt19937_64 random(1);
  for (std::int64_t window = 0; window < 100; ++window) {
    std::vector<Datapoint> datapoints{point("sluice.all.a", window, 1)};
    for (int host = 0; host < 400; ++host) {
      for (const char* leaf : {".x.mean", ".x.max", ".y.value", ".z.count"}) {
        datapoints.push_back(point("sluice.hosts.c.h" + std::to_string(host) + leaf, window,
                                   static_cast<double>(random() % 100'000) / 1000, Scope::kHost));
      }
    }
    put(history, datapoints, window + 1);
  }
  const HistoryStats stats = history.stats();
  CHECK(stats.bytes <= 1 << 19);
  CHECK(stats.points_cut > 0);
  CHECK(stats.series == 1601);
  CHECK(history.take_notices().size() == 1);
  CHECK(shown(history, "sluice.all.a", 0, 2) == Lines{"sluice.all.a: 1 1 1"});
  CHECK(shown(history, "sluice.hosts.c.h7.z.count", 99, 99)[0].find('-') == std::string::npos);
}

TEST_CASE("20,000 hosts: the bounds on series and on bytes hold, on the disk too", "[store]") {
  const ScratchFolder folder;
  const std::string file = folder.file("history.db");
  constexpr std::uint64_t kBytes = 4 << 20;
  HistoryStats stats;
  {
    History history({.file = file, .bytes_max = kBytes, .series_max = 50'001}, at(kBase));
    std::mt19937_64 random(1);
    for (std::int64_t window = 0; window < 24; ++window) {
      std::vector<Datapoint> datapoints{point("sluice.all.a", window, 1)};
      for (int host = 0; host < 20'000; ++host) {
        for (const char* leaf : {".x.mean", ".x.max", ".y.value"}) {
          datapoints.push_back(point("sluice.hosts.c.h" + std::to_string(host) + leaf, window,
                                     static_cast<double>(random() % 100'000) / 1000, Scope::kHost));
        }
      }
      put(history, datapoints, window + 1);
      CHECK(history.stats().bytes <= kBytes);
    }
    stats = history.stats();
    CHECK(shown(history, "sluice.hosts.c.h7.x.max", 23, 23)[0].find('-') == std::string::npos);
    CHECK(shown(history, "sluice.all.a", 0, 2) == Lines{"sluice.all.a: 1 1 1"});
  }
  CHECK(stats.series == 45'001);  // The rest is for fleet and clusters.
  CHECK(stats.points_cut > 0);
  CHECK(std::filesystem::file_size(file) <= kBytes);
  CHECK(!std::filesystem::exists(file + "-wal"));
  History again({.file = file, .bytes_max = kBytes, .series_max = 50'001}, at(kBase + 60 * 24));
  CHECK(again.take_notices().empty());
  CHECK(shown(again, "sluice.hosts.c.h7.x.max", 23, 23)[0].find('-') == std::string::npos);
  CHECK(shown(again, "sluice.all.a", 15, 17) == Lines{"sluice.all.a: 1 1 1"});
  put(again,
      {point("sluice.clusters.new.a", 24, 2), point("sluice.hosts.c.new.a", 24, 2, Scope::kHost)},
      25);
  CHECK(again.stats().series == 45'002);
  CHECK(shown(again, "sluice.clusters.new.a", 24, 24) == Lines{"sluice.clusters.new.a: 2"});
}

TEST_CASE("a query is bounded in time, series and points", "[store]") {
  History history({}, at(kBase));
  for (const char* path : {"a.1", "a.2", "a.3"}) put(history, {point(path, 0, 1)}, 1);
  const SeriesQuery thousand_years{.path = glob("a.*"),
                                   .from = Seconds(seconds(0)),
                                   .until = Seconds(seconds(kBase + 1'000LL * 365 * 86'400))};
  SeriesAnswer answer = history.series(thousand_years, at(kBase + 60));
  CHECK(answer.series.size() == 3);
  CHECK(answer.series[0].values.size() == 24 * 60);
  CHECK_FALSE(answer.is_truncated);
  SeriesQuery few = thousand_years;
  few.limit = 2;
  answer = history.series(few, at(kBase + 60));
  CHECK(answer.series.size() == 2);
  CHECK(answer.is_truncated);
  few.points_max = 1000;
  answer = history.series(few, at(kBase + 60));
  CHECK(answer.series.size() == 1);
  CHECK(answer.series[0].values.size() == 1000);
  CHECK(answer.is_truncated);
}

TEST_CASE("the last window of a scope has all that it published then", "[store]") {
  const ScratchFolder folder;
  const HistoryOptions options{.file = folder.file("history.db")};
  constexpr seconds kEver{kBase};
  {
    History history(options, at(kBase));
    for (std::int64_t window = 0; window < 18; ++window)
      put(history, {point("s.all.a", window, 1), point("s.all.b", window, 2)}, window);
    put(history, {point("s.all.a", 18, 3), point("s.alls", 18, 9)}, 18);
    const auto last = history.last_window("s.all", at(kBase + 18 * 60), kEver);
    REQUIRE(last);
    CHECK(last->time == Seconds(seconds(kBase + 18 * 60)));
    CHECK(last->values == std::map<std::string, double>{{"a", 3}});
    CHECK_FALSE(history.last_window("s.none", at(kBase + 18 * 60), kEver));
  }
  const History again(options, at(kBase + 18 * 60));
  CHECK(again.last_window("s.all", at(kBase + 18 * 60), kEver)->values ==
        std::map<std::string, double>{{"a", 3}});
  const auto values = again.last_values("s.all", 10);
  REQUIRE(values.size() == 2);
  CHECK(values[1].path == "s.all.b");
  CHECK(values[1].value == 2.0);
  CHECK(again.last_values("s.all", 1).size() == 1);
}

}  // namespace sluice
