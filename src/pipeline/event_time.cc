#include "sluice/pipeline/event_time.h"

#include <optional>

#include "sluice/syslog/stamp_time.h"

namespace sluice {
namespace {

bool is_close(Timestamp a, Timestamp b) { return (a < b ? b - a : a - b) <= kProofMax; }

}  // namespace

std::string_view name_of(TimeSource source) noexcept {
  switch (source) {
    case TimeSource::kStamp:
      return "stamp";
    case TimeSource::kNoStamp:
      return "arrival: no stamp";
    case TimeSource::kFuture:
      return "arrival: the stamp is in the future";
    case TimeSource::kSkewed:
      return "arrival: the stamp has no zone, and the sender's is not proven yet";
  }
  return "unknown";
}

EventTime EventTimes::resolve_anew(const Stamp& stamp, bool& is_zone_proven, const Zone& zone,
                                   Timestamp now) {
  if (!stamp.present) return {now, TimeSource::kNoStamp, {}};
  const std::optional<Timestamp> moment = moment_of(stamp, zone, now);
  if (!moment) return {now, TimeSource::kNoStamp, {}};
  if (!stamp.has_offset) {
    is_zone_proven = is_zone_proven || is_close(*moment, now);
    if (!is_zone_proven) return {now, TimeSource::kSkewed, moment};
  }
  if (*moment > now + kFutureMax) return {now, TimeSource::kFuture, moment};
  return {*moment, TimeSource::kStamp, moment};
}

std::optional<Timestamp> EventTimes::moment_of(const Stamp& stamp, const Zone& zone,
                                               Timestamp now) {
  // What the same stamp means changes with `now` only over weeks; a minute is safe.
  const bool is_cached = last_zone_ == &zone && is_of_last_second(stamp) && now >= resolved_at_ &&
                         now - resolved_at_ < std::chrono::minutes(1);
  last_now_ = now;
  if (!is_cached) {
    Stamp second = stamp;
    second.nanoseconds = 0;
    last_second_ = second;
    last_zone_ = &zone;
    resolved_at_ = now;
    last_moment_ = resolve_stamp(second, now, [&](LocalTime local) {
      const Timestamp moment = zone.to_utc(local, now);
      return LocalMoments{moment, moment};
    });
  }
  if (!last_moment_) return std::nullopt;
  return *last_moment_ + std::chrono::nanoseconds(stamp.nanoseconds);
}

}  // namespace sluice
