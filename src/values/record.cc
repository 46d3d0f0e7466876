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

}  // namespace sluice
