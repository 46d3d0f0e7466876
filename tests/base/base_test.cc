#include <catch2/catch.hpp>
#include <set>

#include "sluice/base/error.h"
#include "sluice/base/stats.h"
#include "sluice/base/time.h"

namespace sluice {

TEST_CASE("an error names its place from the outside in", "[base]") {
  const auto inner = fail("expected a port, found \"x\"");
  CHECK(inner.error().message() == "expected a port, found \"x\"");
  const auto middle = at("/listen/0", inner.error());
  const auto outer = at("sluice.json", middle.error());
  CHECK(outer.error().message() == "sluice.json: /listen/0: expected a port, found \"x\"");
}

TEST_CASE("a window starts at the multiple of its length below a time", "[base]") {
  using std::chrono::seconds;
  const auto [second, length, start] = GENERATE(table<std::int64_t, int, std::int64_t>({
      {0, 60, 0},
      {59, 60, 0},
      {60, 60, 60},
      {1795333726, 10, 1795333720},
      {-1, 60, -60},
      {-60, 60, -60},
      {-61, 60, -120},
  }));
  CAPTURE(second, length);
  const Timestamp time = Seconds(seconds(second)) + std::chrono::nanoseconds(1);
  CHECK(window_start(time, seconds(length)) == Seconds(seconds(start)));
}

TEST_CASE("every counter has a row of its own", "[base]") {
  std::set<std::string_view> names;
  Stats stats;
  for (const CounterRow& row : kCounters) {
    CHECK(names.insert(row.name).second);
    CHECK_FALSE(row.help.empty());
    CHECK(row.name.ends_with("_total"));
    CHECK(stats.*row.field == 0);  // Two rows of one field would find the 1 of the first.
    stats.*row.field = 1;
  }
  Stats sum;
  add_stats(sum, stats);
  add_stats(sum, stats);
  for (const CounterRow& row : kCounters) CHECK(sum.*row.field == 2);
}

}  // namespace sluice
