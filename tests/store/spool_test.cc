#include "store/spool.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "store/scratch_folder.h"
#include "store/spool_world.h"

namespace sluice {

TEST_CASE("the newest window leaves first, the fleet before clusters, groups and hosts",
          "[store][spool]") {
  Spool spool({}, at(0));
  spool.put(std::vector{point("h", 1, -120, 1), point("r", 5, -60, 1, Scope::kRelay),
                        point("h", 2, -60, 1), point("g", 6, -60, 1, Scope::kGroup),
                        point("c", 3, -60, 1, Scope::kCluster), point("a", 4, -60, 1, Scope::kAll)},
            1);
  CHECK(lines_of(spool.take(at(0))) ==
        "a 4 999940\nc 3 999940\ng 6 999940\nh 2 999940\nr 5 999940\nh 1 999880\n");
  CHECK(spool.stats().in_flight == 6);
  CHECK_FALSE(spool.is_empty());
  spool.acknowledge(at(0));
  CHECK(spool.is_empty());
  CHECK(spool.stats().acknowledged == 6);
  check_account(spool);
}

TEST_CASE("of one path and time only the newest version leaves", "[store][spool]") {
  Spool spool({}, at(0));
  spool.put(std::vector{point("h", 1, 0, 1), point("other", 1, 0, 1)}, 1);
  spool.put(std::vector{point("h", 2, 0, 2)}, 2);
  spool.put(std::vector{point("h", 9, 0, 1)}, 3);
  check_account(spool);
  CHECK(spool.stats().waiting == 4);
  CHECK(sorted_lines_of(spool.take(at(0))) == "h 2 1000000\nother 1 1000000\n");
  CHECK(spool.stats().superseded == 2);
  check_account(spool);
}

TEST_CASE("of one version what was put later leaves, in one publication too", "[store][spool]") {
  Spool spool({}, at(0));
  spool.put(std::vector{point("h", 1, 0, 1), point("h", 2, 0, 1)}, 1);
  spool.put(std::vector{point("x", 1, 0, 1)}, 2);
  CHECK(sorted_lines_of(spool.take(at(0))) == "h 2 1000000\nx 1 1000000\n");
  spool.acknowledge(at(0));
  spool.put(std::vector{point("h", 3, 60, 5)}, 3);
  spool.put(std::vector{point("h", 4, 60, 5)}, 4);
  CHECK(lines_of(spool.take(at(60))) == "h 4 1000060\n");
  check_account(spool);
}

TEST_CASE("a path that comes twice in one publication leaves once, however far apart",
          "[store][spool]") {
  // With so many between, the two are in rows of their own.
  const auto is_of_two_versions = GENERATE(false, true);
  Spool spool({}, at(0));
  std::vector<Datapoint> datapoints{point("h", 1, 0, 1)};
  for (std::uint32_t i = 0; i < 2 * kBatchDatapointsMax; ++i)
    datapoints.push_back(point("p" + std::to_string(i), 1, 0, 1));
  datapoints.push_back(point("h", 2, 0, is_of_two_versions ? 2 : 1));
  spool.put(datapoints, 1);
  std::string lines;
  while (const auto batch = spool.take(at(0))) {
    lines += batch->lines;
    spool.acknowledge(at(0));
  }
  CHECK(lines.find("h 2 1000000\n") != std::string::npos);
  CHECK(lines.find("h 1 1000000\n") == std::string::npos);
  CHECK(spool.stats().acknowledged == datapoints.size() - 1);
  CHECK(spool.stats().superseded == 1);
  check_account(spool);
}

TEST_CASE("what is published into a window of which a part has left replaces the rest",
          "[store][spool]") {
  Spool spool({}, at(0));
  std::vector<Datapoint> datapoints;
  for (std::uint32_t i = 0; i <= kBatchDatapointsMax; ++i)
    datapoints.push_back(point("p" + std::to_string(i), 1, 0, 1));
  spool.put(datapoints, 1);
  REQUIRE(spool.take(at(0))->datapoint_count == kBatchDatapointsMax);
  const std::string last = "p" + std::to_string(kBatchDatapointsMax);
  spool.put(std::vector{point(last, 2, 0, 2), point("p0", 2, 0, 2)}, 2);
  spool.acknowledge(at(0));
  CHECK(sorted_lines_of(spool.take(at(0))) == "p0 2 1000000\n" + last + " 2 1000000\n");
  CHECK(spool.stats().superseded == 1);
  spool.acknowledge(at(0));
  CHECK(spool.is_empty());
  check_account(spool);
}

TEST_CASE("a batch that failed waits again, but never over a newer value", "[store][spool]") {
  Spool spool({}, at(0));
  spool.put(std::vector{point("a", 1, 0, 1), point("b", 1, 0, 1)}, 1);
  REQUIRE(spool.take(at(0)).has_value());
  spool.put(std::vector{point("a", 2, 0, 2)}, 2);
  spool.give_back();
  check_account(spool);
  CHECK(spool.stats().waiting == 3);
  CHECK(sorted_lines_of(spool.take(at(1))) == "a 2 1000000\nb 1 1000000\n");
  spool.acknowledge(at(1));
  CHECK(spool.stats().superseded == 1);
  check_account(spool);
}

TEST_CASE("what is in flight stays as it is when it is corrected", "[store][spool]") {
  Spool spool({}, at(0));
  spool.put(std::vector{point("a", 1, 0, 1)}, 1);
  REQUIRE(lines_of(spool.take(at(0))) == "a 1 1000000\n");
  spool.put(std::vector{point("a", 2, 0, 2)}, 2);
  spool.acknowledge(at(1));
  CHECK(lines_of(spool.take(at(1))) == "a 2 1000000\n");
  spool.acknowledge(at(1));
  CHECK(spool.stats().acknowledged == 2);
  CHECK(spool.stats().superseded == 0);
  check_account(spool);
}

TEST_CASE("a batch is bounded in datapoints and octets, and nothing is left behind",
          "[store][spool]") {
  Spool spool({}, at(0));
  spool.put(points("p", 12'000, 0, 1), 1);
  std::uint64_t taken = 0;
  while (const auto batch = spool.take(at(0))) {
    CHECK(batch->datapoint_count <= kBatchDatapointsMax);
    CHECK(batch->lines.size() <= kBatchBytesMax);
    taken += batch->datapoint_count;
    spool.acknowledge(at(0));
  }
  CHECK(taken == 12'000);

  spool.put(points(std::string(190, 'x') + "." + std::string(190, 'y'), 4'000, 0, 1), 2);
  const auto batch = spool.take(at(0));
  CHECK(batch->lines.size() <= kBatchBytesMax);
  CHECK(batch->datapoint_count < 4'000);
  CHECK(batch->datapoint_count > 1'000);
  check_account(spool);
}

TEST_CASE("live windows and backlog leave apart, as the caller asks", "[store][spool]") {
  Spool spool({.live_span = std::chrono::seconds(120)}, at(0));
  for (const int window : {-600, -300, -180, -120, -60, 0})
    spool.put(std::vector{point("h", 1, window, 1)}, 0);
  auto batch = spool.take(at(0), Which::kBacklog);
  CHECK(lines_of(batch) == "h 1 999820\nh 1 999700\nh 1 999400\n");
  CHECK(batch->is_backlog);
  spool.give_back();
  batch = spool.take(at(0), Which::kLive);
  CHECK(lines_of(batch) == "h 1 1000000\nh 1 999940\nh 1 999880\n");
  CHECK_FALSE(batch->is_backlog);
  spool.acknowledge(at(0));
  CHECK_FALSE(spool.take(at(0), Which::kLive));
  spool.put(std::vector{point("h", 2, 0, 2)}, 0);
  CHECK(lines_of(spool.take(at(0))) == "h 2 1000000\n");
  spool.acknowledge(at(0));
  batch = spool.take(at(0));
  CHECK(batch->is_backlog);
  CHECK(batch->datapoint_count == 3);
  check_account(spool);
}

TEST_CASE("a full spool drops the oldest windows and counts them", "[store][spool]") {
  Spool spool({.bytes_max = 10'000}, at(0));
  for (int window = 0; window < 10; ++window) {
    spool.put(points("path", 100, -600 + window * 60, 1), 0);
    check_account(spool);
    CHECK(spool.stats().bytes <= 10'000);
  }
  CHECK(spool.stats().dropped_full > 0);
  CHECK(spool.stats().waiting > 300);
  CHECK(spool.stats().oldest_window > Seconds(at_seconds(-600)));
  CHECK(lines_of(spool.take(at(0))).find("999940\n") != std::string::npos);
}

TEST_CASE("a spool that is used takes other bounds, its file stays", "[store][spool][reload]") {
  const ScratchFolder folder;
  SpoolOptions options{.file = folder.file("spool.db")};
  Spool spool(options, at(0));
  for (int window = 0; window < 10; ++window)
    spool.put(points("path", 100, -600 + window * 60, 1), 0);
  CHECK(spool.stats().waiting == 1'000);
  options.file.clear();
  options.bytes_max = 10'000;
  spool.set_options(options);
  CHECK(spool.stats().bytes <= 10'000);
  CHECK(spool.stats().is_on_disk);
  check_account(spool);
  options.age_max = std::chrono::seconds(90);
  spool.set_options(options);
  spool.tick(at(0));
  CHECK(spool.stats().oldest_window == Seconds(at_seconds(-60)));
  check_account(spool);
}

TEST_CASE("one window larger than the spool is cut, hosts first", "[store][spool]") {
  Spool spool({.bytes_max = 300'000}, at(0));
  std::vector<Datapoint> many = points("host", 20'000, 0, 1);
  many.push_back(point("fleet", 1, 0, 1, Scope::kAll));
  spool.put(many, 0);
  CHECK(spool.stats().bytes <= 300'000);
  CHECK(spool.stats().waiting > 5'000);
  CHECK(lines_of(spool.take(at(0))).starts_with("fleet 1 "));
  check_account(spool);
}

TEST_CASE("what was acknowledged goes before what waits when a spool is full", "[store][spool]") {
  Spool spool({.bytes_max = 60'000}, at(0));
  spool.put(points("a", 1'000, 0, 1), 0);
  REQUIRE(spool.take(at(0)));
  spool.acknowledge(at(0));
  CHECK(spool.stats().bytes > 10'000);
  spool.put(points("b", 3'000, 60, 1), 0);
  CHECK(spool.stats().dropped_full == 0);
  CHECK(spool.stats().waiting == 3'000);
  check_account(spool);
}

TEST_CASE("what is older than whisper's finest archive is not sent", "[store][spool]") {
  Spool spool({.age_max = std::chrono::hours(1)}, at(0));
  spool.put(std::vector{point("old", 1, -3601, 1), point("young", 1, -3600, 1)}, 0);
  CHECK(lines_of(spool.take(at(0))) == "young 1 996400\n");
  CHECK(spool.stats().dropped_old == 1);
  spool.give_back();
  spool.tick(at(1));
  CHECK(spool.stats().dropped_old == 2);
  CHECK(spool.is_empty());
  check_account(spool);
}

TEST_CASE("a destination that never answers has its own column", "[store][spool]") {
  Spool spool({}, at(0));
  spool.put(points("a", 3, 0, 1), 0);
  REQUIRE(spool.take(at(0)));
  spool.count_unconfirmed(at(0));
  CHECK(spool.stats().unconfirmed == 3);
  CHECK(spool.stats().acknowledged == 0);
  CHECK(spool.is_empty());
  check_account(spool);
}

TEST_CASE("a publication of the journal is put once", "[store][spool]") {
  Spool spool({}, at(0));
  spool.put(points("a", 3, 0, 1), 7);
  spool.put(points("a", 3, 0, 1), 7);
  spool.put(points("b", 3, 0, 1), 6);
  CHECK(spool.last_sequence() == 7);
  CHECK(spool.stats().put == 3);
  CHECK(spool.stats().waiting == 3);
  spool.put({}, 9);
  CHECK(spool.last_sequence() == 9);
}

TEST_CASE("a replay sends what was acknowledged within the window, and is counted apart",
          "[store][spool][replay]") {
  Spool spool({.replay_window = std::chrono::seconds(120)}, at(0));
  for (int i = 0; i < 4; ++i) {
    spool.put(std::vector{point("p" + std::to_string(i), i, 0, 1)}, 0);
    REQUIRE(spool.take(at(i * 50)));
    spool.acknowledge(at(i * 50));
  }
  spool.replay(at(200));  // Of 0, 50, 100 and 150 the last two.
  CHECK(spool.stats().replay_waiting == 2);
  CHECK(spool.stats().waiting == 0);
  check_account(spool);
  CHECK(sorted_lines_of(spool.take(at(200))) == "p2 2 1000000\np3 3 1000000\n");
  CHECK(spool.stats().replay_in_flight == 2);
  check_account(spool);
  spool.acknowledge(at(200));
  CHECK(spool.stats().replayed == 2);
  CHECK(spool.stats().acknowledged == 4);
  check_account(spool);
  CHECK_FALSE(spool.take(at(200)));
  spool.replay(at(320));  // They were acknowledged again.
  CHECK(spool.stats().replay_waiting == 2);
}

TEST_CASE("a replay never brings back an older value", "[store][spool][replay]") {
  Spool spool({}, at(0));
  spool.put(std::vector{point("a", 1, 0, 1), point("b", 1, 0, 1)}, 0);
  REQUIRE(spool.take(at(0)));
  spool.acknowledge(at(0));
  SECTION("when the newer one was acknowledged too") {
    spool.put(std::vector{point("a", 2, 0, 2)}, 0);
    REQUIRE(spool.take(at(1)));
    spool.acknowledge(at(1));
    spool.replay(at(2));
  }
  SECTION("when the newer one waits") {
    spool.put(std::vector{point("a", 2, 0, 2)}, 0);
    spool.replay(at(2));
  }
  SECTION("when the newer one comes after it") {
    spool.replay(at(1));
    spool.put(std::vector{point("a", 2, 0, 2)}, 0);
  }
  SECTION("when the newer one is in flight and arrives") {
    spool.put(std::vector{point("a", 2, 0, 2)}, 0);
    REQUIRE(lines_of(spool.take(at(1))) == "a 2 1000000\n");
    spool.replay(at(2));
    spool.acknowledge(at(2));
  }
  SECTION("when the newer one is in flight and comes back") {
    spool.put(std::vector{point("a", 2, 0, 2)}, 0);
    REQUIRE(lines_of(spool.take(at(1))) == "a 2 1000000\n");
    spool.replay(at(2));
    spool.give_back();
  }
  SECTION("when the replay itself is corrected in flight and comes back") {
    spool.replay(at(1));
    REQUIRE(spool.take(at(1)));
    spool.put(std::vector{point("a", 2, 0, 2)}, 0);
    spool.give_back();
  }
  check_account(spool);
  CHECK(sorted_lines_of(spool.take(at(3))) == "a 2 1000000\nb 1 1000000\n");
  spool.acknowledge(at(3));
  check_account(spool);
  CHECK(spool.stats().superseded == 0);  // What a replay gives up was acknowledged before.
  CHECK_FALSE(spool.take(at(3)));
}

TEST_CASE("what was acknowledged is forgotten after the replay window", "[store][spool][replay]") {
  Spool spool({.replay_window = std::chrono::seconds(80)}, at(0));
  for (int i = 0; i < 20; ++i) {
    spool.put(points("p", 100, i * 10, 1), 0);
    REQUIRE(spool.take(at(i * 10)));
    spool.acknowledge(at(i * 10));
    CHECK(spool.stats().bytes <= 11 * 2'000);
  }
  spool.tick(at(400));
  CHECK(spool.stats().bytes == 0);
  spool.replay(at(400));
  CHECK(spool.is_empty());

  Spool none({.replay_window = std::chrono::seconds(0)}, at(0));
  none.put(points("p", 100, 0, 1), 0);
  REQUIRE(none.take(at(0)));
  none.acknowledge(at(0));
  CHECK(none.stats().bytes == 0);
  none.replay(at(0));
  CHECK(none.is_empty());
}

TEST_CASE("what is sent once more is not what waits, and makes nothing older", "[store][spool]") {
  Spool spool({.replay_window = std::chrono::seconds(120)}, at(0));
  spool.put(points("a", 3, 0, 1), 0);
  REQUIRE(spool.take(at(1)));
  spool.acknowledge(at(1));
  spool.replay(at(2));
  CHECK(spool.stats().replay_waiting == 3);
  CHECK(spool.stats().waiting == 0);
  CHECK(spool.stats().oldest_window == std::nullopt);
  spool.put(points("a", 2, 60, 2), 0);
  CHECK(spool.stats().waiting == 2);
  CHECK(spool.stats().oldest_window == Seconds(at_seconds(60)));
  // In one window with the others, the rows that wait count.
  spool.put(points("b", 1, 0, 3), 0);
  CHECK(spool.stats().oldest_window == Seconds(at_seconds(0)));
  check_account(spool);
}

}  // namespace sluice
