#pragma once

#include <string_view>

#include "sluice/base/error.h"
#include "sluice/base/time.h"

namespace sluice {

// A moment as clients write it: "1732000000" (epoch seconds), "2026-11-22T07:40:01Z" (RFC 3339), or
// "-90m" (before `now`; s, m, h, d, w) and "now". Whatever lies outside 1970..9999 is refused.
[[nodiscard]] Expected<Seconds> parse_moment(std::string_view text, Timestamp now);

}  // namespace sluice
