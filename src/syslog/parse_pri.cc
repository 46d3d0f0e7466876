#include "syslog/parse_pri.h"

#include "syslog/scan.h"

namespace sluice::detail {
namespace {

constexpr unsigned kPriMax = 191;  // Facility 23, severity 7.
constexpr std::string_view kInvalidPri = "<invld>";

// Reads at most five octets. Returns the length with both brackets, or 0.
std::size_t scan_pri(std::string_view text, unsigned& value) noexcept {
  if (text.size() < 3 || text[0] != '<') return 0;
  value = 0;
  std::size_t i = 1;
  while (i < text.size() && i <= 3 && is_digit(text[i]))
    value = value * 10 + digit_value(text[i++]);
  const bool is_closed = i > 1 && i < text.size() && text[i] == '>';
  return is_closed && value <= kPriMax ? i + 1 : 0;
}

}  // namespace

Pri take_pri(std::string_view& rest, Record& record) noexcept {
  if (rest.empty() || rest.front() != '<') return Pri::kNone;
  unsigned value = 0;
  const std::size_t length = scan_pri(rest, value);
  if (length != 0) {
    record.facility = static_cast<std::uint8_t>(value >> 3);
    record.severity = static_cast<std::uint8_t>(value & 7);
    rest.remove_prefix(length);
    return Pri::kGood;
  }
  if (!rest.starts_with(kInvalidPri)) return Pri::kBad;
  rest.remove_prefix(kInvalidPri.size());
  return Pri::kInvalid;
}

std::size_t pri_length(std::string_view text) noexcept {
  unsigned value = 0;
  return scan_pri(text, value);
}

}  // namespace sluice::detail
