#include "store/spool.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace sluice {
namespace {

constexpr std::int64_t kNow = 1'000'000;

Datapoint point(std::string path, double value, std::int64_t time, std::uint64_t version,
                Scope scope = Scope::kHost) {
  return {std::move(path), value, Seconds(std::chrono::seconds(time)), version, scope};
}

Timestamp now() { return Timestamp(std::chrono::seconds(kNow)); }

std::string take_lines(Spool& spool) {
  const auto batch = spool.take(now());
  return batch ? batch->lines : "";
}

// put = acknowledged + superseded + dropped + waiting + in flight.
void check_account(const Spool& spool) {
  const SpoolStats& stats = spool.stats();
  CHECK(stats.put == stats.acknowledged + stats.superseded + stats.dropped_full +
                         stats.dropped_old + spool.waiting_count() + spool.in_flight_count());
}

}  // namespace

TEST_CASE("the newest window leaves first, the fleet before clusters before hosts", "[store]") {
  Spool spool({});
  spool.put(std::vector{point("h", 1, kNow - 120, 1), point("h", 2, kNow - 60, 1),
                        point("c", 3, kNow - 60, 1, Scope::kCluster),
                        point("a", 4, kNow - 60, 1, Scope::kAll)});
  CHECK(take_lines(spool) == "a 4 999940\nc 3 999940\nh 2 999940\nh 1 999880\n");
  CHECK(spool.in_flight_count() == 4);
  CHECK_FALSE(spool.is_empty());
  spool.acknowledge();
  CHECK(spool.is_empty());
  CHECK(spool.stats().acknowledged == 4);
  check_account(spool);
}

TEST_CASE("of one path and time only the newest version waits", "[store]") {
  Spool spool({});
  spool.put(std::vector{point("h", 1, kNow, 1)});
  spool.put(std::vector{point("h", 2, kNow, 2)});
  spool.put(std::vector{point("h", 9, kNow, 1)});
  check_account(spool);
  CHECK(take_lines(spool) == "h 2 1000000\n");
  CHECK(spool.stats().superseded == 2);
}

TEST_CASE("a batch that failed waits again, but never over a newer value", "[store]") {
  Spool spool({});
  spool.put(std::vector{point("a", 1, kNow, 1), point("b", 1, kNow, 1)});
  REQUIRE(spool.take(now()).has_value());
  spool.put(std::vector{point("a", 2, kNow, 2)});
  spool.give_back();
  check_account(spool);
  CHECK(spool.waiting_count() == 2);
  const std::string lines = take_lines(spool);
  CHECK(lines.find("a 2 ") != std::string::npos);
  CHECK(lines.find("b 1 ") != std::string::npos);
  CHECK(lines.find("a 1 ") == std::string::npos);
  spool.acknowledge();
  check_account(spool);
}

TEST_CASE("a batch is bounded in datapoints and octets", "[store]") {
  Spool spool({});
  std::vector<Datapoint> many;
  for (int i = 0; i < 12'000; ++i) many.push_back(point("p" + std::to_string(i), 1, kNow, 1));
  spool.put(many);
  std::uint64_t taken = 0;
  while (const auto batch = spool.take(now())) {
    CHECK(batch->datapoint_count <= kBatchDatapointsMax);
    CHECK(batch->lines.size() <= kBatchBytesMax);
    taken += batch->datapoint_count;
    spool.acknowledge();
  }
  CHECK(taken == 12'000);

  std::vector<Datapoint> wide;
  for (int i = 0; i < 4'000; ++i)
    wide.push_back(
        point(std::string(190, 'x') + "." + std::string(190, 'y') + std::to_string(i), 1, kNow, 1));
  spool.put(wide);
  const auto batch = spool.take(now());
  CHECK(batch->lines.size() <= kBatchBytesMax);
  CHECK(batch->datapoint_count < 4'000);
  check_account(spool);
}

TEST_CASE("a full spool drops the oldest windows and counts them", "[store]") {
  Spool spool({.bytes_max = 10'000});
  for (int window = 0; window < 10; ++window) {
    std::vector<Datapoint> points;
    for (int i = 0; i < 20; ++i)
      points.push_back(point("path." + std::to_string(i), 1, kNow - 600 + window * 60, 1));
    spool.put(points);
    check_account(spool);
  }
  CHECK(spool.bytes() <= 10'000);
  CHECK(spool.stats().dropped_full > 0);
  CHECK(take_lines(spool).find("999940\n") != std::string::npos);
}

TEST_CASE("what is older than whisper's finest archive is not sent", "[store]") {
  Spool spool({.age_max = std::chrono::hours(1)});
  spool.put(std::vector{point("old", 1, kNow - 3601, 1), point("young", 1, kNow - 3600, 1)});
  CHECK(take_lines(spool) == "young 1 996400\n");
  CHECK(spool.stats().dropped_old == 1);
  check_account(spool);
}

}  // namespace sluice
