#include "sluice/values/graphite_line.h"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace sluice {
namespace {

// Nanoseconds in 64 bits end in 2262.
constexpr double kSecondsMax = 9'000'000'000;

// What Python's split() takes for a blank, as far as it is ASCII.
constexpr std::string_view kBlanks = " \t\r\v\f";

// Takes the next field off `text`; empty when there is none.
std::string_view take_field(std::string_view& text) noexcept {
  const std::size_t start = std::min(text.find_first_not_of(kBlanks), text.size());
  text.remove_prefix(start);
  const std::size_t end = std::min(text.find_first_of(kBlanks), text.size());
  const std::string_view field = text.substr(0, end);
  text.remove_prefix(end);
  return field;
}

// The number that the whole of `text` spells, "nan" and "inf" included.
std::optional<double> parse_float(std::string_view text) noexcept {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_path(std::string_view text) noexcept {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return text.size() <= kGraphiteLinePathMax && std::ranges::none_of(text, is_control);
}

Timestamp time_of(double seconds) noexcept {
  const double whole = std::floor(std::min(seconds, kSecondsMax));
  const double fraction = std::min(seconds, kSecondsMax) - whole;
  return Timestamp(std::chrono::seconds(static_cast<std::int64_t>(whole)) +
                   std::chrono::nanoseconds(static_cast<std::int64_t>(fraction * 1e9)));
}

// False when `text` names no moment.
bool parse_time(std::string_view text, std::optional<Timestamp>& time) noexcept {
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
  const std::string_view path = take_field(text);
  const std::string_view value = take_field(text);
  const std::string_view time = take_field(text);
  if (time.empty() || !take_field(text).empty()) return LineError::kFields;
  if (!is_path(path)) return LineError::kPath;
  line.path = path;
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
