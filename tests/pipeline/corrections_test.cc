#include "pipeline/corrections.h"

#include <catch2/catch.hpp>
#include <set>

namespace sluice {
namespace {

using std::chrono::seconds;

constexpr std::size_t kAll = SIZE_MAX;

Timestamp at_second(std::int64_t second) { return Timestamp(seconds(second)); }

std::set<std::pair<std::uint32_t, MetricId>> taken(Corrections& corrections, std::int64_t now,
                                                   std::size_t most = kAll,
                                                   std::int64_t published = 0) {
  std::set<std::pair<std::uint32_t, MetricId>> keys;
  for (const SeriesKey& key :
       corrections.take(at_second(now), seconds(2), most, at_second(published)))
    CHECK(keys.emplace(key.owner, key.metric).second);
  return keys;
}

}  // namespace

TEST_CASE("what is marked is taken once, whatever its numbers", "[pipeline]") {
  Corrections corrections;
  CHECK(corrections.is_empty());
  const std::set<std::pair<std::uint32_t, MetricId>> keys{
      {0, 0}, {63, 0}, {64, 0}, {0, 1}, {UINT32_MAX, 7}, {5, UINT32_MAX}, {5, 1U << 31}};
  for (const auto& [owner, metric] : keys) {
    corrections.mark({owner, metric});
    corrections.mark({owner, metric});
  }
  CHECK(taken(corrections, 100) == keys);
  CHECK(corrections.is_empty());
  CHECK(taken(corrections, 200).empty());
}

TEST_CASE("a series is not taken again within the interval, nor after its window", "[pipeline]") {
  Corrections corrections;
  corrections.mark({1, 1});
  CHECK(taken(corrections, 101, kAll, 100).empty());
  CHECK(taken(corrections, 102, kAll, 100).size() == 1);
  corrections.mark({1, 1});
  corrections.mark({2, 1});
  CHECK(taken(corrections, 103) == std::set<std::pair<std::uint32_t, MetricId>>{{2, 1}});
  CHECK_FALSE(corrections.is_empty());
  CHECK(taken(corrections, 104).size() == 1);
  // A clock that was put back holds nothing up.
  corrections.mark({1, 1});
  CHECK(taken(corrections, 50, kAll, 100).size() == 1);
}

TEST_CASE("series that were taken at different times wait for as long as each has to",
          "[pipeline]") {
  using Keys = std::set<std::pair<std::uint32_t, MetricId>>;
  Corrections corrections;
  corrections.mark({1, 1});
  CHECK(taken(corrections, 100) == Keys{{1, 1}});
  corrections.mark({2, 1});
  CHECK(taken(corrections, 101) == Keys{{2, 1}});
  corrections.mark({1, 1});
  corrections.mark({2, 1});
  CHECK(taken(corrections, 101).empty());
  CHECK(taken(corrections, 102) == Keys{{1, 1}});
  CHECK(taken(corrections, 103) == Keys{{2, 1}});
  corrections.mark({1, 1});
  CHECK(taken(corrections, 103).empty());
  CHECK(taken(corrections, 200) == Keys{{1, 1}});
  corrections.mark({1, 1});
  CHECK(taken(corrections, 201).empty());
  CHECK(taken(corrections, 150) == Keys{{1, 1}});
}

TEST_CASE("within a budget each series has its turn, however often others change", "[pipeline]") {
  Corrections corrections;
  for (std::uint32_t owner = 0; owner < 1000; ++owner) corrections.mark({owner, owner % 3});
  std::set<std::pair<std::uint32_t, MetricId>> seen;
  for (std::int64_t now = 0; now < 2000 && seen.size() < 1000; now += 2) {
    const auto keys = taken(corrections, 1'000'000 + now, 20);
    CHECK(keys.size() == 20);
    seen.insert(keys.begin(), keys.end());
    for (const auto& [owner, metric] : keys) corrections.mark({owner, metric});
  }
  CHECK(seen.size() == 1000);
}

}  // namespace sluice
