#include "syslog/parse_timestamp.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/octet_words.h"
#include "syslog/scan.h"
#include "syslog/time_zone_name.h"

namespace sluice::detail {
namespace {

// Reads exactly `width` digits at `offset`; false, leaving `value` alone, if they are not there.
bool read_digits(std::string_view text, std::size_t offset, std::size_t width,
                 unsigned& value) noexcept {
  if (text.size() < offset + width) return false;
  unsigned read = 0;
  for (std::size_t i = offset; i < offset + width; ++i) {
    if (!is_digit(text[i])) return false;
    read = read * 10 + digit_value(text[i]);
  }
  value = read;
  return true;
}

bool is_leap(unsigned year) noexcept {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool is_date(unsigned year, unsigned month, unsigned day) noexcept {
  constexpr std::array<std::uint8_t, 13> kDays{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1 || day > kDays[month]) return false;
  return month != 2 || day != 29 || year == 0 || is_leap(year);  // Year 0: not known.
}

struct Clock {
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
};

bool is_time(const Clock& clock) noexcept {
  return clock.hour <= 23 && clock.minute <= 59 && clock.second <= 60;  // 60: a leap second.
}

// Takes "hh:mm:ss" or "h:mm:ss" off `rest`, of any values.
bool take_clock(std::string_view& rest, Clock& clock) noexcept {
  const std::size_t width = rest.size() > 1 && rest[1] == ':' ? 1 : 2;
  const bool has_shape =
      read_digits(rest, 0, width, clock.hour) && read_digits(rest, width + 1, 2, clock.minute) &&
      read_digits(rest, width + 4, 2, clock.second) && rest[width] == ':' && rest[width + 3] == ':';
  if (has_shape) rest.remove_prefix(width + 6);
  return has_shape;
}

// Takes ".123" or ",123" off `rest`, also a lone point. Nine digits count.
void take_fraction(std::string_view& rest, std::uint32_t& nanoseconds) noexcept {
  if (rest.empty() || (rest.front() != '.' && rest.front() != ',')) return;
  rest.remove_prefix(1);
  const std::size_t length = digits_length(rest);
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 9; ++i) {
    value = value * 10 + (i < length ? digit_value(rest[i]) : 0);
  }
  nanoseconds = value;
  rest.remove_prefix(length);
}

// Takes "Z", "+hh:mm", "+hhmm" or "+hh" off `rest`. False, leaving both alone, if none is there.
bool take_offset(std::string_view& rest, Stamp& stamp) noexcept {
  if (rest.empty()) return false;
  const char sign = rest.front();
  std::size_t length = 1;
  unsigned hours = 0;
  unsigned minutes = 0;
  if (sign == '+' || sign == '-') {
    if (!read_digits(rest, 1, 2, hours)) return false;
    length = 3;
    const std::size_t at = rest.size() > 3 && rest[3] == ':' ? 4 : 3;
    if (read_digits(rest, at, 2, minutes)) length = at + 2;
    if (hours > 23 || minutes > 59) return false;
  } else if (sign != 'Z' && sign != 'z') {
    return false;
  }
  const int total = static_cast<int>(hours * 60 + minutes);
  stamp.has_offset = true;
  stamp.offset_minutes = static_cast<std::int16_t>(sign == '-' ? -total : total);
  rest.remove_prefix(length);
  return true;
}

// A ':' ends a stamp (Cisco), but "2001:db8::7" is a host and no year.
bool ends_stamp(std::string_view rest) noexcept {
  if (rest.empty() || is_blank(rest.front())) return true;
  return rest.front() == ':' && (rest.size() == 1 || rest[1] == ' ' || rest[1] == '%');
}

void skip_word(std::string_view& rest) noexcept {
  rest.remove_prefix(std::min(rest.find_first_of(" \t"), rest.size()));
}

StampFound give_up(std::string_view& rest, Stamp& stamp) noexcept {
  stamp = Stamp{};
  skip_word(rest);
  return StampFound::kBad;
}

// The zone at the end of a word whose fraction is rubbish ("\x10Z", "\xb7789+02:00").
void take_offset_at_end_of_word(std::string_view& rest, Stamp& stamp) noexcept {
  const std::string_view word = first_word(rest);
  for (const std::size_t width : {std::size_t{1}, std::size_t{5}, std::size_t{6}}) {
    if (word.size() < width) break;
    std::string_view end = word.substr(word.size() - width);
    if (take_offset(end, stamp) && end.empty()) break;
    stamp.has_offset = false;
    stamp.offset_minutes = 0;
  }
  skip_word(rest);
}

void set_time(const Clock& clock, Stamp& stamp) noexcept {
  stamp.hour = static_cast<std::uint8_t>(clock.hour);
  stamp.minute = static_cast<std::uint8_t>(clock.minute);
  stamp.second = static_cast<std::uint8_t>(clock.second);
}

constexpr std::uint32_t packed(char a, char b, char c) noexcept {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(a)) << 16 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(b)) << 8 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(c));
}

// 1..12 for "Jan".."Dec" in any case, 0 for anything else.
unsigned month_number(const char* text) noexcept {
  switch (packed(text[0], text[1], text[2]) | 0x202020) {
    case packed('j', 'a', 'n'):
      return 1;
    case packed('f', 'e', 'b'):
      return 2;
    case packed('m', 'a', 'r'):
      return 3;
    case packed('a', 'p', 'r'):
      return 4;
    case packed('m', 'a', 'y'):
      return 5;
    case packed('j', 'u', 'n'):
      return 6;
    case packed('j', 'u', 'l'):
      return 7;
    case packed('a', 'u', 'g'):
      return 8;
    case packed('s', 'e', 'p'):
      return 9;
    case packed('o', 'c', 't'):
      return 10;
    case packed('n', 'o', 'v'):
      return 11;
    case packed('d', 'e', 'c'):
      return 12;
    default:
      return 0;
  }
}

// Takes a blank and "2007" off `rest`; only a believable year, since a HOSTNAME may be a number.
void take_year_behind(std::string_view& rest, unsigned& year) noexcept {
  unsigned value = 0;
  if (year != 0 || rest.empty() || rest.front() != ' ' || !read_digits(rest, 1, 4, value)) return;
  if (value < 1970 || value > 2099 || !ends_stamp(rest.substr(5))) return;
  year = value;
  rest.remove_prefix(5);
}

bool may_begin_zone(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || c == '+' || c == '-' || c == 'u' || c == 'g' || c == 'z';
}

// Takes a zone off `rest`, "UTC" or "+02:00", glued to the time or behind a blank.
void take_zone_behind(std::string_view& rest, Stamp& stamp) noexcept {
  if (stamp.has_offset || rest.empty()) return;
  std::string_view zone = rest;
  const bool has_blank = zone.front() == ' ';
  if (has_blank) zone.remove_prefix(1);
  if (zone.empty() || !may_begin_zone(zone.front())) return;  // Nearly every HOSTNAME.
  Stamp with_zone = stamp;
  const bool is_zone =
      (has_blank && take_zone_name(zone, with_zone)) || take_offset(zone, with_zone);
  if (!is_zone || !ends_stamp(zone)) return;
  stamp = with_zone;
  rest = zone;
}

// A ':' that ends the stamp (Cisco); not one that begins a word of its own.
void take_colon(std::string_view& rest) noexcept {
  if (!rest.empty() && rest.front() == ':') rest.remove_prefix(1);
}

// Takes the day, and the year that may follow it, off `rest`, which begins behind the month.
bool take_day(std::string_view& rest, unsigned& day, unsigned& year) noexcept {
  if (rest.empty() || rest.front() != ' ') return false;
  std::string_view at = without_leading_spaces(rest);
  const std::size_t width = digits_length(at);
  if (width < 1 || width > 2 || !read_digits(at, 0, width, day)) return false;
  at.remove_prefix(width);
  if (at.empty() || at.front() != ' ') return false;
  at = without_leading_spaces(at);
  if (digits_length(at) == 4 && at.size() > 4 && at[4] == ' ' && year == 0) {
    read_digits(at, 0, 4, year);
    at = without_leading_spaces(at.substr(4));
  }
  rest = at;
  return true;
}

// What the two digits at `octets` say; 100 when they are none.
unsigned two_digits(const char* octets) noexcept {
  const unsigned tens = digit_value(octets[0]);
  const unsigned ones = digit_value(octets[1]);
  return tens > 9 || ones > 9 ? 100 : tens * 10 + ones;
}

// "hh:mm:ss"; refused by is_time() when it is none.
Clock read_clock(const char* octets) noexcept {
  if (octets[2] != ':' || octets[5] != ':') return {.hour = 100};
  return {two_digits(octets), two_digits(octets + 3), two_digits(octets + 6)};
}

// Reads six digits at once. False, leaving `value` alone, when they are none. `octets` has eight.
bool read_six_digits(const char* octets, std::uint32_t& value) noexcept {
  if constexpr (std::endian::native != std::endian::little) return false;
  // Eight digits, the first two of them 0: an octet each, the first one's the lowest.
  const std::uint64_t digits = load_word<std::uint64_t>(octets) << 16 | 0x3030;
  constexpr std::uint64_t kHighHalves = 0xF0F0F0F0F0F0F0F0;
  const std::uint64_t above_nine = (digits + 0x0606060606060606) & kHighHalves;
  if ((digits & kHighHalves) != 0x3030303030303030 || above_nine != 0x3030303030303030)
    return false;
  // Pairs, then fours, then all: each number takes the one behind it in.
  const std::uint64_t pairs = (digits & 0x0F0F0F0F0F0F0F0F) * (10 << 8 | 1) >> 8;
  const std::uint64_t fours = (pairs & 0x00FF00FF00FF00FF) * (100 << 16 | 1) >> 16;
  value = static_cast<std::uint32_t>((fours & 0x0000FFFF0000FFFF) * (10'000ULL << 32 | 1) >> 32);
  return true;
}

// Takes the fraction of a second off `at`. False for a lone point and for more than nine digits.
bool take_plain_fraction(const char*& at, const char* end, std::uint32_t& nanoseconds) noexcept {
  constexpr std::array<std::uint32_t, 10> kUnits{
      1'000'000'000, 100'000'000, 10'000'000, 1'000'000, 100'000, 10'000, 1'000, 100, 10, 1};
  if (at == end || *at != '.') return true;
  const char* const begin = ++at;
  // Six, as every rsyslog writes them.
  if (end - at >= 8 && !is_digit(at[6]) && read_six_digits(at, nanoseconds)) {
    nanoseconds *= 1'000;
    at += 6;
    return true;
  }
  const char* const last = begin + std::min<std::ptrdiff_t>(end - begin, kUnits.size() - 1);
  std::uint32_t value = 0;
  while (at != last && is_digit(*at)) value = value * 10 + digit_value(*at++);
  nanoseconds = value * kUnits[static_cast<std::size_t>(at - begin)];
  return at != begin;
}

// Takes "+hh:mm", as every rsyslog writes it, off `rest`. False, leaving both alone, for any other.
bool take_plain_offset(std::string_view& rest, Stamp& stamp) noexcept {
  constexpr std::size_t kOctets = 6;
  if (rest.size() < kOctets || rest[3] != ':' || (rest[0] != '+' && rest[0] != '-')) return false;
  const unsigned hours = two_digits(rest.data() + 1);
  const unsigned minutes = two_digits(rest.data() + 4);
  if (hours > 23 || minutes > 59) return false;
  const int total = static_cast<int>(hours * 60 + minutes);
  stamp.has_offset = true;
  stamp.offset_minutes = static_cast<std::int16_t>(rest[0] == '-' ? -total : total);
  rest.remove_prefix(kOctets);
  return true;
}

// A stamp that begins the header of an RFC 3164 message, when what stands behind it cannot be its
// year or zone. False, leaving all alone, for whatever needs a closer look.
bool take_plain_stamp(std::string_view& rest, Stamp& stamp) noexcept {
  if (rest.size() < kBsdStampOctets + 2 || rest[kBsdStampOctets] != ' ') return false;
  const char next = rest[kBsdStampOctets + 1];
  if (is_digit(next) || next == ' ' || may_begin_zone(next)) return false;
  if (!read_bsd_stamp(rest.data(), stamp)) return false;
  rest.remove_prefix(kBsdStampOctets);
  return true;
}

// "Mmm dd hh:mm:ss" and its relatives; `year` is the one that stood in front, or 0.
StampFound take_bsd_stamp(std::string_view& rest, unsigned year, Stamp& stamp) noexcept {
  if (rest.size() < 13 || !is_letter(rest[0]) || !is_letter(rest[1]) || !is_letter(rest[2])) {
    return StampFound::kNone;
  }
  std::string_view at = rest.substr(3);
  unsigned day = 0;
  Clock clock;
  if (!take_day(at, day, year) || !take_clock(at, clock)) return StampFound::kNone;
  const unsigned month = month_number(rest.data());
  take_fraction(at, stamp.nanoseconds);
  if (!ends_stamp(at)) take_zone_behind(at, stamp);
  take_year_behind(at, year);
  take_zone_behind(at, stamp);
  take_year_behind(at, year);  // date(1) writes "UTC 2007".
  const bool is_good =
      month != 0 && year <= 9999 && is_date(year, month, day) && is_time(clock) && ends_stamp(at);
  if (!is_good) stamp = Stamp{};
  if (!ends_stamp(at)) skip_word(at);
  take_colon(at);
  rest = at;
  if (!is_good) return StampFound::kBad;
  stamp.present = true;
  stamp.year = static_cast<std::uint16_t>(year);
  stamp.month = static_cast<std::uint8_t>(month);
  stamp.day = static_cast<std::uint8_t>(day);
  set_time(clock, stamp);
  return StampFound::kGood;
}

// "2009 Oct  1 10:52:01" (Brocade).
StampFound take_year_first(std::string_view& rest, Stamp& stamp) noexcept {
  unsigned year = 0;
  if (!read_digits(rest, 0, 4, year) || year == 0 || rest.size() < 5 || rest[4] != ' ') {
    return StampFound::kNone;
  }
  std::string_view behind = without_leading_spaces(rest.substr(4));
  const StampFound found = take_bsd_stamp(behind, year, stamp);
  if (found != StampFound::kNone) rest = behind;
  return found;
}

}  // namespace

bool read_bsd_stamp(const char* octets, Stamp& stamp) noexcept {
  if (octets[3] != ' ' || octets[6] != ' ') return false;
  const unsigned month = month_number(octets);
  const unsigned day =
      octets[4] == ' ' ? std::min(digit_value(octets[5]), 10U) % 10 : two_digits(octets + 4);
  const Clock clock = read_clock(octets + 7);
  if (!is_date(0, month, day) || !is_time(clock)) return false;
  stamp.present = true;
  stamp.month = static_cast<std::uint8_t>(month);
  stamp.day = static_cast<std::uint8_t>(day);
  set_time(clock, stamp);
  return true;
}

bool read_iso_second(const char* octets, Stamp& stamp) noexcept {
  if (octets[4] != '-' || octets[7] != '-' || octets[10] != 'T') return false;
  const unsigned century = two_digits(octets);
  const unsigned of_century = two_digits(octets + 2);
  const unsigned year = century * 100 + of_century;
  const unsigned month = two_digits(octets + 5);
  const unsigned day = two_digits(octets + 8);
  const Clock clock = read_clock(octets + 11);
  if (century > 99 || of_century > 99 || year == 0) return false;
  if (!is_date(year, month, day) || !is_time(clock)) return false;
  stamp.present = true;
  stamp.year = static_cast<std::uint16_t>(year);
  stamp.month = static_cast<std::uint8_t>(month);
  stamp.day = static_cast<std::uint8_t>(day);
  set_time(clock, stamp);
  return true;
}

bool take_plain_iso_end(const char*& at, const char* end, OffsetMemo& memo, Stamp& stamp) noexcept {
  if (!take_plain_fraction(at, end, stamp.nanoseconds)) return false;
  stamp.has_offset = true;
  constexpr std::ptrdiff_t kOctets = OffsetMemo::kOctets;
  if (end - at > kOctets && are_same_octets(at, memo.octets.data(), kOctets)) {
    stamp.offset_minutes = memo.minutes;
    at += kOctets;
    return *at == ' ';
  }
  std::string_view rest(at, static_cast<std::size_t>(end - at));
  if (take_plain_offset(rest, stamp)) {
    std::copy_n(at, kOctets, memo.octets.begin());
    memo.minutes = stamp.offset_minutes;
  } else if (!take_offset(rest, stamp)) {
    return false;
  }
  at = rest.data();
  return !rest.empty() && rest.front() == ' ';
}

bool looks_like_date(std::string_view text) noexcept {
  return text.size() > 4 && digits_length(text.substr(0, 5)) == 4 && text[4] == '-';
}

StampFound take_iso_stamp(std::string_view& rest, Stamp& stamp) noexcept {
  unsigned year = 0;
  unsigned month = 0;
  unsigned day = 0;
  const bool has_shape = read_digits(rest, 0, 4, year) && read_digits(rest, 5, 2, month) &&
                         read_digits(rest, 8, 2, day) && rest[4] == '-' && rest[7] == '-';
  if (!has_shape) return StampFound::kNone;
  const std::string_view behind = rest.substr(10);
  const bool has_letter = behind.starts_with('T') || behind.starts_with('t');
  if (!has_letter && !behind.starts_with(' ')) return StampFound::kNone;

  Clock clock;
  std::string_view at = behind.substr(1);
  if (!take_clock(at, clock)) {
    if (!has_letter) return StampFound::kNone;  // "2026-11-22 is a date": text.
    return give_up(rest, stamp);
  }
  const bool has_fraction = !at.empty() && (at.front() == '.' || at.front() == ',');
  take_fraction(at, stamp.nanoseconds);
  take_offset(at, stamp);
  rest = at;
  if (!ends_stamp(rest)) {
    if (!has_fraction) return give_up(rest, stamp);
    stamp = Stamp{};
    take_offset_at_end_of_word(rest, stamp);
  }
  if (year == 0 || !is_date(year, month, day) || !is_time(clock)) return give_up(rest, stamp);
  stamp.present = true;
  stamp.year = static_cast<std::uint16_t>(year);
  stamp.month = static_cast<std::uint8_t>(month);
  stamp.day = static_cast<std::uint8_t>(day);
  set_time(clock, stamp);
  return StampFound::kGood;
}

StampFound take_stamp(std::string_view& rest, Stamp& stamp) noexcept {
  if (rest.empty()) return StampFound::kNone;
  if (take_plain_stamp(rest, stamp)) return StampFound::kGood;
  if (!is_digit(rest.front())) return take_bsd_stamp(rest, 0, stamp);
  StampFound found = take_iso_stamp(rest, stamp);
  if (found == StampFound::kNone) return take_year_first(rest, stamp);
  if (found == StampFound::kGood) take_zone_behind(rest, stamp);
  take_colon(rest);
  return found;
}

}  // namespace sluice::detail
