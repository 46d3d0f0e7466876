#include "pipeline/watch.h"

#include <catch2/catch.hpp>

namespace sluice {
namespace {

using std::chrono::seconds;

Timestamp at_second(int second) { return Timestamp(seconds(second)); }

// From which second on to `end` a relay that started at second 1000 has watched for `span`.
int watched(const Watch& watch, int span, int end) {
  const auto since = watch.watched_for(seconds(span), at_second(end), at_second(0));
  return since ? static_cast<int>(floor_to_seconds(*since).time_since_epoch().count()) : -1;
}

}  // namespace

TEST_CASE("silence counts only while somebody listens", "[pipeline]") {
  Watch watch(at_second(1000));
  CHECK(watched(watch, 100, 1099) == -1);
  CHECK(watched(watch, 100, 1100) == 1000);
  CHECK(watched(watch, 100, 5000) == 4900);
  watch.note_gap(at_second(4950), at_second(6000));
  CHECK(watched(watch, 100, 4950) == 4850);
  CHECK(watched(watch, 100, 5500) == 4850);  // Nothing was watched since.
  CHECK(watched(watch, 100, 6000) == 4850);
  CHECK(watched(watch, 100, 6060) == 4910);
  CHECK(watched(watch, 100, 6100) == 6000);
  watch.note_gap(at_second(6010), at_second(6020));
  CHECK(watched(watch, 100, 6060) == 4900);
  // A presence that was declared later has not been listened for before.
  CHECK_FALSE(watch.watched_for(seconds(100), at_second(6060), at_second(4901)));
}

TEST_CASE("a window was watched when no gap touches it", "[pipeline]") {
  Watch watch(at_second(1000));
  const auto saw = [&](int start) {
    return watch.saw_all(at_second(start), at_second(start + 60));
  };
  watch.note_gap(at_second(1130), at_second(1250));
  CHECK_FALSE(saw(960));
  CHECK(saw(1020));
  CHECK_FALSE(saw(1080));
  CHECK_FALSE(saw(1140));
  CHECK_FALSE(saw(1200));
  CHECK(saw(1260));
  const auto next = [&](int start) {
    return watch.skip_unwatched(Seconds(seconds(start)), seconds(60)).time_since_epoch().count();
  };
  CHECK(next(0) == 960);
  CHECK(next(1080) == 1080);
  CHECK(next(1140) == 1200);
  CHECK(next(1260) == 1260);
  const auto saw_end = [&](int start) { return watch.saw_end(at_second(start + 60)); };
  CHECK_FALSE(saw_end(900));
  CHECK(saw_end(960));
  CHECK(saw_end(1020));
  CHECK_FALSE(saw_end(1080));
  CHECK_FALSE(saw_end(1140));
  CHECK(saw_end(1200));
}

TEST_CASE("what a clock that was put back has before it has not been watched", "[pipeline]") {
  Watch watch(at_second(1000));
  watch.note_gap(at_second(2000), at_second(3000));
  watch.note_clock_put_back(at_second(1500));
  CHECK(watch.saw_all(at_second(1440), at_second(1500)));
  CHECK_FALSE(watch.saw_all(at_second(1440), at_second(1560)));
  CHECK(watch.saw_all(at_second(1500), at_second(5000)));
  watch.note_clock_put_back(at_second(500));
  CHECK(watch.saw_all(at_second(500), at_second(600)));
}

}  // namespace sluice
