#pragma once

#include <string_view>

#include "sluice/syslog/parser.h"
#include "sluice/values/record.h"

namespace sluice::detail {

// The two shapes in which nearly every message of an rsyslog comes, read in one go: each octet has
// its place and is looked at once, at half of what the thorough parsers cost. False, leaving
// `record` alone, for anything that needs a closer look; when true, `record` is what the thorough
// parser makes of it. Both take what follows the PRI; `memo` may be of any earlier messages.

// "Mmm dd hh:mm:ss HOSTNAME NAME[PID]: text" or "... NAME: text" (RFC 3164 section 4.1).
[[nodiscard]] bool parse_plain_rfc3164(std::string_view rest, StampMemo& memo,
                                       Record& record) noexcept;

// "1 2026-11-22T07:50:09.123456+00:00 HOSTNAME APP-NAME PROCID MSGID - text" (RFC 5424 section 6),
// without structured data.
[[nodiscard]] bool parse_plain_rfc5424(std::string_view rest, StampMemo& memo,
                                       Record& record) noexcept;

}  // namespace sluice::detail
