#include "sluice/values/graphite_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace sluice {
namespace {

// Nanoseconds in 64 bits end in 2262.
constexpr std::int64_t kSecondsMax = 9'000'000'000;

enum class Kind : std::uint8_t { kPlain, kBlank, kControl };

// What Python's split() takes for a blank, as far as it is ASCII, and what no path may hold. A
// table, because each octet of each line is looked up.
constexpr std::array<Kind, 256> kKinds = [] {
  std::array<Kind, 256> kinds{};
  for (std::size_t octet = 0; octet < 0x20; ++octet) kinds[octet] = Kind::kControl;
  kinds[0x7f] = Kind::kControl;
  for (const unsigned char blank : {' ', '\t', '\r', '\v', '\f'}) kinds[blank] = Kind::kBlank;
  return kinds;
}();

Kind kind_of(char c) noexcept { return kKinds[static_cast<unsigned char>(c)]; }

struct Field {
  std::string_view text;  // Empty when there is none.
  bool has_control = false;
};

// Takes the next field off `text`.
Field take_field(std::string_view& text) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end && kind_of(*at) == Kind::kBlank) ++at;
  const char* const start = at;
  while (at != end && kind_of(*at) == Kind::kPlain) ++at;
  const bool has_control = at != end && kind_of(*at) == Kind::kControl;
  if (has_control) {
    while (at != end && kind_of(*at) != Kind::kBlank) ++at;
  }
  text = {at, end};
  return {{start, at}, has_control};
}

// The number that the whole of `text` spells, "nan" and "inf" included.
std::optional<double> parse_float(std::string_view text) noexcept {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Timestamp time_of(double seconds) noexcept {
  const double bounded = std::min(seconds, static_cast<double>(kSecondsMax));
  const double whole = std::floor(bounded);
  const double fraction = bounded - whole;
  return Timestamp(std::chrono::seconds(static_cast<std::int64_t>(whole)) +
                   std::chrono::nanoseconds(static_cast<std::int64_t>(fraction * 1e9)));
}

// The whole seconds that nearly every sender writes, which cost a tenth of reading a fraction.
std::optional<std::int64_t> parse_whole(std::string_view text) noexcept {
  constexpr std::size_t kDigitsMax = 10;  // More are beyond kSecondsMax, or zeros.
  if (text.size() > kDigitsMax) return std::nullopt;
  std::int64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

// False when `text` names no moment.
bool parse_time(std::string_view text, std::optional<Timestamp>& time) noexcept {
  if (const auto whole = parse_whole(text); whole && *whole > 0 && *whole <= kSecondsMax) {
    time = Timestamp(std::chrono::seconds(*whole));
    return true;
  }
  const auto seconds = parse_float(text);
  if (!seconds || !std::isfinite(*seconds)) return false;
  if (*seconds == -1) return true;  // Carbon's "now".
  if (*seconds <= 0) return false;
  time = time_of(*seconds);
  return true;
}

}  // namespace

std::string_view name_of(LineError error) noexcept {
  switch (error) {
    case LineError::kNone:
      return "none";
    case LineError::kFields:
      return "fields";
    case LineError::kPath:
      return "path";
    case LineError::kValue:
      return "value";
    case LineError::kTimestamp:
      return "timestamp";
    case LineError::kTooLong:
      return "too_long";
    case LineError::kCutOff:
      return "cut_off";
  }
  return "unknown";
}

LineError parse_graphite_line(std::string_view text, GraphiteLine& line) noexcept {
  line = {};
  const Field path = take_field(text);
  const std::string_view value = take_field(text).text;
  const std::string_view time = take_field(text).text;
  if (time.empty() || !take_field(text).text.empty()) return LineError::kFields;
  if (path.has_control || path.text.size() > kGraphiteLinePathMax) return LineError::kPath;
  line.path = path.text;
  const auto number = parse_float(value);
  if (!number) return LineError::kValue;
  line.value = *number;
  return parse_time(time, line.time) ? LineError::kNone : LineError::kTimestamp;
}

bool next_graphite_line(std::string_view& lines, std::string_view& line) noexcept {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) return true;
  }
  return false;
}

}  // namespace sluice
