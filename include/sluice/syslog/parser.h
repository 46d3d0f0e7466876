#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
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

// What an offset of a timestamp meant, as most senders write it.
struct OffsetMemo {
  static constexpr std::size_t kOctets = 6;
  std::array<char, kOctets> octets{'+', '0', '0', ':', '0', '0'};
  std::int16_t minutes = 0;  // As Stamp::offset_minutes.
};

// What the octets of the last plain timestamps meant. Messages come in runs of one second, and
// comparing 15 octets costs a tenth of reading them.
struct StampMemo {
  std::array<char, 15> bsd{};  // "Nov 22 07:50:09"
  Stamp bsd_stamp;             // Absent: none yet.
  std::array<char, 19> iso{};  // "2026-11-22T07:50:09", without fraction and zone.
  Stamp iso_stamp;
  OffsetMemo iso_offset;
};

// The same for many messages, which are read quicker one after the other.
class Parser {
 public:
  ParseError parse(std::string_view bytes, Record& record) noexcept;

 private:
  StampMemo memo_;
};

}  // namespace sluice
