#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <type_traits>

#include "sluice/base/time.h"
#include "sluice/values/record.h"

namespace sluice {

// From a Stamp to a moment. Pure functions: the time of arrival and the zone are handed in.

using LocalTime = std::chrono::local_time<std::chrono::nanoseconds>;

// The moments that a local time may mean. They are equal but when clocks are changed: an hour in
// autumn exists twice, and one in spring does not exist (then: read with the offset before and the
// offset after the change).
struct LocalMoments {
  Timestamp first;
  Timestamp second;
};

// A stamp this far ahead of the time of arrival is a clock that runs fast; farther ahead, and it is
// one of last year.
inline constexpr std::chrono::days kStampAheadMax{31};

// How old a 29 February without a year may be; beyond this its year is anybody's guess.
inline constexpr std::chrono::days kLeapDayAgeMax{400};

// The local time that `stamp` shows, in its own year or, without one, in `year`. Second 60 is the
// first second of the next minute. Absent when there is no stamp, the day does not exist in that
// year, or the year is outside 1901..2190: of those any two moments can be subtracted from each
// other.
[[nodiscard]] std::optional<LocalTime> civil_time(const Stamp& stamp,
                                                  std::chrono::year year) noexcept;

// The moment of a stamp with year and offset. Absent like civil_time(), and for other stamps.
[[nodiscard]] std::optional<Timestamp> zoned_time(const Stamp& stamp) noexcept;

// The moment that a stamp most probably means, for a message that arrived at `now`.
// `moments_of(LocalTime) -> LocalMoments` is the zone of the sender; it is not asked when the stamp
// has an offset. Of two moments the one nearest to `now` is taken. A stamp without year is of the
// latest year that does not put it more than kStampAheadMax ahead; a 29 February of the latest leap
// year, if that is not more than kLeapDayAgeMax ago. Absent: take the time of arrival.
template <typename Zone>
  requires std::is_invocable_r_v<LocalMoments, Zone, LocalTime>
[[nodiscard]] std::optional<Timestamp> resolve_stamp(const Stamp& stamp, Timestamp now,
                                                     Zone&& moments_of) {
  const auto moment_in = [&](std::chrono::year year) -> std::optional<Timestamp> {
    const std::optional<LocalTime> local = civil_time(stamp, year);
    if (!local) return std::nullopt;
    if (stamp.has_offset) {
      return Timestamp(local->time_since_epoch() - std::chrono::minutes(stamp.offset_minutes));
    }
    const LocalMoments moments = moments_of(*local);
    const auto [earlier, later] = std::minmax(moments.first, moments.second);
    if (now <= earlier) return earlier;
    if (now >= later) return later;
    return now - earlier <= later - now ? earlier : later;
  };
  if (stamp.year != 0) return moment_in(std::chrono::year(stamp.year));

  const bool is_leap_day = stamp.month == 2 && stamp.day == 29;
  const auto today = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year this_year = std::chrono::year_month_day(today).year();
  // Next year's January is not far ahead in December. Two years back reach any leap day that
  // counts.
  for (int ahead = 1; ahead >= -2; --ahead) {
    const std::optional<Timestamp> moment = moment_in(this_year + std::chrono::years(ahead));
    if (!moment || *moment > now + kStampAheadMax) continue;
    if (is_leap_day && *moment < now - kLeapDayAgeMax) break;
    return moment;
  }
  return std::nullopt;
}

}  // namespace sluice
