#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "sluice/base/time.h"
#include "sluice/values/record.h"
#include "sluice/values/zone.h"

namespace sluice {

// What a message's event time was taken from.
enum class TimeSource : std::uint8_t {
  kStamp,    // Its stamp.
  kNoStamp,  // Arrival: it had no stamp, or one that names no moment.
  kFuture,   // Arrival: its stamp was more than kFutureMax ahead.
  kSkewed,   // Arrival: its stamp names no zone, and its sender's zone is not proven yet.
};

[[nodiscard]] std::string_view name_of(TimeSource source) noexcept;

struct EventTime {
  Timestamp time{};
  TimeSource source = TimeSource::kStamp;
  std::optional<Timestamp> stamp;  // What the stamp means, whether or not it was believed.
};

// A clock that runs ahead by more is wrong, and whisper would take its points over older ones.
inline constexpr std::chrono::seconds kFutureMax{60};
// A stamp without zone that is this close to its arrival proves that its sender's zone is right.
inline constexpr std::chrono::seconds kProofMax{60};

// Decides when what a message tells of happened. A stamp with a zone counts as said. One without
// counts once its sender has sent a stamp close to its arrival: a zone that is off by whole hours
// would otherwise put numbers into the wrong windows, hour after hour.
class EventTimes {
 public:
  // `is_zone_proven` is kept by the caller for each sender (the host, whose clock made the stamp),
  // and set when this stamp proves it. `zone`: of stamps without one.
  [[nodiscard]] EventTime resolve(const Stamp& stamp, bool& is_zone_proven, const Zone& zone,
                                  Timestamp now) {
    // What was read at once arrived at once, and most of it is of one second.
    const bool is_known = (is_zone_proven || stamp.has_offset) && is_of_last_second(stamp) &&
                          now == last_now_ && &zone == last_zone_ && last_moment_;
    if (is_known) {
      const Timestamp moment = *last_moment_ + std::chrono::nanoseconds(stamp.nanoseconds);
      if (moment <= now + kFutureMax) return {moment, TimeSource::kStamp, moment};
    }
    return resolve_anew(stamp, is_zone_proven, zone, now);
  }

 private:
  // False of a stamp that is not present: last_second_ is, or last_moment_ is nothing.
  [[nodiscard]] bool is_of_last_second(const Stamp& stamp) const noexcept {
    static_assert(offsetof(Stamp, nanoseconds) == 0);
    constexpr std::size_t kBehind = sizeof stamp.nanoseconds;
    return std::memcmp(reinterpret_cast<const char*>(&stamp) + kBehind,
                       reinterpret_cast<const char*>(&last_second_) + kBehind,
                       sizeof stamp - kBehind) == 0;
  }
  [[nodiscard]] EventTime resolve_anew(const Stamp& stamp, bool& is_zone_proven, const Zone& zone,
                                       Timestamp now);
  [[nodiscard]] std::optional<Timestamp> moment_of(const Stamp& stamp, const Zone& zone,
                                                   Timestamp now);

  // Lines come in runs of one second, and zones and years cost more than the rest of a line.
  Stamp last_second_;  // Without its fraction.
  const Zone* last_zone_ = nullptr;
  Timestamp resolved_at_{};  // When last_moment_ was worked out.
  Timestamp last_now_{};     // When it was asked for last.
  std::optional<Timestamp> last_moment_;
};

}  // namespace sluice
