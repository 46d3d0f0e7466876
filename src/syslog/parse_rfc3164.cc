#include "syslog/parse_rfc3164.h"

#include <algorithm>

#include "syslog/parse_cisco.h"
#include "syslog/parse_host.h"
#include "syslog/parse_tag.h"
#include "syslog/parse_timestamp.h"
#include "syslog/scan.h"
#include "syslog/text.h"

namespace sluice::detail {
namespace {

// "[ID 702911 user.error] ", which Solaris puts before its texts. It stays part of the text.
void read_solaris_msgid(Record& record) noexcept {
  constexpr std::string_view kStart = "[ID ";
  if (!record.message.starts_with(kStart)) return;
  const std::string_view behind = record.message.substr(kStart.size());
  const std::size_t length = digits_length(behind);
  if (length < behind.size() && behind[length] == ' ') record.msgid = behind.substr(0, length);
}

// True when the TAG may just as well be the start of the text. A number or an address is hardly the
// name of a program.
bool may_be_text(std::string_view rest, const Tag& tag) noexcept {
  return tag.kind == TagKind::kPossible || begins_with_cisco_mnemonic(rest) ||
         tag.name.find_first_not_of("0123456789.") == std::string_view::npos;
}

void take_tag(std::string_view rest, const Tag& tag, Record& record) noexcept {
  record.app_name = tag.name;
  record.procid = tag.procid;
  if (may_be_text(rest, tag)) record.full_text = rest;
  if (tag.length < rest.size()) set_text(rest.substr(tag.length), record);
  read_solaris_msgid(record);
}

// Without a stamp no host is expected either, and only a sure tag is one (Python's SysLogHandler,
// local sockets, appliances).
void parse_without_stamp(std::string_view body, std::string_view rest, Record& record) noexcept {
  const Tag tag = read_tag(rest);
  if (tag.kind == TagKind::kSure && tag.ends_at_blank) {
    take_tag(rest, tag, record);
    return;
  }
  if (record.sequence.empty()) {
    if (!body.empty()) set_text(body, record);
    return;
  }
  record.full_text = body.substr(std::min(body.find_first_not_of(' '), body.size()));
  if (!rest.empty()) set_text(rest, record);
}

// "Message forwarded from HOST: " (AIX, HP-UX), in the place of the HOSTNAME.
bool take_forwarded(std::string_view& rest, Record& record) noexcept {
  constexpr std::string_view kStart = "Message forwarded from ";
  if (!rest.starts_with(kStart)) return false;
  const std::string_view word = first_word(rest.substr(kStart.size()));
  if (word.size() < 2 || word.back() != ':') return false;
  record.hostname = word.substr(0, word.size() - 1);
  rest = without_leading_spaces(rest.substr(kStart.size() + word.size()));
  return true;
}

// Reads the HOSTNAME and the SP behind it. False when two blanks say that there is no tag.
bool take_hostname(std::string_view& rest, Record& record) noexcept {
  if (take_forwarded(rest, record)) return true;
  const std::string_view host = take_host(rest);
  if (host.empty()) return true;
  if (host != "-") record.hostname = host;
  if (!rest.empty()) rest.remove_prefix(1);
  if (rest.empty() || rest.front() != ' ') return true;
  rest.remove_prefix(1);
  return false;
}

// ": " between host and text (Cisco FTD), or where nothing stands before it.
void skip_lone_colon(std::string_view& rest) noexcept {
  if (rest.starts_with(": ")) rest.remove_prefix(2);
  if (rest == ":") rest.remove_prefix(1);
}

void parse_behind_stamp(std::string_view rest, Record& record) noexcept {
  const bool may_have_tag = !record.hostname.empty() || take_hostname(rest, record);
  if (rest.empty()) return;
  if (!may_have_tag || rest.front() == '\t') return set_text(rest, record);
  skip_lone_colon(rest);
  Tag tag = read_tag(rest);
  // "router1: %SYS-5-CONFIG_I: ...": the name is the host, the mnemonic is the tag.
  const bool is_origin = record.hostname.empty() && tag.kind == TagKind::kSure &&
                         tag.procid.empty() && begins_with_cisco_mnemonic(rest.substr(tag.length));
  if (is_origin) {
    record.hostname = tag.name;
    rest.remove_prefix(tag.length);
    tag = read_tag(rest);
  }
  if (tag.kind != TagKind::kNone) return take_tag(rest, tag, record);
  if (!rest.empty()) set_text(rest, record);
}

}  // namespace

ParseError parse_rfc3164(std::string_view rest, Record& record) noexcept {
  const std::string_view body = rest;
  rest = without_leading_spaces(rest);
  if (rest.starts_with('{') || rest.starts_with('[')) {  // JSON, or a text in brackets.
    set_text(body, record);
    return ParseError::kNone;
  }
  StampFound found = take_stamp(rest, record.stamp);
  if (found == StampFound::kNone) found = take_cisco_front(rest, record);
  if (found == StampFound::kNone) {
    parse_without_stamp(body, rest, record);
    return ParseError::kNone;
  }
  parse_behind_stamp(without_leading_spaces(rest), record);
  return found == StampFound::kBad ? ParseError::kBadTimestamp : ParseError::kNone;
}

}  // namespace sluice::detail
