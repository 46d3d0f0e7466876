#pragma once

#include <string_view>

#include "sluice/values/record.h"

namespace sluice::detail {

// True when `rest`, which begins behind the PRI, is an RFC 5424 message: VERSION 1..999, SP, and
// then a NILVALUE or a date. Without a PRI only a date is believed.
[[nodiscard]] bool is_rfc5424(std::string_view rest, bool has_pri) noexcept;

// Parses VERSION and all behind it (RFC 5424 section 6) into `record`. Of a header that breaks off
// or has an unusable field, the fields before it are kept and the rest is the text.
ParseError parse_rfc5424(std::string_view rest, Record& record) noexcept;

}  // namespace sluice::detail
