#include "sluice/aggregate/time_ranges.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>

namespace sluice {
namespace {

Seconds at_second(std::int64_t second) { return Seconds(std::chrono::seconds(second)); }

}  // namespace

TEST_CASE("stretches of time that touch become one", "[aggregate]") {
  TimeRanges ranges;
  ranges.add(at_second(60), at_second(120));
  ranges.add(at_second(180), at_second(240));
  CHECK(ranges.size() == 2);
  CHECK_FALSE(ranges.touches(at_second(120), at_second(180)));
  CHECK(ranges.touches(at_second(119), at_second(120)));
  CHECK(ranges.touches(at_second(0), at_second(61)));
  CHECK_FALSE(ranges.touches(at_second(0), at_second(60)));
  ranges.add(at_second(120), at_second(180));
  CHECK(ranges.size() == 1);
  CHECK(ranges.touches(at_second(130), at_second(140)));
  ranges.cut_from(at_second(130));
  CHECK(ranges.touches(at_second(129), at_second(130)));
  CHECK_FALSE(ranges.touches(at_second(130), at_second(1000)));
  ranges.cut_from(at_second(60));
  CHECK(ranges.size() == 0);
}

TEST_CASE("stretches of time know what a set of their seconds knows, as bytes too", "[aggregate]") {
  std::mt19937 random(7);
  const auto some = [&](int below) { return static_cast<std::int64_t>(random() % below); };
  for (int round = 0; round < 200; ++round) {
    TimeRanges ranges;
    std::set<std::int64_t> seconds;
    for (int i = 0; i < 20; ++i) {
      const std::int64_t from = some(100) - 50;
      if (some(5) == 0) {
        ranges.cut_from(at_second(from));
        seconds.erase(seconds.lower_bound(from), seconds.end());
        continue;
      }
      const std::int64_t to = from + 1 + some(10);
      ranges.add(at_second(from), at_second(to));
      for (std::int64_t second = from; second < to; ++second) seconds.insert(second);
    }
    ByteWriter writer;
    ranges.encode(writer, at_second(5));
    ByteReader reader(writer.view());
    TimeRanges decoded;
    decoded.decode(reader, at_second(5));
    REQUIRE(reader.is_at_end());
    REQUIRE(decoded.size() == ranges.size());
    for (std::int64_t second = -60; second < 70; ++second) {
      REQUIRE(ranges.touches(at_second(second), at_second(second + 1)) == seconds.contains(second));
      REQUIRE(decoded.touches(at_second(second), at_second(second + 1)) ==
              seconds.contains(second));
    }
  }
}

TEST_CASE("stretches of time are bounded, the oldest go first", "[aggregate]") {
  TimeRanges ranges;
  const auto most = static_cast<std::int64_t>(TimeRanges::kRangesMax);
  for (std::int64_t i = 0; i <= most; ++i) ranges.add(at_second(2 * i), at_second(2 * i + 1));
  CHECK(ranges.size() == TimeRanges::kRangesMax);
  CHECK_FALSE(ranges.touches(at_second(0), at_second(1)));
  CHECK(ranges.touches(at_second(2), at_second(3)));
  CHECK(ranges.touches(at_second(2 * most), at_second(2 * most + 1)));
}

}  // namespace sluice
