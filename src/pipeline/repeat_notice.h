#pragma once

#include <optional>

#include "sluice/syslog/repeat.h"
#include "sluice/values/record.h"

namespace sluice {

// The repeat notice that a record is, if it is one for at least one message. Notices of syslogd
// have no tag and often no host, so that their own words stand in those fields; a field that is
// such a word is emptied.
[[nodiscard]] std::optional<RepeatNotice> take_repeat_notice(Record& record) noexcept;

}  // namespace sluice
