#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice {

// A notice that stands for further messages equal to one that was sent in full before. Counting
// rules that ignore it count too little.
struct RepeatNotice {
  std::uint64_t count = 0;  // Further copies, at most kRepeatCountMax.
  // The repeated text, pointing into the notice. Empty when the notice only says "last message":
  // then the previous message of that sender is meant.
  std::string_view text;
  bool refers_to_last = false;
  // `text` lacks its end, or may: a size limit cut the notice, or syslog-ng, which quotes 20
  // octets.
  bool is_cut = false;
};

// Nobody repeats a message more often between two notices; a greater number is a mistake or a lie.
inline constexpr std::uint64_t kRepeatCountMax = 1'000'000;

// False for nearly every message: `text` (without leading blanks) begins like no notice.
[[nodiscard]] constexpr bool may_be_repeat_notice(std::string_view text) noexcept {
  if (text.size() < 4) return false;
  const char first = text.front();
  if (first != 'm' && first != 'L' && first != 'l' && first != '-') return false;
  const std::string_view start = text.substr(0, 4);
  return start == "mess" || start == "Last" || start == "last" || start == "--- ";
}

// Reads the text of a message (leading blanks allowed) as one of
//   message repeated N times: [ TEXT]                                   rsyslog
//   last message repeated N times                                       syslogd, Solaris, AIX, BSD
//   Last message 'TEXT' repeated N times, suppressed by syslog-ng on HOST
// Nothing may follow. N has digits of any length.
[[nodiscard]] std::optional<RepeatNotice> parse_repeat_notice(std::string_view text) noexcept;

}  // namespace sluice
