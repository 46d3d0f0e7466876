#pragma once

#include <cstdint>
#include <string_view>

#include "sluice/values/record.h"
#include "syslog/scan.h"

namespace sluice::detail {

enum class Pri : std::uint8_t {
  kGood,     // Facility and severity are set.
  kNone,     // No '<' at all: a header may follow all the same.
  kInvalid,  // "<invld>", which rsyslog forwards for a PRI above 191; a good header follows.
  kBad,      // Begins with '<' but is no PRI: nothing in it can be trusted, all is text.
};

// Takes the PRI (RFC 5424 section 6.2.1) off `rest`: at most three digits, leading zeros allowed,
// 0..191. Sets facility and severity in `record`. For kNone and kBad `rest` is left alone.
[[nodiscard]] Pri take_pri(std::string_view& rest, Record& record) noexcept;

// The same of "<29>", two digits as nearly every message has them, and of no other.
[[nodiscard]] inline bool take_plain_pri(std::string_view& rest, Record& record) noexcept {
  if (rest.size() < 4 || rest[0] != '<' || rest[3] != '>') return false;
  const unsigned tens = digit_value(rest[1]);
  const unsigned ones = digit_value(rest[2]);
  if (tens > 9 || ones > 9) return false;
  const unsigned value = tens * 10 + ones;
  record.facility = static_cast<std::uint8_t>(value >> 3);
  record.severity = static_cast<std::uint8_t>(value & 7);
  rest.remove_prefix(4);
  return true;
}

// Length of the PRI that `text` begins with, brackets included; 0 when there is none.
[[nodiscard]] std::size_t pri_length(std::string_view text) noexcept;

}  // namespace sluice::detail
