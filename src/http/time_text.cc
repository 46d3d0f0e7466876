#include "http/time_text.h"

#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "config/quote.h"

namespace sluice {
namespace {

constexpr std::int64_t kSecondsMax = 253'402'300'799;  // The end of 9999.

std::optional<std::int64_t> number_from(std::string_view digits) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty() ||
      digits.front() == '-')
    return std::nullopt;
  return number;
}

// What stands behind the '-'. More than 10,000 years is all of the time there is.
std::optional<std::int64_t> span_from(std::string_view text) {
  constexpr std::array<std::pair<char, std::int64_t>, 5> kUnits{
      {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}, {'w', 7 * 86'400}}};
  if (text.empty()) return std::nullopt;
  const auto number = number_from(text.substr(0, text.size() - 1));
  if (!number) return std::nullopt;
  for (const auto& [unit, seconds] : kUnits) {
    if (unit == text.back())
      return *number > kSecondsMax / seconds ? kSecondsMax : *number * seconds;
  }
  return std::nullopt;
}

// "2026-11-22T07:40:01Z" or "...+01:00"; a fraction counts for nothing.
std::optional<std::int64_t> rfc3339_from(std::string_view text) {
  const auto part = [&](std::size_t at, std::size_t size) {
    return text.size() < at + size ? std::nullopt : number_from(text.substr(at, size));
  };
  const auto year = part(0, 4), month = part(5, 2), day = part(8, 2), hour = part(11, 2),
             minute = part(14, 2), second = part(17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const bool is_shaped = text[4] == '-' && text[7] == '-' && (text[10] == 'T' || text[10] == 't') &&
                         text[13] == ':' && text[16] == ':';
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!is_shaped || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  std::size_t zone = 19;
  if (zone < text.size() && text[zone] == '.')
    zone = std::min(text.find_first_not_of("0123456789", zone + 1), text.size());
  std::int64_t offset = 0;
  if (const std::string_view rest = text.substr(zone); rest != "Z" && rest != "z") {
    const auto hours = part(zone + 1, 2), minutes = part(zone + 4, 2);
    if (rest.size() != 6 || rest[3] != ':' || !hours || !minutes || *hours > 23 || *minutes > 59)
      return std::nullopt;
    if (rest[0] != '+' && rest[0] != '-') return std::nullopt;
    offset = (*hours * 3600 + *minutes * 60) * (rest[0] == '+' ? 1 : -1);
  }
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * std::int64_t{86'400} + *hour * 3600 + *minute * 60 + *second - offset;
}

}  // namespace

Expected<Seconds> parse_moment(std::string_view text, Timestamp now) {
  const std::int64_t present = floor_to_seconds(now).time_since_epoch().count();
  std::optional<std::int64_t> moment;
  if (text == "now") {
    moment = present;
  } else if (text.starts_with('-')) {
    if (const auto span = span_from(text.substr(1)))
      moment = std::max<std::int64_t>(present - *span, 0);
  } else if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    moment = number_from(text);
  } else {
    moment = rfc3339_from(text);
  }
  if (moment && *moment >= 0 && *moment <= kSecondsMax)
    return Seconds(std::chrono::seconds(*moment));
  return fail(
      "expected epoch seconds, a time like 2026-11-22T07:40:01Z, or -90m (s, m, h, d, w), got " +
      quote(text));
}

}  // namespace sluice
