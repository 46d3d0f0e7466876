#include "app/cap_watch.h"

#include <catch2/catch.hpp>

namespace sluice {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

struct Watched {
  CapWatch watch;
  Stats stats;
  Timestamp now{minutes(1'000'000)};
  int questions = 0;

  std::vector<std::string> look() {
    return watch.look(
        stats,
        [this](CapWatch::Blame blame) {
          ++questions;
          CHECK(blame == CapWatch::Blame::kSeriesLimits);
          return Offenders{.rules = {{"mine/disk", 12}, {"mine/net", 2}},
                           .hosts = {{"a", 9}, {"b", 3}, {"c", 1}, {"d", 1}}};
        },
        now);
  }
};

TEST_CASE("a bound that is not reached is not spoken of", "[app][log]") {
  Watched relay;
  relay.stats.messages_received = 1'000'000;
  CHECK(relay.look().empty());
  CHECK(relay.questions == 0);
}

TEST_CASE("a bound that is reached is told with those who reach it", "[app][log]") {
  Watched relay;
  relay.stats.samples_dropped_series_limit = 14;
  CHECK(relay.look() ==
        std::vector<std::string>{
            "new series are refused: series_max, series_per_host_max or series_per_rule_max "
            "(samples_dropped_series_limit_total=14 so far); most: rule mine/disk (12), rule "
            "mine/net (2), host a (9), host b (3), host c (1)"});
}

TEST_CASE("a bound is told of when it begins, and once an hour while it goes on", "[app][log]") {
  Watched relay;
  std::size_t told = 0;
  for (int minute = 0; minute <= 120; ++minute) {
    ++relay.stats.samples_dropped_store_full;
    told += relay.look().size();
    relay.now += minutes(1);
  }
  CHECK(told == 3);  // At 0, 60 and 120 min.
}

TEST_CASE("a bound that is reached again after some quiet is told of again", "[app][log]") {
  Watched relay;
  relay.stats.windows_cut = 1;
  CHECK(relay.look().size() == 1);
  relay.now += CapWatch::kQuiet - seconds(1);
  CHECK(relay.look().empty());
  relay.stats.windows_cut = 2;
  CHECK(relay.look().empty());
  relay.now += CapWatch::kQuiet;
  relay.stats.windows_cut = 3;
  CHECK(relay.look().size() == 1);
}

TEST_CASE("a clock that is set back does not silence a bound for hours", "[app][log]") {
  Watched relay;
  relay.stats.windows_cut = 1;
  CHECK(relay.look().size() == 1);
  relay.now -= minutes(24 * 60);
  relay.stats.windows_cut = 2;
  CHECK(relay.look().size() == 1);
}

TEST_CASE("several bounds are several lines", "[app][log]") {
  Watched relay;
  relay.stats.udp_kernel_drops = 1;
  relay.stats.rules_names_folded = 1;
  CHECK(relay.look().size() == 2);
}

}  // namespace
}  // namespace sluice
