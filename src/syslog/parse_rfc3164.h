#pragma once

#include <string_view>

#include "sluice/values/record.h"

namespace sluice::detail {

// Parses what follows the PRI of a BSD message (RFC 3164 section 4) into `record`. Nothing in it is
// mandatory: stamp, host and tag are told by their shape, and what has none is text.
ParseError parse_rfc3164(std::string_view rest, Record& record) noexcept;

}  // namespace sluice::detail
