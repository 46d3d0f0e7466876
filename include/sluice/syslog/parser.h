#pragma once

#include <string_view>

#include "sluice/values/record.h"

namespace sluice {

// Parses one syslog message (RFC 5424 section 6, RFC 3164 section 4, and what real senders make of
// them) into `record`. Never refuses: a message that is not well formed gets every field that can
// be told, the rest as its text, and says why in `record.error`, which is also returned.
//
// `bytes` is one message without framing. One LF, then one CR, then one NUL at its end are not part
// of it (rsyslog and syslog-ng put them inside datagrams and octet counts). Allocates nothing, runs
// in linear time, and `record` is wholly overwritten; its views point into `bytes`.
ParseError parse_message(std::string_view bytes, Record& record) noexcept;

}  // namespace sluice
