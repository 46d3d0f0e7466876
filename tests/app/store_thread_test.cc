#include "app/store_thread.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "net/test_loop.h"

namespace sluice {

TEST_CASE("jobs run in order on a thread of their own, and what follows runs on the loop",
          "[app]") {
  TestLoop loop;
  StoreThread store(loop.get());
  std::vector<int> ran;   // Touched by the store's thread alone until all is done.
  std::vector<int> told;  // By the loop alone.
  std::vector<std::thread::id> threads;
  constexpr int kJobs = 200;
  for (int i = 0; i < kJobs; ++i) {
    store.run(
        [&ran, &threads, i] {
          ran.push_back(i);
          threads.push_back(std::this_thread::get_id());
        },
        [&told, i, self = std::this_thread::get_id()] {
          CHECK(std::this_thread::get_id() == self);
          told.push_back(i);
        });
  }
  CHECK(told.empty());
  CHECK(store.pending() == kJobs);
  REQUIRE(loop.run_until([&] { return store.pending() == 0; }));
  REQUIRE(told.size() == kJobs);
  for (int i = 0; i < kJobs; ++i) {
    CHECK(told[static_cast<std::size_t>(i)] == i);
    CHECK(ran[static_cast<std::size_t>(i)] == i);
    CHECK(threads[static_cast<std::size_t>(i)] == threads[0]);
  }
  CHECK(threads[0] != std::this_thread::get_id());
}

TEST_CASE("what follows a job sees what the job did, and may give the next", "[app]") {
  TestLoop loop;
  StoreThread store(loop.get());
  int value = 0;
  std::vector<int> seen;
  store.run([&value] { value = 1; },
            [&] {
              seen.push_back(value);
              store.run([&value] { value = 2; }, [&] { seen.push_back(value); });
            });
  REQUIRE(loop.run_until([&] { return store.pending() == 0; }));
  CHECK(seen == std::vector<int>{1, 2});
}

TEST_CASE("at its end the thread has run every job, and calls nobody", "[app]") {
  TestLoop loop;
  int ran = 0;
  int told = 0;
  auto store = std::make_unique<StoreThread>(loop.get());
  for (int i = 0; i < 50; ++i) store->run([&ran] { ++ran; }, [&told] { ++told; });
  store.reset();
  CHECK(ran == 50);
  loop.turn();
  CHECK(told == 0);
}

TEST_CASE("what a job holds is let go of on the store's thread", "[app]") {
  struct Held {
    explicit Held(std::thread::id* place) : where(place) {}
    ~Held() { *where = std::this_thread::get_id(); }
    std::thread::id* where;
  };
  TestLoop loop;
  StoreThread store(loop.get());
  std::thread::id freed_by;
  store.run([held = std::make_unique<Held>(&freed_by)] {}, [] {});
  REQUIRE(loop.run_until([&] { return store.pending() == 0; }));
  CHECK(freed_by != std::thread::id());
  CHECK(freed_by != std::this_thread::get_id());
}

TEST_CASE("the gauge tells how old the oldest job is that is not done", "[app]") {
  using Clock = std::chrono::steady_clock;
  TestLoop loop;
  StoreThread store(loop.get());
  const auto gauge = store.gauge();
  CHECK(gauge->behind(Clock::now()).count() == 0);
  std::promise<void> first;
  std::promise<void> second;
  const auto before = Clock::now();
  store.run([released = first.get_future().share()] { released.wait(); });
  store.run([released = second.get_future().share()] { released.wait(); });
  const auto given = Clock::now();
  // Of the first job, also while it runs, then of the one behind it.
  const auto is_given_between = [&](Clock::time_point from, Clock::time_point to) {
    const Clock::time_point at{Clock::duration(gauge->oldest_job.load())};
    return from <= at && at <= to;
  };
  CHECK(is_given_between(before, given));
  const auto first_given = gauge->oldest_job.load();
  first.set_value();
  REQUIRE(loop.run_until([&] { return store.pending() == 1; }));
  CHECK(is_given_between(Clock::time_point{Clock::duration(first_given)}, given));
  CHECK(gauge->behind(given + std::chrono::seconds(60)).count() >= 60);
  second.set_value();
  REQUIRE(loop.run_until([&] { return store.pending() == 0; }));
  CHECK(gauge->oldest_job.load() == 0);
}

}  // namespace sluice
