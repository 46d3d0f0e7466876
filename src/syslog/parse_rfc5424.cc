#include "syslog/parse_rfc5424.h"

#include "sluice/values/structured_data.h"
#include "syslog/parse_timestamp.h"
#include "syslog/scan.h"
#include "syslog/text.h"

namespace sluice::detail {
namespace {

// The RFC allows 255, 48, 128 and 32 octets; senders exceed that (rsyslog sends whole paths as
// APP-NAME). Beyond this a word is rather a text without a header.
constexpr std::size_t kFieldOctetsMax = 512;

std::size_t version_length(std::string_view rest) noexcept {
  if (rest.empty() || rest.front() == '0') return 0;
  const std::size_t length = digits_length(rest.substr(0, 4));
  const bool is_version = length >= 1 && length <= 3 && rest.size() > length && rest[length] == ' ';
  return is_version ? length : 0;
}

// Ends a message whose header breaks off: what was not understood is its text.
ParseError broken_header(std::string_view rest, Record& record) noexcept {
  if (!rest.empty()) set_text(rest, record);
  return ParseError::kBadHeader;
}

// Takes the TIMESTAMP, not the SP behind it.
ParseError take_timestamp(std::string_view& rest, Record& record) noexcept {
  if (rest.starts_with("- ") || rest == "-") {
    rest.remove_prefix(1);
    return ParseError::kNone;
  }
  const StampFound found = take_iso_stamp(rest, record.stamp);
  if (found == StampFound::kGood && begins_with_space_or_ends(rest)) return ParseError::kNone;
  record.stamp = Stamp{};
  rest.remove_prefix(first_word(rest).size());  // A moment that is none costs only itself.
  return ParseError::kBadTimestamp;
}

// Takes a SP and a field. NILVALUE leaves `field` empty. False, taking nothing, if there is none.
bool take_field(std::string_view& rest, std::string_view& field) noexcept {
  if (rest.size() < 2) return false;
  const std::string_view word = first_word(rest.substr(1));
  if (word.empty() || word.size() > kFieldOctetsMax) return false;
  if (word != "-") field = word;
  rest.remove_prefix(1 + word.size());
  return true;
}

// Takes STRUCTURED-DATA, which must end at a SP or with the message.
bool take_structured_data(std::string_view& rest, Record& record) noexcept {
  std::size_t length = 1;
  if (!rest.starts_with('-')) length = structured_data_length(rest);
  if (length == 0 || !begins_with_space_or_ends(rest.substr(length))) return false;
  if (rest.front() == '[') record.structured_data = rest.substr(0, length);
  rest.remove_prefix(length);
  return true;
}

}  // namespace

bool is_rfc5424(std::string_view rest, bool has_pri) noexcept {
  const std::size_t length = version_length(rest);
  if (length == 0) return false;
  rest.remove_prefix(length + 1);
  return looks_like_date(rest) || (has_pri && rest.starts_with("- "));
}

ParseError parse_rfc5424(std::string_view rest, Record& record) noexcept {
  rest.remove_prefix(version_length(rest) + 1);
  const ParseError stamp_error = take_timestamp(rest, record);
  for (std::string_view* field :
       {&record.hostname, &record.app_name, &record.procid, &record.msgid}) {
    if (!take_field(rest, *field)) return broken_header(without_leading_spaces(rest), record);
  }
  if (rest.size() < 2) return ParseError::kBadHeader;
  rest.remove_prefix(1);
  if (!take_structured_data(rest, record)) {
    set_text(rest, record);
    return ParseError::kBadStructuredData;
  }
  if (!rest.empty()) set_text(rest.substr(1), record);
  return stamp_error;
}

}  // namespace sluice::detail
