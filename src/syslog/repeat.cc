#include "sluice/syslog/repeat.h"

#include <algorithm>

#include "sluice/values/record.h"
#include "syslog/scan.h"

namespace sluice {
namespace {

using detail::digits_length;

bool take(std::string_view& text, std::string_view expected) noexcept {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

// Takes "N times" or "1 time" off `text`.
bool take_times(std::string_view& text, std::uint64_t& count) noexcept {
  const std::size_t length = digits_length(text);
  if (length == 0) return false;
  std::uint64_t value = 0;
  for (const char digit : text.substr(0, length)) {
    value = std::min(value * 10 + detail::digit_value(digit), kRepeatCountMax);
  }
  text.remove_prefix(length);
  if (value == 0) return false;  // Nobody announces nothing.
  if (!take(text, " time")) return false;
  take(text, "s");
  count = value;
  return true;
}

// rsyslog. Without the ']' the notice was cut; the text of the message itself may end with one,
// too.
std::optional<RepeatNotice> read_bracketed(std::string_view text) noexcept {
  RepeatNotice notice;
  if (!take_times(text, notice.count) || !take(text, ": [")) return std::nullopt;
  take(text, " ");
  take(text, kBom);
  notice.is_cut = !text.ends_with(']');
  if (!notice.is_cut) text.remove_suffix(1);
  notice.text = text;
  return notice;
}

std::optional<RepeatNotice> read_last_message(std::string_view text) noexcept {
  RepeatNotice notice;
  notice.refers_to_last = true;
  if (!take_times(text, notice.count)) return std::nullopt;
  while (!text.empty() && (text.back() == ' ' || text.back() == '-')) text.remove_suffix(1);
  if (!text.empty() && text != ".") return std::nullopt;
  return notice;
}

// syslog-ng. TEXT may hold quotes, so its end is looked for from behind.
std::optional<RepeatNotice> read_quoted(std::string_view text) noexcept {
  constexpr std::string_view kBehind = "' repeated ";
  const std::size_t end = text.rfind(kBehind);
  if (end == std::string_view::npos) return std::nullopt;
  constexpr std::size_t kQuotedMax = 20;  // It quotes no more octets of a text.
  RepeatNotice notice;
  notice.text = text.substr(0, end);
  notice.is_cut = notice.text.size() >= kQuotedMax;
  text.remove_prefix(end + kBehind.size());
  if (!take_times(text, notice.count) || !text.starts_with(", suppressed by syslog-ng")) {
    return std::nullopt;
  }
  return notice;
}

}  // namespace

std::optional<RepeatNotice> parse_repeat_notice(std::string_view text) noexcept {
  text = detail::without_leading_spaces(text);
  if (!may_be_repeat_notice(text)) return std::nullopt;
  if (take(text, "message repeated ")) return read_bracketed(text);
  if (take(text, "Last message '")) return read_quoted(text);
  if (take(text, "--- ")) text = detail::without_leading_spaces(text);  // macOS.
  if (take(text, "last message repeated ") || take(text, "Last message repeated ")) {
    return read_last_message(text);
  }
  return std::nullopt;
}

}  // namespace sluice
