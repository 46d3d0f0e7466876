#include "app/time_shares.h"

#include <catch2/catch.hpp>

namespace sluice {
namespace {

using namespace std::chrono_literals;

TEST_CASE("each has its part of what is left, and what one does not need is the others'", "[app]") {
  const TimeShares::Clock::time_point start{};
  TimeShares shares(start, 2s, 4);
  CHECK(shares.next(start) == 500ms);
  CHECK(shares.next(start + 500ms) == 500ms);   // The first took all of its part,
  CHECK(shares.next(start + 502ms) == 749ms);   // the second nearly nothing,
  CHECK(shares.next(start + 1251ms) == 749ms);  // the third all.
  CHECK(shares.next(start + 5s) == 1ms);        // Nothing is left: enough for one look.
}

TEST_CASE("one alone has all of the time", "[app]") {
  const TimeShares::Clock::time_point start{};
  CHECK(TimeShares(start, 2s, 1).next(start) == 2s);
  CHECK(TimeShares(start, 0s, 1).next(start) == 1ms);
  CHECK(TimeShares(start, 2s, 0).next(start) == 2s);
}

}  // namespace
}  // namespace sluice
