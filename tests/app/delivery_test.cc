#include "app/delivery.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "http/ledger.h"
#include "net/fake_carbon.h"
#include "net/test_loop.h"
#include "store/scratch_folder.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

DestinationConfig destination_at(std::uint16_t port) {
  DestinationConfig config{.name = "graphite"};
  config.carbon = {Endpoint::Transport::kTcp, "127.0.0.1", port};
  config.new_series_per_minute = 0;
  return config;
}

Seconds this_minute() {
  return std::chrono::floor<std::chrono::minutes>(std::chrono::system_clock::now());
}

AsyncSpool::Datapoints points(std::string path, double value, std::uint64_t version,
                              Seconds time = this_minute()) {
  return std::make_shared<const std::vector<Datapoint>>(
      std::vector<Datapoint>{{std::move(path), value, time, version, Scope::kHost}});
}

AsyncSpool::Datapoints many_points(const std::string& prefix, int count, Seconds time) {
  auto all = std::make_shared<std::vector<Datapoint>>();
  for (int i = 0; i < count; ++i)
    all->push_back({prefix + std::to_string(i), 1, time, 1, Scope::kHost});
  return all;
}

// Short for a test, and longer than a busy machine keeps a process from running.
constexpr std::chrono::milliseconds kAckTimeout{1000};

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

std::int64_t uncounted(const Delivery& delivery) {
  Snapshot snapshot;
  snapshot.destinations.push_back(delivery.snapshot());
  return uncounted_loss(snapshot).datapoints;
}

// Everything a delivery needs, to a carbon on the same loop.
struct World {
  explicit World(FakeCarbon::Manner manner = {}) : carbon(loop.get(), std::move(manner)) {}

  void start(const DestinationConfig& config, const std::string& file = {}) {
    delivery = std::make_unique<Delivery>(loop.get(), store, config, file);
  }
  void start() { start(destination_at(carbon.port())); }
  bool run_until_done() {
    return loop.run_until([this] { return delivery->is_done(); });
  }
  // A watch that has not been accepted yet would see no end of it.
  bool run_until_watched() {
    return loop.run_until([this] { return carbon.open_count() == 1; });
  }

  TestLoop loop;
  FakeCarbon carbon;
  StoreThread store{loop.get()};
  std::unique_ptr<Delivery> delivery;
};

FakeCarbon::Manner mute() {
  FakeCarbon::Manner manner;
  manner.closes_at_eof = false;
  return manner;
}

}  // namespace

TEST_CASE("what is published is delivered and acknowledged", "[app]") {
  World world;
  world.start();
  int stored = 0;
  world.delivery->publish(points("a", 1, 1), 0, [&stored] { ++stored; });
  world.delivery->publish(points("b", 2, 1));
  CHECK_FALSE(world.delivery->is_done());
  CHECK(stored == 0);
  REQUIRE(world.run_until_done());
  CHECK(stored == 1);
  CHECK(lines_in(world.carbon.received()) == 2);
  const DestinationSnapshot one = world.delivery->snapshot();
  CHECK(one.published == 2);
  CHECK(one.acknowledged == 2);
  CHECK(one.lag_seconds == 0);
  CHECK(world.delivery->batches_failed() == 0);
}

TEST_CASE("a batch that nobody took is sent again until it is", "[app]") {
  World world({.closes_after = 0});  // Closes at once, with our octets unread.
  world.start();
  const Seconds minute = this_minute();
  world.delivery->publish(points("a", 1, 1, minute));
  REQUIRE(world.loop.run_until([&] { return world.delivery->batches_failed() >= 1; }));
  CHECK_FALSE(world.delivery->is_done());
  const DestinationSnapshot down = world.delivery->snapshot();
  CHECK(down.is_down);
  CHECK(down.waiting + down.in_flight == 1);
  // Meanwhile corrected: only this may arrive.
  world.delivery->publish(points("a", 2, 2, minute));
  world.carbon.manner().closes_after = std::numeric_limits<std::size_t>::max();
  world.delivery->hurry();
  REQUIRE(world.run_until_done());
  CHECK(world.carbon.received().find("a 2 ") != std::string::npos);
  CHECK(world.carbon.received().find("a 1 ") == std::string::npos);
  CHECK(world.delivery->snapshot().superseded == 1);
  CHECK_FALSE(world.delivery->snapshot().is_down);
}

TEST_CASE("a destination that is away keeps its datapoints waiting", "[app]") {
  World world;
  world.carbon.stop_listening();
  world.start();
  const Seconds minute = this_minute();
  world.delivery->publish(points("a", 1, 1, minute));
  REQUIRE(world.loop.run_until([&] {
    return world.delivery->batches_failed() >= 2 && world.delivery->snapshot().in_flight == 0;
  }));
  const DestinationSnapshot one = world.delivery->snapshot();
  CHECK(one.waiting == 1);
  CHECK(one.oldest_waiting == Timestamp(minute));
}

TEST_CASE("the account balances at every moment", "[app]") {
  World world;
  world.start();
  std::minstd_rand random(GENERATE(1U, 2U, 3U));
  std::uint64_t published = 0;
  const auto check = [&] {
    CHECK(uncounted(*world.delivery) == 0);
    CHECK(world.delivery->snapshot().published == published);
  };
  for (std::uint64_t version = 1; version <= 300; ++version) {
    if (random() % 3 == 0) {
      // Few paths, so that many are superseded; two windows, one of them of the backlog.
      const Seconds time = this_minute() - (random() % 4 == 0 ? 1h : 0h);
      world.delivery->publish(points("a" + std::to_string(random() % 5), 1, version, time));
      ++published;
      check();
    }
    if (random() % 20 == 0)
      world.carbon.manner().closes_after =
          random() % 2 == 0 ? 0 : std::numeric_limits<std::size_t>::max();
    if (random() % 30 == 0) world.carbon.close_connections();
    if (random() % 25 == 0) world.delivery->hurry();
    world.loop.turn();
    check();
  }
  world.carbon.manner().closes_after = std::numeric_limits<std::size_t>::max();
  world.delivery->hurry();
  REQUIRE(world.loop.run_until([&] {
    CHECK(uncounted(*world.delivery) == 0);
    return world.delivery->is_done();
  }));
  check();
  CHECK(world.delivery->snapshot().acknowledged > 0);
}

TEST_CASE("the end of the watch has what was acknowledged sent once more, and not too often",
          "[app]") {
  World world;
  world.start();
  world.delivery->publish(points("a", 1, 1));
  REQUIRE(world.run_until_done());
  REQUIRE(world.run_until_watched());
  world.carbon.close_connections();
  REQUIRE(world.loop.run_until([&] { return world.delivery->snapshot().replayed == 1; }));
  REQUIRE(world.run_until_done());
  CHECK(count_of(world.carbon.received(), "a 1 ") == 2);
  CHECK(world.delivery->snapshot().acknowledged == 1);
  CHECK(uncounted(*world.delivery) == 0);

  // A second end within replay_window waits for its time.
  REQUIRE(world.run_until_watched());
  world.carbon.close_connections();
  REQUIRE(world.run_until_watched());
  for (int i = 0; i < 30; ++i) world.loop.turn();
  CHECK(count_of(world.carbon.received(), "a 1 ") == 2);
}

TEST_CASE("a replay that had to wait is not forgotten", "[app]") {
  World world;
  DestinationConfig config = destination_at(world.carbon.port());
  config.replay_window = 1s;
  world.start(config);
  world.delivery->publish(points("a", 1, 1));
  REQUIRE(world.run_until_done());
  for (std::size_t times = 2; times <= 3; ++times) {
    REQUIRE(world.run_until_watched());
    world.carbon.close_connections();
    REQUIRE(
        world.loop.run_until([&] { return count_of(world.carbon.received(), "a 1 ") == times; }));
    REQUIRE(world.run_until_done());
  }
}

TEST_CASE("a replay never brings an older value behind a newer one", "[app]") {
  World world;
  world.start();
  const Seconds minute = this_minute();
  world.delivery->publish(points("a", 1, 1, minute));
  REQUIRE(world.run_until_done());
  world.delivery->publish(points("a", 2, 2, minute));
  REQUIRE(world.run_until_done());
  REQUIRE(world.run_until_watched());
  world.carbon.close_connections();
  REQUIRE(world.loop.run_until([&] { return world.delivery->snapshot().replayed >= 1; }));
  REQUIRE(world.run_until_done());
  const std::string& received = world.carbon.received();
  CHECK(received.rfind("a 2 ") > received.rfind("a 1 "));
}

TEST_CASE("a batch that was reset has what was acknowledged before it sent once more", "[app]") {
  World world;
  DestinationConfig config = destination_at(world.carbon.port());
  world.start(config);
  world.delivery->publish(points("a", 1, 1));
  REQUIRE(world.run_until_done());
  world.carbon.manner().closes_after = 0;
  world.delivery->publish(points("b", 2, 2));
  REQUIRE(world.loop.run_until([&] { return world.delivery->batches_failed() >= 1; }));
  world.carbon.manner().closes_after = std::numeric_limits<std::size_t>::max();
  world.delivery->hurry();
  REQUIRE(world.loop.run_until([&] { return world.delivery->snapshot().replayed == 1; }));
  CHECK(count_of(world.carbon.received(), "a 1 ") == 2);
}

TEST_CASE("nothing is watched or sent once more without a replay_window", "[app]") {
  World world;
  DestinationConfig config = destination_at(world.carbon.port());
  config.replay_window = 0s;
  world.start(config);
  world.delivery->publish(points("a", 1, 1));
  REQUIRE(world.run_until_done());
  CHECK(world.carbon.connection_count() == 1);
}

TEST_CASE("a receiver that never closes is run as unconfirmed until it answers", "[app]") {
  World world(mute());
  DestinationConfig config = destination_at(world.carbon.port());
  config.ack_timeout = kAckTimeout;
  world.start(config);
  world.delivery->publish(points("a", 1, 1));
  REQUIRE(world.loop.run_until([&] { return world.delivery->snapshot().is_unconfirmed; }));
  CHECK(world.delivery->batches_failed() == Confirmation::kUnansweredMax - 1);
  REQUIRE(world.run_until_done());
  DestinationSnapshot one = world.delivery->snapshot();
  CHECK(one.unconfirmed == 1);
  CHECK(one.acknowledged == 0);
  CHECK_FALSE(one.is_down);
  CHECK(uncounted(*world.delivery) == 0);

  world.delivery->publish(points("b", 1, 2));
  REQUIRE(world.run_until_done());
  CHECK(world.delivery->snapshot().unconfirmed == 2);
  CHECK(world.delivery->batches_failed() == Confirmation::kUnansweredMax - 1);

  world.carbon.manner().closes_at_eof = true;
  world.delivery->publish(points("c", 1, 3));
  REQUIRE(world.run_until_done());
  one = world.delivery->snapshot();
  CHECK_FALSE(one.is_unconfirmed);
  CHECK(one.unconfirmed == 2);
  CHECK(one.acknowledged == 1);
}

TEST_CASE("a carbon that has answered and is slow for some batches is not taken for mute",
          "[app]") {
  World world;
  DestinationConfig config = destination_at(world.carbon.port());
  config.ack_timeout = kAckTimeout;
  world.start(config);
  world.delivery->publish(points("a", 1, 1));
  REQUIRE(world.run_until_done());
  world.carbon.manner().closes_at_eof = false;
  world.delivery->publish(points("b", 1, 2));
  const auto failed_more = [&, before = world.delivery->batches_failed()] {
    world.delivery->hurry();  // No pauses.
    return world.delivery->batches_failed() >= before + Confirmation::kUnansweredMax + 2;
  };
  REQUIRE(world.loop.run_until(failed_more));
  CHECK_FALSE(world.delivery->snapshot().is_unconfirmed);
  CHECK(world.delivery->snapshot().unconfirmed == 0);
  world.carbon.manner().closes_at_eof = true;
  world.delivery->hurry();
  REQUIRE(world.run_until_done());
  CHECK(world.delivery->snapshot().acknowledged == 2);
}

TEST_CASE("live windows leave before the backlog, and the backlog is slow", "[app]") {
  World world;
  world.carbon.manner().accepts = false;  // Until all is published.
  DestinationConfig config = destination_at(world.carbon.port());
  config.replay_window = 0s;
  world.start(config);
  constexpr int kBacklog = 3 * static_cast<int>(kBatchDatapointsMax) + 1;  // Four batches.
  // The first batch is of the live window alone: nothing else is known yet.
  world.delivery->publish(points("live.1", 1, 1));
  world.delivery->publish(many_points("old", kBacklog, this_minute() - 1h));
  world.delivery->publish(points("live.2", 1, 2));
  REQUIRE(world.loop.run_until([&] { return world.delivery->spool().on_the_way() == 0; }));
  const auto begin = std::chrono::steady_clock::now();
  world.carbon.manner().accepts = true;
  REQUIRE(world.run_until_done());
  CHECK(std::chrono::steady_clock::now() - begin >= 3 * Delivery::kBacklogPause);
  const std::string& received = world.carbon.received();
  CHECK(lines_in(received) == kBacklog + 2);
  // One batch of the backlog goes between the two at most.
  CHECK(lines_in(received.substr(0, received.find("live.2"))) <= 1 + kBatchDatapointsMax);
}

TEST_CASE("what waits outlives the relay on disk", "[app]") {
  const ScratchFolder folder;
  const std::string file = folder.file("spool-graphite.db");
  World world;
  world.carbon.manner().closes_after = 0;
  world.start(destination_at(world.carbon.port()), file);
  bool is_stored = false;
  world.delivery->publish(points("a", 1, 1), 7, [&is_stored] { is_stored = true; });
  REQUIRE(world.loop.run_until([&] { return is_stored; }));
  CHECK(world.delivery->snapshot().is_spool_on_disk);
  world.delivery.reset();
  world.carbon.manner().closes_after = std::numeric_limits<std::size_t>::max();
  world.start(destination_at(world.carbon.port()), file);
  REQUIRE(world.run_until_done());
  const DestinationSnapshot one = world.delivery->snapshot();
  CHECK(one.spooled_at_start == 1);
  CHECK(one.published == 0);
  CHECK(one.acknowledged == 1);
  CHECK(world.delivery->spool().last_sequence() == 7);
  CHECK(uncounted(*world.delivery) == 0);
  // The row of the journal that is inside already is left alone.
  world.delivery->publish(points("a", 1, 1), 7);
  REQUIRE(world.run_until_done());
  CHECK(world.delivery->snapshot().published == 0);
  CHECK(lines_in(world.carbon.received()) == 1);
}

TEST_CASE("what was acknowledged shortly before the relay ended is sent once more", "[app]") {
  const ScratchFolder folder;
  const std::string file = folder.file("spool-graphite.db");
  World world;
  world.start(destination_at(world.carbon.port()), file);
  world.delivery->publish(points("a", 1, 1));
  REQUIRE(world.run_until_done());
  world.delivery.reset();
  world.start(destination_at(world.carbon.port()), file);
  REQUIRE(world.loop.run_until([&] { return world.delivery->snapshot().replayed == 1; }));
  CHECK(count_of(world.carbon.received(), "a 1 ") == 2);
  CHECK(world.delivery->snapshot().acknowledged == 0);
  CHECK(uncounted(*world.delivery) == 0);
}

TEST_CASE("new series wait for their turn and do not keep the relay from its end", "[app]") {
  World world;
  DestinationConfig config = destination_at(world.carbon.port());
  config.new_series_per_minute = 1;
  world.start(config);
  world.delivery->publish(many_points("new", 30, this_minute()));
  REQUIRE(world.loop.run_until(
      [&] { return world.delivery->spool().on_the_way() == 0 && world.delivery->is_done(); }));
  const DestinationSnapshot one = world.delivery->snapshot();
  CHECK(one.held_series > 0);
  CHECK(one.held_datapoints == one.waiting);
  CHECK(one.held_seconds > 0);
  CHECK(uncounted(*world.delivery) == 0);
}

TEST_CASE("a disk that hangs costs a bounded amount of memory, and every datapoint is counted",
          "[app]") {
  World world;
  std::promise<void> disk;
  world.store.run([hangs = disk.get_future()] { hangs.wait(); });
  world.start();
  constexpr int kCount = 100'000;
  const auto some = many_points("a", kCount, this_minute());
  // The one that goes beyond the bound is still taken: it may be as large as it likes.
  const int fitting = static_cast<int>(Delivery::kOnTheWayMax) / kCount + 1;
  int called = 0;
  for (int i = 0; i < fitting + 2; ++i) world.delivery->publish(some, 0, [&called] { ++called; });
  const DestinationSnapshot one = world.delivery->snapshot();
  CHECK(one.published == static_cast<std::uint64_t>(fitting + 2) * kCount);
  CHECK(one.dropped_full == 2 * kCount);
  CHECK(one.waiting == static_cast<std::uint64_t>(fitting) * kCount);
  CHECK(uncounted(*world.delivery) == 0);
  disk.set_value();
  REQUIRE(world.loop.run_until([&] { return called == fitting + 2; }));
  CHECK(uncounted(*world.delivery) == 0);
}

TEST_CASE("what an earlier run published is restored whole, however much it is", "[app]") {
  World world;
  world.start();
  constexpr int kCount = 100'000;
  const auto some = many_points("a", kCount, this_minute());
  const auto times = static_cast<std::uint64_t>(2 * Delivery::kOnTheWayMax / kCount);
  std::uint64_t most = 0;
  for (std::uint64_t sequence = 1; sequence <= times; ++sequence) {
    world.delivery->restore(some, sequence);
    most = std::max(most, world.delivery->spool().on_the_way());
    REQUIRE(world.loop.run_until([&] { return world.delivery->may_restore(); }));
  }
  REQUIRE(world.loop.run_until([&] { return world.delivery->spool().on_the_way() == 0; }));
  const DestinationSnapshot one = world.delivery->snapshot();
  CHECK(one.published == times * kCount);
  CHECK(one.restored == one.published);
  CHECK(one.dropped_full == 0);
  CHECK(most <= Delivery::kOnTheWayMax);
  CHECK(uncounted(*world.delivery) == 0);
}

TEST_CASE("a changed address gets what waits, what is in flight, and what was acknowledged lately",
          "[app][reload]") {
  World world;
  world.start();
  world.delivery->publish(points("a", 1, 1));
  REQUIRE(world.run_until_done());
  FakeCarbon second(world.loop.get(), {});
  world.carbon.manner().closes_at_eof = false;  // Takes a batch, and says nothing.
  world.delivery->publish(points("b", 2, 1));
  REQUIRE(world.loop.run_until([&] { return lines_in(world.carbon.received()) == 2; }));
  CHECK(world.delivery->snapshot().in_flight == 1);
  world.delivery->publish(points("c", 3, 1));
  world.delivery->change(destination_at(second.port()));
  CHECK(uncounted(*world.delivery) == 0);
  REQUIRE(world.loop.run_until(
      [&] { return world.delivery->is_done() && world.delivery->snapshot().replayed == 1; }));
  for (const char* const line : {"a 1 ", "b 2 ", "c 3 "})
    CHECK(count_of(second.received(), line) == 1);
  const DestinationSnapshot one = world.delivery->snapshot();
  CHECK(one.published == 3);
  CHECK(one.acknowledged == 3);
  CHECK(one.endpoint.find(std::to_string(second.port())) != std::string::npos);
  CHECK(uncounted(*world.delivery) == 0);
}

TEST_CASE("a destination that was down is tried at its new address at once", "[app][reload]") {
  World world;
  FakeCarbon second(world.loop.get(), {});
  world.carbon.stop_listening();
  world.start();
  world.delivery->publish(points("a", 1, 1));
  REQUIRE(world.loop.run_until([&] { return world.delivery->snapshot().is_down; }));
  world.delivery->change(destination_at(second.port()));
  CHECK_FALSE(world.delivery->snapshot().is_down);
  CHECK(world.delivery->snapshot().last_error.empty());
  REQUIRE(world.run_until_done());
  CHECK(count_of(second.received(), "a 1 ") == 1);
}

// What is sent once more to a new address is what the former one acknowledged. A replay that came
// behind the first batch found what the new one had just acknowledged as well, and sent it twice.
TEST_CASE("what a new address acknowledged is not sent to it once more", "[app][reload]") {
  World world;
  FakeCarbon second(world.loop.get(), {});
  const auto change = [&] { world.delivery->change(destination_at(second.port())); };
  SECTION("changed in the pause after a failure") {
    world.carbon.stop_listening();
    world.start();
    world.delivery->publish(points("a", 1, 1));
    REQUIRE(world.loop.run_until([&] {
      return world.delivery->batches_failed() > 0 && world.delivery->snapshot().in_flight == 0;
    }));
    change();
  }
  SECTION("changed while the spool is asked for the batch") {
    world.start();
    world.delivery->publish(points("a", 1, 1), 0, change);
  }
  REQUIRE(world.run_until_done());
  world.delivery->publish(points("b", 2, 1));  // Leaves after a replay, if one is due.
  REQUIRE(world.run_until_done());
  CHECK(count_of(second.received(), "a 1 ") == 1);
  CHECK(count_of(second.received(), "b 2 ") == 1);
  CHECK(world.delivery->snapshot().acknowledged == 2);
  CHECK(world.delivery->snapshot().replayed == 0);
  CHECK(uncounted(*world.delivery) == 0);
}

TEST_CASE("other bounds disturb no connection, and hold from then on", "[app][reload]") {
  World world(mute());
  world.start();
  world.delivery->publish(points("a", 1, 1));
  REQUIRE(world.loop.run_until([&] { return lines_in(world.carbon.received()) == 1; }));
  DestinationConfig config = destination_at(world.carbon.port());
  config.new_series_per_minute = 1;
  world.delivery->change(config);
  world.delivery->publish(many_points("new", 5, this_minute()));
  REQUIRE(world.loop.run_until([&] { return world.delivery->snapshot().held_series == 5; }));
  CHECK(world.delivery->snapshot().in_flight == 1);
  CHECK(world.delivery->batches_failed() == 0);
  config.new_series_per_minute = 0;  // And what they held goes when they are lifted.
  world.delivery->change(config);
  config.ack_timeout = kAckTimeout;  // A carbon that never answers a batch is one to break off.
  world.carbon.manner().closes_at_eof = true;
  world.delivery->change(config);
  REQUIRE(world.run_until_done());
  CHECK(world.delivery->snapshot().held_series == 0);
  CHECK(world.delivery->snapshot().acknowledged == 6);
}

TEST_CASE("whatever is under way, a change of address loses nothing", "[app][reload]") {
  std::minstd_rand chance(7);
  World world;
  FakeCarbon second(world.loop.get(), {});
  world.start();
  for (int i = 0; i < 60; ++i) {
    world.delivery->publish(points("p" + std::to_string(i), i, 1));
    for (auto turns = chance() % 6; turns > 0; --turns) uv_run(world.loop.get(), UV_RUN_NOWAIT);
    world.delivery->change(destination_at(i % 2 == 0 ? second.port() : world.carbon.port()));
    CHECK(uncounted(*world.delivery) == 0);
  }
  REQUIRE(world.run_until_done());
  CHECK(uncounted(*world.delivery) == 0);
  CHECK(world.delivery->snapshot().acknowledged == 60);
  for (int i = 0; i < 60; ++i) {
    const std::string line = "p" + std::to_string(i) + ' ';
    CHECK(count_of(second.received(), line) + count_of(world.carbon.received(), line) >= 1);
  }
}

TEST_CASE("one that comes late takes part once its spool is open, from the sequence it is told",
          "[app][reload]") {
  World world;
  ScratchFolder folder;
  {
    World earlier;  // An orphan, of a journal that had come further.
    earlier.carbon.stop_listening();
    earlier.start(destination_at(earlier.carbon.port()), folder.file("spool.db"));
    earlier.delivery->publish(points("old", 1, 1), 70);
    REQUIRE(earlier.loop.run_until([&] { return earlier.delivery->snapshot().waiting == 1; }));
  }
  std::uint64_t asked = 0;
  const auto join = [&asked](std::uint64_t last) { return (asked = last) + 1; };
  world.delivery = std::make_unique<Delivery>(
      world.loop.get(), world.store, destination_at(world.carbon.port()), folder.file("spool.db"),
      LateStart{.join = join, .published_before = 10});
  int told = 0;
  world.delivery->publish(points("early", 2, 1), 69, [&told] { ++told; });
  world.delivery->publish(points("relay", 2, 1), 0);
  CHECK(told == 1);
  CHECK(world.delivery->snapshot().published_before == 12);
  REQUIRE(world.loop.run_until([&] { return world.delivery->spool().is_open(); }));
  CHECK(asked == 70);
  world.delivery->publish(points("early", 3, 1), 70);  // Was on its way into the journal.
  CHECK(world.delivery->snapshot().published_before == 13);
  world.delivery->publish(points("live", 4, 1), 71);
  world.delivery->publish(points("relay", 5, 1), 0);
  REQUIRE(world.run_until_done());
  CHECK(world.delivery->snapshot().spooled_at_start == 1);
  CHECK(world.delivery->snapshot().published == 2);
  CHECK(count_of(world.carbon.received(), "early") == 0);
  CHECK(count_of(world.carbon.received(), "old 1 ") == 1);
  CHECK(count_of(world.carbon.received(), "live 4 ") == 1);
  CHECK(uncounted(*world.delivery) == 0);
}

TEST_CASE("a delivery that is destroyed at any moment calls nobody and leaves nothing", "[app]") {
  const int turns = GENERATE(0, 1, 2, 5);
  World world;
  world.start();
  bool is_called = false;
  world.delivery->publish(many_points("a", 2000, this_minute()), 0,
                          [&is_called] { is_called = true; });
  for (int i = 0; i < turns; ++i) world.loop.turn();
  world.delivery.reset();
  is_called = false;
  REQUIRE(world.loop.run_until([&] { return world.store.pending() == 0; }));
  CHECK_FALSE(is_called);
}

}  // namespace sluice
