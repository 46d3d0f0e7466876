#include "sluice/aggregate/window_store.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace sluice {
namespace {

using std::chrono::seconds;

Timestamp at_second(std::int64_t second) { return Timestamp(seconds(second)); }
Seconds start_at(std::int64_t second) { return Seconds(seconds(second)); }

Summary one(double value) {
  Summary summary(true);
  summary.add(value, {});
  return summary;
}

double sum_of(const Window& window, HostId host, MetricId metric) {
  Summary room;
  return window.find(host, metric)->summary(window.start(), room).sum();
}

// Alive since second 100,000; one-minute windows, an hour of horizon, a day of catch-up.
WindowStore store_of(WindowStoreOptions options = {}) { return {options, at_second(100'020)}; }

// Lets go what must go; every window is published by then.
std::vector<Seconds> expire(WindowStore& store, Timestamp now) {
  const auto starts = store.leaving(now, Seconds::max());
  for (const Seconds start : starts) store.erase(start, now);
  return starts;
}

}  // namespace

TEST_CASE("what comes within the horizon is merged, series by series", "[aggregate]") {
  WindowStore store = store_of();
  const Timestamp now = at_second(100'100);
  store.merge(start_at(99'960), 1, 7, one(2), now);
  store.merge(start_at(99'960), 1, 7, one(4), now);
  store.merge(start_at(99'960), 2, 7, one(8), now);
  const Window* window = store.find(start_at(99'960));
  REQUIRE(window != nullptr);
  CHECK(sum_of(*window, 1, 7) == 6);
  CHECK(sum_of(*window, 2, 7) == 8);
  CHECK(window->find(2, 8) == nullptr);
  CHECK(window->hosts().size() == 2);
  CHECK(store.bytes() >= window->bytes());
}

TEST_CASE("a window that nobody looks at is packed, and is as it was when somebody does",
          "[aggregate]") {
  WindowStore store = store_of();
  const Seconds start = start_at(99'960);
  std::mt19937 random(5);
  std::int64_t now = 100'100;
  const auto add = [&](HostId host, MetricId metric, int samples) {
    Summary summary(metric % 2 == 0);
    for (int i = 0; i < samples; ++i) {
      const auto micros = std::chrono::microseconds(random() % 60'000'000);
      const auto odd = std::chrono::nanoseconds(random() % 3);  // Not always whole microseconds.
      summary.add(static_cast<double>(random() % 100'000) / static_cast<double>(1 + random() % 3),
                  start + micros + odd);
    }
    store.merge(start, host, metric, std::move(summary), at_second(now));
  };
  for (HostId host = 0; host < 300; ++host) {
    const MetricId metrics = host % 50 == 0 ? 20 : 5;
    for (MetricId metric = 0; metric < metrics; ++metric)
      add((host * 37) % 300, metric + host % 2,
          host % 20 == 0 ? 1 + static_cast<int>(random() % 90) : 1);
  }
  const auto bytes_of = [&] {
    ByteWriter writer;
    store.encode_window(start, writer);
    return writer.take();
  };
  const std::string whole = bytes_of();
  const std::size_t bytes = store.bytes();
  const Window& window = *store.find(start);
  using Keys = std::vector<std::pair<HostId, MetricId>>;
  const auto keys_of = [&] {
    Keys keys;
    window.for_each_key([&](HostId host, MetricId metric) { keys.emplace_back(host, metric); });
    return keys;
  };
  const Keys keys = keys_of();
  const auto wait = [&](int seconds) {
    for (const std::int64_t end = now + seconds; now < end;) store.pack_idle(at_second(++now));
  };
  for (int second = 0; second < 40; ++second) {
    CHECK_FALSE(window.is_packed());
    CHECK(window.find(37, 1) != nullptr);
    wait(1);
  }
  wait(31);
  CHECK(window.is_packed());
  CHECK(keys_of() == keys);
  CHECK(window.is_packed());
  CHECK(store.bytes() == bytes);
  CHECK(bytes_of() == whole);
  CHECK_FALSE(window.is_packed());
  wait(31);
  REQUIRE(window.is_packed());
  const double before = sum_of(window, 37, 1);
  wait(31);
  REQUIRE(window.is_packed());
  Summary more(false);
  more.add(1000, start);
  store.merge(start, 37, 1, std::move(more), at_second(now));
  CHECK_FALSE(window.is_packed());
  CHECK(sum_of(window, 37, 1) == before + 1000);
  CHECK(window.series_count() == keys.size());
  CHECK(store.bytes() > bytes);
}

TEST_CASE("how far back a sample is taken in depends on whether its window was published",
          "[aggregate]") {
  WindowStore store = store_of();
  const std::int64_t now = 120'000;
  const auto [start, accepted, why] = GENERATE(table<std::int64_t, bool, std::string_view>({
      {120'000, true, "the open window"},
      {120'060, true, "a window ahead"},
      {116'340, true, "ended an hour ago to the second"},
      {116'280, false, "past the horizon, published by this relay"},
      {100'020, false, "the first window this relay published"},
      {99'900, true, "ended before the relay was alive"},
      {33'600, true, "a day back"},
      {33'480, false, "more than a day back"},
  }));
  CAPTURE(start, why);
  CHECK(store.accepts(start_at(start), at_second(now)) == accepted);
}

TEST_CASE("a window opened late lives a horizon after its last sample, and is not opened twice",
          "[aggregate]") {
  WindowStore store = store_of();
  store.merge(start_at(60'000), 1, 1, one(1), at_second(101'000));
  store.merge(start_at(60'000), 1, 1, one(1), at_second(103'000));
  CHECK(expire(store, at_second(106'600)).empty());
  CHECK(store.accepts(start_at(60'000), at_second(106'600)));
  CHECK(expire(store, at_second(106'601)) == std::vector{start_at(60'000)});
  CHECK_FALSE(store.accepts(start_at(60'000), at_second(106'601)));
  CHECK(store.bytes() == 0);
}

TEST_CASE("windows whose time came while the relay slept may be opened", "[aggregate]") {
  WindowStore store = store_of();
  store.note_gap(at_second(110'000), at_second(113'000));
  const Timestamp now = at_second(120'000);
  CHECK(store.accepts(start_at(111'000), now));
  CHECK_FALSE(store.accepts(start_at(109'800), now));
  CHECK_FALSE(store.accepts(start_at(113'040), now));
}

TEST_CASE("a window is never let go before its time to be published has come", "[aggregate]") {
  WindowStore store =
      store_of({.grace = std::chrono::milliseconds(3000), .horizon = seconds(0), .bytes_max = 1});
  store.merge(start_at(102'000), 1, 1, one(1), at_second(102'010));
  CHECK(store.leaving(at_second(102'062), start_at(102'000)).empty());
  CHECK(store.leaving(at_second(102'063), start_at(102'060)) == std::vector{start_at(102'000)});
}

TEST_CASE("a clock that is put back opens windows whose time comes again, and none that is gone",
          "[aggregate]") {
  WindowStore store = store_of();
  store.merge(start_at(101'940), 1, 1, one(1), at_second(102'010));
  store.merge(start_at(102'000), 1, 1, one(1), at_second(102'010));
  store.merge(start_at(102'060), 1, 1, one(1), at_second(102'070));
  expire(store, at_second(110'000));
  CHECK_FALSE(store.accepts(start_at(102'060), at_second(102'030)));
  store.note_clock_put_back(at_second(102'030));
  CHECK_FALSE(store.accepts(start_at(101'940), at_second(102'030)));
  CHECK_FALSE(store.accepts(start_at(102'000), at_second(102'030)));
  CHECK(store.accepts(start_at(102'060), at_second(102'030)));
}

TEST_CASE("a bound that was reached under a wrong clock does not keep later windows out",
          "[aggregate]") {
  WindowStore store = store_of({.bytes_max = 1});
  store.merge(start_at(900'000), 1, 1, one(1), at_second(900'010));
  CHECK(expire(store, at_second(900'070)).size() == 1);
  CHECK_FALSE(store.accepts(start_at(102'060), at_second(102'070)));
  store.note_clock_put_back(at_second(102'000));
  CHECK(store.accepts(start_at(102'060), at_second(102'070)));
}

TEST_CASE("the store stays below its bound by dropping the oldest windows, visibly",
          "[aggregate]") {
  WindowStore store = store_of({.bytes_max = 20'000});
  const Timestamp now = at_second(102'000);
  for (std::int64_t start = 100'020; start <= 102'000; start += 60) {
    for (HostId host = 0; host < 10; ++host) store.merge(start_at(start), host, 1, one(1), now);
  }
  const std::size_t before = store.windows().size();
  CHECK(expire(store, now).size() > 10);
  CHECK(store.bytes() <= 20'000);
  CHECK(store.windows().size() < before);
  CHECK(store.windows_cut() == before - store.windows().size());
  CHECK_FALSE(store.accepts(start_at(100'020), now));
  CHECK(store.effective_horizon(now) < std::chrono::hours(1));
  CHECK(store_of().effective_horizon(now) == std::chrono::hours(1));
}

TEST_CASE("a stored series is the summary that was stored", "[aggregate]") {
  const bool keeps_distribution = GENERATE(false, true);
  // To the microsecond a time takes few bytes; others, and those beyond an hour, take more.
  const auto since =
      GENERATE(std::chrono::nanoseconds(0), std::chrono::nanoseconds(59'999'999'000),
               std::chrono::nanoseconds(1), std::chrono::hours(2), std::chrono::nanoseconds(-1000));
  const std::uint64_t weight = GENERATE(1, 3);
  CAPTURE(keeps_distribution, since.count(), weight);
  const Seconds start = start_at(100'020);
  Summary whole(keeps_distribution);
  whole.add(-0.5, start + since, weight);
  StoredSeries stored(7, start, Summary(whole));
  Summary room;
  const auto is_whole = [&] {
    const Summary& found = stored.summary(start, room);
    CHECK(found.count() == whole.count());
    CHECK(found.sum() == whole.sum());
    CHECK(found.min() == whole.min());
    CHECK(found.max() == whole.max());
    CHECK(found.last() == whole.last());
    CHECK(found.last_time() == whole.last_time());
    REQUIRE(found.keeps_distribution() == keeps_distribution);
    if (keeps_distribution)
      CHECK(found.quantiles(std::vector{0.1, 0.9}) == whole.quantiles(std::vector{0.1, 0.9}));
  };
  is_whole();
  for (const double value : {4.0, -3.0}) {
    Summary more(keeps_distribution);
    more.add(value, start + seconds(1));
    stored.merge(start, more);
    whole.merge(more);
    is_whole();
  }
  StoredSeries moved(std::move(stored));
  stored = std::move(moved);
  CHECK(stored.metric() == 7);
  is_whole();
}

TEST_CASE("what is kept beside the windows counts into the bound", "[aggregate]") {
  WindowStore store = store_of({.bytes_max = 100'000});
  const Timestamp now = at_second(102'000);
  for (std::int64_t start = 100'020; start < 100'620; start += 60)
    store.merge(start_at(start), 1, 1, one(1), now);
  CHECK(expire(store, now).empty());
  store.set_bytes_beside(100'000);
  // A tenth of it goes with each window.
  CHECK(store.leaving(now, Seconds::max()).size() == 2);
  CHECK(store.bytes() > 100'000);
}

}  // namespace sluice
