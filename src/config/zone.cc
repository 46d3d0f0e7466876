#include "config/zone.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "config/quote.h"

namespace sluice {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

// `second` and the nanoseconds behind it, held at the ends of what a Timestamp can say.
Timestamp timestamp(absl::Time second, nanoseconds rest) {
  constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 - 1;
  const std::int64_t since_epoch = std::clamp(absl::ToUnixSeconds(second), -kEnd, kEnd);
  return Timestamp(seconds(since_epoch) + rest);
}

// Of two readings, earlier first, the one nearer to `now`. They are hours apart at most, so their
// middle cannot overflow where two distances to `now` could.
Timestamp nearer(Timestamp earlier, Timestamp later, Timestamp now) {
  const auto middle = earlier + (later - earlier) / 2;
  return now < middle ? earlier : later;
}

class AbslZone final : public Zone {
 public:
  explicit AbslZone(absl::TimeZone zone) : zone_(zone) {}

  Timestamp to_utc(std::chrono::local_time<nanoseconds> local,
                   Timestamp now) const noexcept override {
    // Rounded down by hand: std::chrono::floor() overflows at the earliest moment.
    constexpr std::int64_t kSecond = 1'000'000'000;
    const std::int64_t count = local.time_since_epoch().count();
    const bool is_before = count % kSecond < 0;
    const nanoseconds rest(count % kSecond + (is_before ? kSecond : 0));
    const absl::CivilSecond civil =
        absl::CivilSecond(1970, 1, 1) + (count / kSecond - (is_before ? 1 : 0));
    const absl::TimeZone::TimeInfo info = zone_.At(civil);
    // In an hour shown twice `pre` is the earlier reading, in one never shown it is the later.
    const auto [earlier, later] = std::minmax(info.pre, info.post);
    return nearer(timestamp(earlier, rest), timestamp(later, rest), now);
  }

 private:
  absl::TimeZone zone_;
};

// Only names: Abseil would also open "/etc/passwd" or "../x", and knows names of its own.
bool is_zone_name(std::string_view name) {
  const auto may_stand = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '-' || c == '/';
  };
  constexpr std::size_t kNameMax = 64;
  return name.size() <= kNameMax && name.front() != '/' && !name.starts_with("Fixed/") &&
         std::all_of(name.begin(), name.end(), may_stand);
}

// "+01:00" or "+0100": of devices that know no summer time. The signs are those of stamps.
std::optional<absl::TimeZone> fixed_zone(std::string_view name) {
  const auto number = [&](std::size_t place) -> int {
    const std::string_view two = name.substr(place, 2);
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return std::ranges::all_of(two, is_digit) ? (two[0] - '0') * 10 + (two[1] - '0') : 60;
  };
  const bool has_colon = name.size() == 6 && name[3] == ':';
  if (!has_colon && name.size() != 5) return std::nullopt;
  if (name.front() != '+' && name.front() != '-') return std::nullopt;
  const int hours = number(1);
  const int minutes = number(has_colon ? 4 : 3);
  if (hours > 23 || minutes > 59) return std::nullopt;
  const int east = (hours * 60 + minutes) * 60;
  return absl::FixedTimeZone(name.front() == '-' ? -east : east);
}

}  // namespace

Expected<std::unique_ptr<const Zone>> load_zone(std::string_view name) {
  if (name.empty()) return std::make_unique<AbslZone>(absl::LocalTimeZone());
  if (const auto fixed = fixed_zone(name)) return std::make_unique<AbslZone>(*fixed);
  absl::TimeZone zone;
  if (!is_zone_name(name) || !absl::LoadTimeZone(std::string(name), &zone)) {
    return fail(
        "expected a time zone of this machine (/usr/share/zoneinfo, package tzdata) such as "
        "\"Europe/Berlin\" or \"UTC\", or an offset such as \"+01:00\", got " +
        quote(name));
  }
  return std::make_unique<AbslZone>(zone);
}

}  // namespace sluice
