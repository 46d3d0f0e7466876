#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

namespace sluice {

// Why a message is not well formed. It is kept and tried by the rules all the same; the error says
// which field could not be had, and one counter counts it.
enum class ParseError : std::uint8_t {
  kNone,
  kEmpty,              // No octet at all.
  kNoPri,              // Does not begin with a PRI of 0..191; facility and severity are unknown.
  kBadTimestamp,       // A timestamp was there, but names no moment (Feb 30, 99:99:99).
  kBadHeader,          // RFC 5424 header that ends too early or has an unusable field.
  kBadStructuredData,  // Structured data that is not closed; the rest from the bracket on is text.
};

// Short stable name ("no_pri") for logs and `explain --json`.
[[nodiscard]] std::string_view name_of(ParseError error) noexcept;

// A timestamp as it stood in the message, not yet a moment: RFC 3164 stamps have neither year nor
// zone (RFC 3164 section 4.1.2). pipeline/event_time.h resolves it.
struct Stamp {
  std::uint32_t nanoseconds = 0;    // 0..999,999,999
  std::uint16_t year = 0;           // 0: the message named none.
  std::int16_t offset_minutes = 0;  // East of UTC, -1439..1439.
  std::uint8_t month = 0;           // 1..12
  std::uint8_t day = 0;   // 1..31, valid for the month (29 February allowed when year is 0).
  std::uint8_t hour = 0;  // 0..23
  std::uint8_t minute = 0;
  std::uint8_t second = 0;  // 0..60; 60 counts as the first second of the next minute.
  bool present = false;
  bool has_offset = false;  // False: the zone of the sender, listener or relay applies.
  bool unused = false;      // So that there is no gap, and comparing is comparing two words.

  friend bool operator==(const Stamp& one, const Stamp& other) noexcept {
    static_assert(std::has_unique_object_representations_v<Stamp>);
    return std::memcmp(&one, &other, sizeof one) == 0;
  }
};

// A parsed syslog message. Every view points into the bytes handed to the parser and lives as long
// as they do. An absent field (NILVALUE "-", or not sent) is an empty view.
struct Record {
  std::string_view raw;  // The message without the trailer that its transport added.
  std::optional<std::uint8_t> facility;  // 0..23; absent without a PRI.
  std::optional<std::uint8_t> severity;  // 0..7; absent without a PRI.
  Stamp stamp;
  std::string_view hostname;
  std::string_view app_name;  // APP-NAME, or the name in an RFC 3164 TAG; may be cut.
  // PROCID, or what stands in the brackets of the TAG; empty when the TAG was cut inside them
  // (rsyslog cuts at 32 octets).
  std::string_view procid;
  std::string_view msgid;            // MSGID, or the number in Solaris' "[ID 702911 user.error]".
  std::string_view structured_data;  // As sent, "[id name=\"value\"]..."; see structured_data.h.
  std::string_view message;          // MSG without a BOM, leading blanks as sent.
  bool has_message = false;          // Tells an empty MSG from an absent one.
  // The other reading of the text, which begins at the TAG, set when the TAG may belong to the
  // text: one word without colon or pid, only a number or an address, or a Cisco mnemonic
  // ("%SYS-5-CONFIG_I:"); also when a number was taken for a Cisco sequence although no timestamp
  // followed. Rules are tried on `message` first, then on this.
  std::string_view full_text;
  std::string_view sequence;  // Message number that Cisco puts in front ("29: "), digits only.
  ParseError error = ParseError::kNone;
  bool truncated = false;   // Longer than max_message; the rest was dropped by the framer.
  bool incomplete = false;  // The stream ended inside this counted frame.
};

inline constexpr std::string_view kBom = "\xEF\xBB\xBF";  // Of RFC 5424 section 6.4.

// MSG without its leading blanks and a BOM behind them: what rules match (rsyslog's RFC 5424
// template writes two blanks, and senders a BOM behind theirs).
[[nodiscard]] inline std::string_view text_of(const Record& record) noexcept {
  const std::string_view message = record.message;
  if (message.empty() || (message.front() != ' ' && message.front() != '\t')) return message;
  const std::size_t start = message.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  const std::string_view text = message.substr(start);
  return text.starts_with(kBom) ? text.substr(kBom.size()) : text;
}

}  // namespace sluice
