#pragma once

#include <string_view>

#include "sluice/values/record.h"
#include "syslog/parse_timestamp.h"

namespace sluice::detail {

// Takes what Cisco devices put before or around the timestamp off `rest`:
//   29: foo: *Apr 29 13:58:40.411: ...         sequence, origin, state of the clock
//   35: RP/0/RP0/CPU0:Dec 11 12:43:29.227 EST: ...    IOS XR's node
//   : 2013 Jun 14 09:12:31.123 PST: ...        NX-OS
//   45: 1w2d: %LINK-3-UPDOWN: ...              uptime instead of a time
// Sets `sequence`, `hostname` (the origin) and `stamp` of `record`. Returns what became of the
// stamp; nothing is taken when neither a sequence nor a stamp is there.
[[nodiscard]] StampFound take_cisco_front(std::string_view& rest, Record& record) noexcept;

}  // namespace sluice::detail
