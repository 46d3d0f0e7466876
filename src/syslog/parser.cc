#include "sluice/syslog/parser.h"

#include <algorithm>

#include "syslog/parse_plain.h"
#include "syslog/parse_pri.h"
#include "syslog/parse_rfc3164.h"
#include "syslog/parse_rfc5424.h"
#include "syslog/scan.h"
#include "syslog/text.h"

namespace sluice {
namespace {

// One NUL, one LF, one CR, and one NUL before them if none came behind.
std::string_view without_trailer(std::string_view bytes) noexcept {
  if (bytes.empty() || bytes.back() > '\r') return bytes;
  const bool has_nul = bytes.ends_with('\0');
  if (has_nul) bytes.remove_suffix(1);
  if (bytes.ends_with('\n')) bytes.remove_suffix(1);
  if (bytes.ends_with('\r')) bytes.remove_suffix(1);
  if (!has_nul && bytes.ends_with('\0')) bytes.remove_suffix(1);
  return bytes;
}

// White space in front of a PRI is nobody's text, and so is the BOM that a saved file begins with.
std::string_view without_white_space_before_pri(std::string_view bytes) noexcept {
  if (bytes.starts_with('<')) return bytes;
  std::string_view rest = bytes;
  if (rest.starts_with(kBom)) rest.remove_prefix(kBom.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
  return rest.starts_with('<') ? rest : bytes;
}

// Blanks behind the PRI are no field's (HP ProCurve), but those of a text stay.
ParseError parse_header(std::string_view rest, bool has_pri, Record& record) noexcept {
  const std::string_view start = detail::without_leading_spaces(rest);
  if (detail::is_rfc5424(start, has_pri)) return detail::parse_rfc5424(start, record);
  return detail::parse_rfc3164(rest, record);
}

// With a good PRI in front of the header. RFC 5424's begins with its version.
bool parse_plain(std::string_view rest, StampMemo& memo, Record& record) noexcept {
  return rest.starts_with('1') ? detail::parse_plain_rfc5424(rest, memo, record)
                               : detail::parse_plain_rfc3164(rest, memo, record);
}

ParseError parse_fields(std::string_view rest, StampMemo& memo, Record& record) noexcept {
  switch (detail::take_pri(rest, record)) {
    case detail::Pri::kGood:
      if (parse_plain(rest, memo, record)) return ParseError::kNone;
      return parse_header(rest, true, record);
    case detail::Pri::kNone:
      parse_header(rest, false, record);
      return ParseError::kNoPri;
    case detail::Pri::kInvalid:
      parse_header(rest, true, record);
      return ParseError::kNoPri;
    case detail::Pri::kBad:
      break;
  }
  detail::set_text(rest, record);
  return ParseError::kNoPri;
}

}  // namespace

ParseError Parser::parse(std::string_view bytes, Record& record) noexcept {
  record = Record{};
  record.raw = without_trailer(bytes);
  std::string_view rest = record.raw;
  if (detail::take_plain_pri(rest, record) && parse_plain(rest, memo_, record)) {
    return ParseError::kNone;
  }
  record.error = record.raw.empty()
                     ? ParseError::kEmpty
                     : parse_fields(without_white_space_before_pri(record.raw), memo_, record);
  return record.error;
}

ParseError parse_message(std::string_view bytes, Record& record) noexcept {
  return Parser().parse(bytes, record);
}

}  // namespace sluice
