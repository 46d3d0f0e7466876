#include "sluice/values/record.h"

namespace sluice {

std::string_view name_of(ParseError error) noexcept {
  switch (error) {
    case ParseError::kNone:
      return "none";
    case ParseError::kEmpty:
      return "empty";
    case ParseError::kNoPri:
      return "no_pri";
    case ParseError::kBadTimestamp:
      return "bad_timestamp";
    case ParseError::kBadHeader:
      return "bad_header";
    case ParseError::kBadStructuredData:
      return "bad_structured_data";
  }
  return "unknown";
}

std::string_view text_of(const Record& record) noexcept {
  const std::size_t start = record.message.find_first_not_of(" \t");
  return start == std::string_view::npos ? std::string_view{} : record.message.substr(start);
}

}  // namespace sluice
