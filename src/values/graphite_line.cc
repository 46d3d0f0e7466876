#include "sluice/values/graphite_line.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <chrono>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

// The first octet in [at, end) that is not plain, or end. Sixteen at a time where the processor
// can, which is a tenth of the instructions: paths are most of what a line is.
const char* skip_plain(const char* at, const char* end) noexcept {
#ifdef __SSE2__
  for (; end - at >= 16; at += 16) {
    const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // Blanks and most control octets are what is not above 0x20, taken as unsigned.
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(octets, _mm_set1_epi8(0x20)), octets);
    const __m128i del = _mm_cmpeq_epi8(octets, _mm_set1_epi8(0x7f));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, del)));
    if (found != 0) return at + std::countr_zero(found);
  }
#endif
  while (at != end && kind_of(*at) == Kind::kPlain) ++at;
  return at;
}

// Takes the next field off `text`.
Field take_field(std::string_view& text) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end && kind_of(*at) == Kind::kBlank) ++at;
  const char* const start = at;
  at = skip_plain(at, end);
  const bool has_control = at != end && kind_of(*at) == Kind::kControl;
  if (has_control) {
    while (at != end && kind_of(*at) != Kind::kBlank) ++at;
  }
  text = {at, end};
  return {{start, at}, has_control};
}

// "12.345678" and the like, in a third of the instructions of from_chars(), and to the same bit: of
// at most 15 digits both they and the power of ten that divides them are doubles without an error,
// so that their quotient is the double nearest to the number.
std::optional<double> parse_short_decimal(std::string_view text) noexcept {
  constexpr std::size_t kDigitsMax = 15;
  constexpr std::array<double, kDigitsMax + 1> kPowers{
      1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  if (text.empty() || text.size() > kDigitsMax + 1) return std::nullopt;
  std::int64_t digits = 0;
  std::size_t point = text.size();  // Where it stands.
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      digits = digits * 10 + (c - '0');
    } else if (c == '.' && point == text.size()) {
      point = i;
    } else {
      return std::nullopt;
    }
  }
  const std::size_t fraction = point == text.size() ? 0 : text.size() - point - 1;
  const std::size_t count = text.size() - (point == text.size() ? 0 : 1);
  if (count == 0 || count > kDigitsMax) return std::nullopt;
  const double value = static_cast<double>(digits) / kPowers[fraction];
  return is_negative ? -value : value;
}

// The number that the whole of `text` spells, "nan" and "inf" included.
std::optional<double> parse_float(std::string_view text) noexcept {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  if (const auto decimal = parse_short_decimal(text)) return decimal;
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
