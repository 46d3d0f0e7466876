#pragma once

#include <optional>

#include "sluice/syslog/repeat.h"
#include "sluice/values/record.h"

namespace sluice {

// False for nearly every message, at a look at its first octets: then take_repeat_notice() finds
// nothing.
[[nodiscard]] inline bool may_be_repeat_notice(const Record& record) noexcept {
  return may_be_repeat_notice(text_of(record)) || !record.full_text.empty() ||
         record.hostname == "last" || record.hostname == "---";
}

// The repeat notice that a record is, if it is one for at least one message. Notices of syslogd
// have no tag and often no host, so that their own words stand in those fields; a field that is
// such a word is emptied.
[[nodiscard]] std::optional<RepeatNotice> take_repeat_notice(Record& record) noexcept;

}  // namespace sluice
