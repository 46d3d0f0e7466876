#include "pipeline/repeat_notice.h"

#include <string_view>

namespace sluice {
namespace {

// `<13>Nov 22 07:40:00 web01 last message repeated 3 times`: its first word was taken for the tag.
std::optional<RepeatNotice> take_notice_with_tag(Record& record) noexcept {
  if (record.full_text.empty()) return std::nullopt;
  const auto notice = parse_repeat_notice(record.full_text);
  if (!notice) return std::nullopt;
  record.message = record.full_text;
  record.full_text = record.app_name = record.procid = {};
  return notice;
}

// `<13>Nov 22 07:40:00 last message repeated 3 times`: its first word was taken for the host.
std::optional<RepeatNotice> take_notice_with_host(Record& record) noexcept {
  if (record.hostname != "last" && record.hostname != "---") return std::nullopt;
  const auto at = static_cast<std::size_t>(record.hostname.data() - record.raw.data());
  const std::string_view text = record.raw.substr(at);
  const auto notice = parse_repeat_notice(text);
  if (!notice || !notice->refers_to_last) return std::nullopt;
  record.message = text;
  record.hostname = record.full_text = record.app_name = record.procid = {};
  return notice;
}

}  // namespace

std::optional<RepeatNotice> take_repeat_notice(Record& record) noexcept {
  std::optional<RepeatNotice> notice = parse_repeat_notice(text_of(record));
  if (!notice) notice = take_notice_with_host(record);
  if (!notice) notice = take_notice_with_tag(record);
  if (notice && notice->count == 0) return std::nullopt;
  return notice;
}

}  // namespace sluice
