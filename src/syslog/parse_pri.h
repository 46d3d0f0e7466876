#pragma once

#include <cstdint>
#include <string_view>

#include "sluice/values/record.h"

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

// Length of the PRI that `text` begins with, brackets included; 0 when there is none.
[[nodiscard]] std::size_t pri_length(std::string_view text) noexcept;

}  // namespace sluice::detail
