#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sluice/syslog/parser.h"
#include "sluice/values/record.h"

namespace sluice::detail {

enum class StampFound : std::uint8_t {
  kNone,  // Nothing of a timestamp's shape; the text is left alone.
  kGood,  // Taken off the text; the stamp is set.
  kBad,   // Taken off the text, but it names no moment ("Feb 30", "99:99:99"); the stamp is absent.
};

// Takes a timestamp of RFC 3339's shape off `rest` (RFC 5424 section 6.2.3): also with a blank
// between date and time, a decimal comma, any number of fraction digits (nine count), or no zone.
// A fraction that rsyslog has corrupted costs the fraction only. `rest` then begins with a
// blank or ':' or is empty.
[[nodiscard]] StampFound take_iso_stamp(std::string_view& rest, Stamp& stamp) noexcept;

// Takes any timestamp that stands in an RFC 3164 header off `rest`: the one of RFC 3164 section
// 4.1.2 with fractions, years and zones where appliances put them, or one of RFC 3339's shape. A
// ':' behind the timestamp is taken too.
[[nodiscard]] StampFound take_stamp(std::string_view& rest, Stamp& stamp) noexcept;

// The octets of "Mmm dd hh:mm:ss", each of which has its place.
inline constexpr std::size_t kBsdStampOctets = 15;

// Reads the timestamp of RFC 3164 section 4.1.2 that `octets` begin with, as nearly every sender
// writes it. False, leaving `stamp` alone, for any other. `octets` has kBsdStampOctets.
[[nodiscard]] bool read_bsd_stamp(const char* octets, Stamp& stamp) noexcept;

// The octets of "yyyy-mm-ddThh:mm:ss".
inline constexpr std::size_t kIsoSecondOctets = 19;

// Reads what `octets`, of which there are kIsoSecondOctets, begin with. False, leaving `stamp`
// alone, for anything else.
[[nodiscard]] bool read_iso_second(const char* octets, Stamp& stamp) noexcept;

// Takes what may follow it off `at`: a fraction of up to nine digits or none, then "Z" or "+hh:mm";
// `at` is then at a SP. False for anything else: then `stamp` is of no use.
[[nodiscard]] bool take_plain_iso_end(const char*& at, const char* end, OffsetMemo& memo,
                                      Stamp& stamp) noexcept;

// True when `text` begins like an RFC 3339 date: four digits and a hyphen.
[[nodiscard]] bool looks_like_date(std::string_view text) noexcept;

}  // namespace sluice::detail
