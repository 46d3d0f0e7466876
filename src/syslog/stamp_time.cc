#include "sluice/syslog/stamp_time.h"

namespace sluice {

std::optional<LocalTime> civil_time(const Stamp& stamp, std::chrono::year year) noexcept {
  using namespace std::chrono;
  constexpr std::chrono::year kFirst{1901};
  constexpr std::chrono::year kLast{2190};
  if (stamp.year != 0) year = std::chrono::year(stamp.year);
  const year_month_day date = year / month(stamp.month) / day(stamp.day);
  if (!stamp.present || !date.ok() || year < kFirst || year > kLast) return std::nullopt;
  return local_days(date) + hours(stamp.hour) + minutes(stamp.minute) + seconds(stamp.second) +
         nanoseconds(stamp.nanoseconds);
}

std::optional<Timestamp> zoned_time(const Stamp& stamp) noexcept {
  if (stamp.year == 0 || !stamp.has_offset) return std::nullopt;
  const std::optional<LocalTime> local = civil_time(stamp, std::chrono::year(stamp.year));
  if (!local) return std::nullopt;
  return Timestamp(local->time_since_epoch() - std::chrono::minutes(stamp.offset_minutes));
}

}  // namespace sluice
