// How new series leave a spool: a few at a time, in order.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "store/scratch_folder.h"
#include "store/spool.h"
#include "store/spool_world.h"

namespace sluice {
namespace {

constexpr std::uint32_t kRate = 50;

// Takes and acknowledges everything that leaves between two moments, a try a second. Gives the
// lines with the second they left at.
std::vector<std::pair<std::int64_t, std::string>> drain(Spool& spool, std::int64_t from,
                                                        std::int64_t until) {
  std::vector<std::pair<std::int64_t, std::string>> left;
  for (std::int64_t second = from; second < until; ++second) {
    while (const auto batch = spool.take(at(second))) {
      for (std::string& line : split_lines(batch->lines))
        left.emplace_back(second, std::move(line));
      spool.acknowledge(at(second));
    }
    check_account(spool);
  }
  return left;
}

std::string path_in(const std::string& line) { return line.substr(0, line.find(' ')); }

}  // namespace

TEST_CASE("new series leave evenly, fleet first, then clusters, groups, hosts as they came",
          "[store][spool][series]") {
  Spool spool({.new_series_per_minute = kRate}, at(0));
  std::vector<Datapoint> all = points("host", 200, 0, 1);
  for (const Datapoint& one : points("group", 10, 0, 1, Scope::kGroup)) all.push_back(one);
  for (const Datapoint& one : points("cluster", 20, 0, 1, Scope::kCluster)) all.push_back(one);
  for (const Datapoint& one : points("fleet", 20, 0, 1, Scope::kAll)) all.push_back(one);
  spool.put(all, 0);
  CHECK(spool.stats().new_series == 250);
  CHECK(spool.stats().new_series_time == std::chrono::seconds(291));  // Eight leave at once.
  CHECK(spool.stats().held == 250);
  CHECK(spool.is_empty());

  const auto left = drain(spool, 0, 310);
  REQUIRE(left.size() == 250);
  CHECK(spool.stats().series_admitted == 250);
  CHECK(spool.stats().new_series == 0);
  std::vector<std::string> order;
  std::map<std::int64_t, int> by_second;
  for (const auto& [second, line] : left) {
    const std::string path = path_in(line);
    if (order.empty() || !path.starts_with(order.back()))
      order.push_back(path.substr(0, path.find_first_of("0123456789")));
    ++by_second[second];
  }
  CHECK(order == std::vector<std::string>{"fleet", "cluster", "group", "host"});
  // Hosts in the order of their arrival, give or take the few that leave together.
  std::size_t host = 0;
  for (const auto& [second, line] : left) {
    if (!line.starts_with("host")) continue;
    const auto number = static_cast<std::size_t>(std::stoi(path_in(line).substr(4)));
    CHECK(number / 8 == host / 8);
    ++host;
  }
  for (const auto& [second, count] : by_second) CHECK(count <= 8);
  for (std::int64_t from = 0; from < 250; ++from) {
    int in_a_minute = 0;
    for (auto it = by_second.lower_bound(from); it != by_second.end() && it->first < from + 60;
         ++it)
      in_a_minute += it->second;
    CHECK(in_a_minute <= static_cast<int>(kRate) + 8);
  }
}

// What `status` shows at each second against what came to be: the relay's own series first, then a
// fleet's in two windows, as at a first start.
TEST_CASE("the time that new series are said to wait is the time that they wait",
          "[store][spool][series]") {
  struct Shown {
    std::int64_t second = 0;
    std::uint64_t series = 0;
    std::int64_t estimate = 0;
    bool is_growing = false;
  };
  Spool spool({.new_series_per_minute = kRate}, at(0));
  std::vector<Shown> shown;
  std::int64_t last_left = 0;
  for (std::int64_t second = 0; second < 1000; ++second) {
    if (second == 2) spool.put(points("relay", 95, 0, 1, Scope::kRelay), 0);
    if (second == 9) spool.put(points("host", 300, 0, 2), 0);
    if (second == 69) spool.put(points("host", 500, 60, 3), 0);
    if (!drain(spool, second, second + 1).empty()) last_left = second;
    const SpoolStats stats = spool.stats();
    if (stats.new_series > 0)
      shown.push_back(
          {second, stats.new_series, stats.new_series_time.count(), stats.is_new_series_growing});
  }
  REQUIRE(spool.stats().series_admitted == 595);
  CHECK(shown.front().series < 95);  // The first look sees the relay's own alone.
  // 595 at 50 a minute, of which eight left at once.
  CHECK(last_left >= 700);
  CHECK(last_left <= 720);
  std::size_t sure = 0;
  for (const Shown& one : shown) {
    const std::int64_t left = last_left - one.second;
    CAPTURE(one.second, one.series, one.estimate, one.is_growing, left);
    if (one.is_growing) {
      CHECK(one.estimate <= left + 1);  // "At least".
    } else {
      CHECK(std::abs(one.estimate - left) <= 2);  // "About".
      ++sure;
    }
  }
  CHECK(sure > 500);
  // From the first moment on at which all have come.
  const auto all = std::ranges::find_if(shown, [](const Shown& one) { return one.second >= 69; });
  REQUIRE(all != shown.end());
  CHECK(std::abs(all->estimate - (last_left - all->second)) <= 2);
}

TEST_CASE("known series never wait behind new ones", "[store][spool][series]") {
  Spool spool({.new_series_per_minute = kRate}, at(0));
  spool.put(points("known", 8, 0, 1), 0);
  REQUIRE(drain(spool, 0, 1).size() == 8);
  std::vector<Datapoint> both = points("new", 100, 60, 1);
  for (const Datapoint& one : points("known", 8, 60, 1)) both.push_back(one);
  spool.put(both, 0);
  const auto left = drain(spool, 1, 2);
  CHECK(left.size() == 8);
  for (const auto& [second, line] : left) CHECK(line.starts_with("known"));
  CHECK(spool.stats().held == 100);
}

TEST_CASE("all windows of a new series wait for its turn, and leave after it with the newest first",
          "[store][spool][series]") {
  Spool spool({.new_series_per_minute = 6}, at(0));  // One every ten seconds.
  spool.put(points("a", 1, 0, 1), 0);
  REQUIRE(drain(spool, 0, 1).size() == 1);
  spool.put(points("b", 1, 0, 1), 0);
  spool.put(points("b", 1, 60, 2), 0);
  spool.put(std::vector{point("b0", 7, 60, 3)}, 0);  // A correction.
  spool.put(points("b", 1, 120, 4), 0);
  CHECK(drain(spool, 1, 10).empty());
  CHECK(spool.stats().held == 4);
  const auto left = drain(spool, 10, 30);
  REQUIRE(left.size() == 3);
  CHECK(left[0].second == "b0 1 1000120");
  CHECK(left[1].second == "b0 7 1000060");
  CHECK(left[2].second == "b0 1 1000000");
  CHECK(spool.stats().superseded == 1);
}

TEST_CASE("the turns of new series survive restarts, and a restart brings none forward",
          "[store][spool][series]") {
  const ScratchFolder folder;
  const SpoolOptions options{.file = folder.file("spool.db"), .new_series_per_minute = kRate};
  std::set<std::string> seen;
  std::size_t sent = 0;
  for (std::int64_t second = 0; second < 130; ++second) {
    Spool spool(options, at(second));  // Restarted every second.
    REQUIRE(spool.take_notices().empty());
    if (second == 0) spool.put(points("host", 100, 0, 1), 1);
    if (second == 30) {
      std::vector<Datapoint> more = points("host", 100, 60, 2);
      more.push_back(point("fleet", 1, 60, 2, Scope::kAll));
      spool.put(more, 2);
    }
    for (const auto& [when, line] : drain(spool, second, second + 1)) {
      ++sent;
      seen.insert(path_in(line));
    }
    CHECK(seen.size() <= 8 + static_cast<std::size_t>(second) * kRate / 60 + 1);
    if (second == 45) CHECK(seen.contains("fleet"));
  }
  CHECK(seen.size() == 101);
  CHECK(sent == 201);
  Spool spool(options, at(130));
  CHECK(spool.stats().new_series == 0);
  spool.put(points("host", 100, 120, 3), 3);
  CHECK(spool.stats().held == 0);
}

TEST_CASE("an outage lets no new series through that would leave at once after it",
          "[store][spool][series]") {
  Spool spool({.new_series_per_minute = kRate}, at(0));
  spool.put(points("host", 400, 0, 1), 0);
  for (int second = 0; second < 300; second += 10) {
    REQUIRE(spool.take(at(second)));
    spool.give_back();
  }
  CHECK(spool.stats().series_admitted == 8);
  CHECK(drain(spool, 300, 301).size() == 16);
}

TEST_CASE("new series leave at once when there is no limit, and are remembered",
          "[store][spool][series]") {
  const ScratchFolder folder;
  SpoolOptions options{.file = folder.file("spool.db")};
  {
    Spool spool(options, at(0));
    spool.put(points("host", 300, 0, 1), 1);
    CHECK(drain(spool, 0, 1).size() == 300);
  }
  options.new_series_per_minute = kRate;
  Spool spool(options, at(60));
  spool.put(points("host", 301, 60, 2), 2);
  CHECK(spool.stats().new_series == 1);
  CHECK(drain(spool, 60, 61).size() == 301);
}

TEST_CASE("a limit that is lifted lets go what it held", "[store][spool][series]") {
  const ScratchFolder folder;
  SpoolOptions options{.file = folder.file("spool.db"), .new_series_per_minute = kRate};
  {
    Spool spool(options, at(0));
    spool.put(points("host", 3'000, 0, 1), 1);
  }
  options.new_series_per_minute = 0;
  Spool spool(options, at(1));
  CHECK(drain(spool, 1, 5).size() == 3'000);
}

TEST_CASE("a spool that is used takes another pace, and keeps the turns that were had",
          "[store][spool][series][reload]") {
  const ScratchFolder folder;
  SpoolOptions options{.file = folder.file("spool.db"), .new_series_per_minute = kRate};
  Spool spool(options, at(0));
  spool.put(points("host", 1'000, 0, 1), 1);
  const std::size_t burst = drain(spool, 0, 1).size();
  CHECK(burst < 20);
  options.new_series_per_minute = 600;
  spool.set_options(options);
  const std::size_t sent = drain(spool, 1, 31).size();  // Ten a second, and no fresh bucket.
  CHECK(sent > 250);
  CHECK(sent < 420);
  options.new_series_per_minute = 1;
  spool.set_options(options);
  // They wait in groups of the eight that may leave at once at the pace they came at. A group
  // leaves as a whole, and the next when it is paid off: after eight minutes.
  CHECK(drain(spool, 31, 31 + 7 * 60).size() == 8);
  CHECK(drain(spool, 31 + 7 * 60, 31 + 15 * 60).size() == 8);
  options.new_series_per_minute = 0;
  spool.set_options(options);
  drain(spool, 31 + 15 * 60, 31 + 15 * 60 + 4);
  CHECK(spool.stats().acknowledged == 1'000);
  CHECK(spool.stats().held == 0);
  check_account(spool);
}

TEST_CASE("what is held is bounded too, and a series with nothing left to send loses its turn",
          "[store][spool][series]") {
  SECTION("by age") {
    Spool spool({.age_max = std::chrono::hours(1), .new_series_per_minute = 6}, at(0));
    spool.put(points("host", 60, 0, 1), 0);
    spool.put(points("last", 1, 3600, 2), 0);
    spool.tick(at(3601));
    CHECK(spool.stats().dropped_old == 60);
    CHECK(spool.stats().held == 1);
    CHECK(drain(spool, 3602, 3603).size() == 1);  // It need not wait for 60 that send nothing.
    CHECK(spool.stats().new_series == 0);
    check_account(spool);
  }
  SECTION("by size") {
    Spool spool({.bytes_max = 20'000, .new_series_per_minute = 60}, at(0));
    for (int window = 0; window < 10; ++window) {
      spool.put(points("host", 200, window * 60, 1), 0);
      CHECK(spool.stats().bytes <= 20'000);
      check_account(spool);
    }
    CHECK(spool.stats().dropped_full > 1'000);
    CHECK(spool.stats().oldest_window > Seconds(at_seconds(300)));
    CHECK(spool.stats().held > 200);
  }
}

TEST_CASE("600,000 new series are held and let go without being looked through",
          "[store][spool][series]") {
  Spool spool({.new_series_per_minute = kRate}, at(0));
  std::vector<Datapoint> all;
  for (int host = 0; host < 20'000; ++host) {
    for (int leaf = 0; leaf < 30; ++leaf)
      all.push_back(point("h" + std::to_string(host) + ".l" + std::to_string(leaf), 1, 0, 1));
  }
  spool.put(all, 0);
  CHECK(spool.stats().new_series == 600'000);
  CHECK(spool.stats().new_series_time == std::chrono::seconds(719'991));
  const auto left = drain(spool, 0, 600);
  CHECK(left.size() >= 496);
  CHECK(left.size() <= 508);
}

}  // namespace sluice
