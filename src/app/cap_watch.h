#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/stats.h"
#include "sluice/base/time.h"
#include "sluice/pipeline/offenders.h"

namespace sluice {

// Says which bounds were reached, and through whom: when that begins, once an hour while it goes
// on, and anew when it comes back after some quiet. A counter alone is seen by those who look at
// it.
class CapWatch {
 public:
  // Who lost most to a bound.
  enum class Blame : std::uint8_t { kNobody, kSeriesLimits, kTooLate, kPathCollision };
  using Offended = std::function<Offenders(Blame)>;

  static constexpr std::chrono::minutes kQuiet{10};
  static constexpr std::chrono::minutes kAgain{60};

  CapWatch();

  // Once a tick: `stats` are counters since the start. Gives lines for the log. `offended` is asked
  // only for these.
  [[nodiscard]] std::vector<std::string> look(const Stats& stats, const Offended& offended,
                                              Timestamp now);

 private:
  struct State {
    std::uint64_t count = 0;
    std::optional<Timestamp> grown;
    std::optional<Timestamp> told;
  };

  std::vector<State> states_;
};

// "rule a/b (12), rule c/d (3); host web01 (15)": the three worst of each, with their samples.
[[nodiscard]] std::string offenders_in_words(const Offenders& offenders);

}  // namespace sluice
