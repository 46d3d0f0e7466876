#pragma once

#include <string>
#include <string_view>

#include "sluice/syslog/parser.h"

namespace sluice::test {

// A stamp as it stood in the message: "2026-11-22T07:40:01.5+01:00", "--11-22T07:40:01" without a
// year, nothing behind the time without a zone, "" without a stamp.
inline std::string shown(const Stamp& stamp) {
  if (!stamp.present) return "";
  const auto two = [](unsigned value) {
    return std::string{static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
  };
  std::string out = stamp.year == 0 ? "--" : two(stamp.year / 100u) + two(stamp.year % 100u) + "-";
  out += two(stamp.month) + "-" + two(stamp.day) + "T" + two(stamp.hour) + ":" + two(stamp.minute) +
         ":" + two(stamp.second);
  if (stamp.nanoseconds != 0) {
    const std::string digits = std::to_string(1'000'000'000u + stamp.nanoseconds);
    out += "." + digits.substr(1, digits.find_last_not_of('0'));
  }
  if (!stamp.has_offset) return out;
  const unsigned offset = static_cast<unsigned>(stamp.offset_minutes < 0 ? -stamp.offset_minutes
                                                                         : stamp.offset_minutes);
  return out + (stamp.offset_minutes < 0 ? "-" : "+") + two(offset / 60) + ":" + two(offset % 60);
}

// True when `view` is empty or lies inside `bytes`.
inline bool is_inside(std::string_view view, std::string_view bytes) {
  return view.empty() ||
         (view.data() >= bytes.data() && view.data() + view.size() <= bytes.data() + bytes.size());
}

inline bool are_views_inside(const Record& record, std::string_view bytes) {
  return is_inside(record.raw, bytes) && is_inside(record.hostname, bytes) &&
         is_inside(record.app_name, bytes) && is_inside(record.procid, bytes) &&
         is_inside(record.msgid, bytes) && is_inside(record.structured_data, bytes) &&
         is_inside(record.message, bytes) && is_inside(record.full_text, bytes) &&
         is_inside(record.sequence, bytes);
}

}  // namespace sluice::test
