// What a spool's file keeps, whatever happens to the program.
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "store/scratch_folder.h"
#include "store/spool.h"
#include "store/spool_world.h"

namespace sluice {
namespace {

// The file as a kill -9 leaves it at this moment, copied to `to`.
void copy_as_killed(const std::string& from, const std::string& to) {
  for (const char* const suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(to + suffix);
    if (std::filesystem::exists(from + suffix))
      std::filesystem::copy_file(from + suffix, to + suffix);
  }
}

}  // namespace

TEST_CASE("a killed relay finds everything that was put, and sends what was not acknowledged",
          "[store][spool][restart]") {
  const ScratchFolder folder;
  const SpoolOptions options{.file = folder.file("spool.db")};
  SpoolOptions copied = options;
  copied.file = folder.file("killed.db");
  Spool spool(options, at(0));
  CHECK(spool.stats().is_on_disk);
  spool.put(std::vector{point("a", 1, 0, 1), point("b", 1, 0, 1)}, 3);

  SECTION("after a put") {
    copy_as_killed(options.file, copied.file);
    Spool again(copied, at(1));
    CHECK(again.last_sequence() == 3);
    CHECK(again.stats().spooled_at_start == 2);
    CHECK(sorted_lines_of(again.take(at(1))) == "a 1 1000000\nb 1 1000000\n");
    check_account(again);
  }
  SECTION("in flight") {
    REQUIRE(spool.take(at(0)));
    copy_as_killed(options.file, copied.file);
    Spool again(copied, at(1));
    CHECK(again.stats().spooled_at_start == 2);
    CHECK(sorted_lines_of(again.take(at(1))) == "a 1 1000000\nb 1 1000000\n");
  }
  SECTION("corrected in flight") {
    REQUIRE(spool.take(at(0)));
    spool.put(std::vector{point("a", 2, 0, 2)}, 4);
    copy_as_killed(options.file, copied.file);
    Spool again(copied, at(1));
    CHECK(again.stats().spooled_at_start == 3);
    CHECK(sorted_lines_of(again.take(at(1))) == "a 2 1000000\nb 1 1000000\n");
    check_account(again);
  }
  SECTION("after an acknowledgement") {
    REQUIRE(spool.take(at(0)));
    spool.acknowledge(at(0));
    copy_as_killed(options.file, copied.file);
    Spool again(copied, at(1));
    CHECK(again.stats().spooled_at_start == 0);
    CHECK(again.is_empty());
    again.put(std::vector{point("a", 2, 0, 1)}, 4);  // Versions began anew with the program.
    again.replay(at(1));
    CHECK(sorted_lines_of(again.take(at(1))) == "a 2 1000000\nb 1 1000000\n");
    check_account(again);
  }
  SECTION("after a replay") {
    REQUIRE(spool.take(at(0)));
    spool.acknowledge(at(0));
    spool.replay(at(0));
    copy_as_killed(options.file, copied.file);
    Spool again(copied, at(1));
    CHECK(again.stats().spooled_at_start == 0);
    CHECK(again.stats().replay_waiting == 2);
    CHECK(sorted_lines_of(again.take(at(1))) == "a 1 1000000\nb 1 1000000\n");
    check_account(again);
  }
}

TEST_CASE("a later life of the program is newer, whatever its versions say",
          "[store][spool][restart]") {
  const ScratchFolder folder;
  const SpoolOptions options{.file = folder.file("spool.db")};
  {
    Spool spool(options, at(0));
    spool.put(std::vector{point("a", 1, 0, 5'000)}, 1);
  }
  {
    Spool spool(options, at(1));
    spool.put(std::vector{point("a", 2, 0, 1)}, 2);
  }
  Spool spool(options, at(2));
  CHECK(spool.stats().spooled_at_start == 2);
  CHECK(lines_of(spool.take(at(2))) == "a 2 1000000\n");
  CHECK(spool.stats().superseded == 1);
  check_account(spool);
}

TEST_CASE("a file is not larger than what waits in it for long", "[store][spool][restart]") {
  const ScratchFolder folder;
  Spool spool({.file = folder.file("spool.db"), .replay_window = std::chrono::seconds(8)}, at(0));
  std::uintmax_t largest = 0;
  for (int i = 0; i < 300; ++i) {
    spool.put(points("path.of.some.length", 500, i, 1), 0);
    REQUIRE(spool.take(at(i)));
    spool.acknowledge(at(i));
    if (i == 150) largest = std::filesystem::file_size(folder.file("spool.db"));
  }
  CHECK(std::filesystem::file_size(folder.file("spool.db")) <= 2 * largest);
}

TEST_CASE("a file shrinks again after an outage", "[store][spool][restart]") {
  const ScratchFolder folder;
  Spool spool({.file = folder.file("spool.db")}, at(0));
  for (int i = 0; i < 260; ++i)
    spool.put(points("clusters.production.some-metric.of-some-length", 5'000, i * 60, 1), 0);
  spool.sync();
  const auto largest = std::filesystem::file_size(folder.file("spool.db"));
  REQUIRE(largest > 70'000'000);
  while (spool.take(at(16'000))) spool.acknowledge(at(16'000));
  for (int i = 200; i < 400; i += 50) spool.tick(at(16'000 + i));
  spool.sync();
  CHECK(std::filesystem::file_size(folder.file("spool.db")) < 5'000'000);
  spool.put(points("a", 10, 16'500, 1), 0);
  CHECK(spool.take(at(16'500))->datapoint_count == 10);
  CHECK(spool.take_notices().empty());
}

namespace {

// What a spool has been given and what has left it, as a destination sees it that keeps the last
// value of every path and time.
struct World {
  struct Value {
    std::uint64_t put = 0;   // The serial number of the newest value that was put,
    std::uint64_t sent = 0;  // and of the one the destination has.
  };
  std::map<std::string, Value> values;
  std::string in_flight;

  // A line is "path serial time".
  void receive(const std::string& lines) {
    for (const std::string& line : split_lines(lines)) {
      const std::size_t first = line.find(' ');
      const std::size_t second = line.find(' ', first + 1);
      Value& value = values.at(line.substr(0, first) + line.substr(second));
      const std::uint64_t serial = std::stoull(line.substr(first + 1, second - first - 1));
      if (value.sent > serial) FAIL("an older value left after a newer one: " + line);
      value.sent = serial;
    }
  }
};

}  // namespace

TEST_CASE("whatever happens in whatever order, the account is exact and no value goes back",
          "[store][spool][restart]") {
  const auto seed = GENERATE(range(1U, 21U));
  CAPTURE(seed);
  std::minstd_rand random(seed);
  const auto roll = [&random](std::uint32_t sides) {
    return static_cast<std::uint32_t>(random() % sides);
  };
  const ScratchFolder folder;
  SpoolOptions options{.file = folder.file("spool.db"),
                       .bytes_max = seed % 3 == 0 ? 60'000U : 10'000'000U,
                       .age_max = std::chrono::seconds(seed % 4 == 0 ? 600 : 36'000),
                       .replay_window = std::chrono::seconds(seed % 5 == 0 ? 0 : 100),
                       .new_series_per_minute = seed % 2 == 0 ? 60U : 0U};
  auto spool = std::make_unique<Spool>(options, at(0));
  World world;
  std::int64_t now = 0;
  std::uint64_t serial = 0;
  std::uint64_t version = 0;
  const auto put = [&] {
    std::vector<Datapoint> list;
    ++version;
    for (std::uint32_t i = roll(40) + 1; i > 0; --i) {
      const auto scope = static_cast<Scope>(roll(5));
      const std::int64_t time = now / 60 * 60 - 60 * static_cast<std::int64_t>(roll(8));
      const std::string path =
          "s" + std::to_string(static_cast<int>(scope)) + ".p" + std::to_string(roll(30));
      list.push_back(point(path, static_cast<double>(++serial), time, version, scope));
      world.values[path + " " + std::to_string(at_seconds(time).count())].put = serial;
    }
    spool->put(list, serial);
  };
  const auto take = [&] {
    const auto which = std::array{Which::kAny, Which::kLive, Which::kBacklog}[roll(3)];
    const auto batch = spool->take(at(now), which);
    if (!batch) return;
    world.in_flight = batch->lines;
    CHECK(spool->stats().in_flight + spool->stats().replay_in_flight == batch->datapoint_count);
  };
  for (int step = 0; step < 250; ++step) {
    const bool is_flying = !world.in_flight.empty();
    const std::uint32_t action = roll(20);
    if (action < 7) put();
    if (action >= 7 && action < 15 && !is_flying) take();
    if (action >= 7 && action < 11 && is_flying) {
      world.receive(std::exchange(world.in_flight, {}));
      roll(4) == 0 ? spool->count_unconfirmed(at(now)) : spool->acknowledge(at(now));
    }
    if (action >= 11 && action < 13 && is_flying) {
      if (roll(2) == 0) world.receive(world.in_flight);  // It arrived, but nobody knows.
      world.in_flight.clear();
      spool->give_back();
    }
    if (action == 15) spool->replay(at(now));
    if (action == 16) now += roll(30);
    if (action == 17) spool->tick(at(now));
    if (action == 18) {
      const SpoolStats before = spool->stats();
      spool.reset();
      world.in_flight.clear();
      version = 0;
      spool = std::make_unique<Spool>(options, at(now));
      CHECK(spool->stats().spooled_at_start == before.waiting + before.held + before.in_flight);
      CHECK(spool->stats().new_series == before.new_series);
      CHECK(spool->stats().bytes == before.bytes);
    }
    const SpoolStats stats = spool->stats();
    INFO("step " << step << " action " << action << ": " << describe(stats));
    REQUIRE(is_balanced(stats));
    REQUIRE(stats.is_on_disk);
    REQUIRE(stats.dropped_damaged == 0);
    CHECK(stats.bytes <= options.bytes_max + (is_flying ? kBatchBytesMax : 0));
    if (step % 5 == 0) now += roll(20);
  }
  CHECK(spool->take_notices().empty());
  if (!world.in_flight.empty()) {
    world.receive(world.in_flight);
    spool->acknowledge(at(now));
  }
  for (int second = 0; second < 300; ++second) {
    while (const auto batch = spool->take(at(now))) {
      world.receive(batch->lines);
      spool->acknowledge(at(now));
    }
    ++now;
  }
  REQUIRE(is_balanced(spool->stats()));
  CHECK(spool->stats().waiting + spool->stats().held == 0);
  if (seed % 3 == 0 || seed % 4 == 0) return;  // Some was dropped.
  for (const auto& [key, value] : world.values) {
    CAPTURE(key);
    CHECK(value.sent == value.put);
  }
}

}  // namespace sluice
