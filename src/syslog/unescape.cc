#include "sluice/syslog/unescape.h"

#include <optional>

#include "syslog/scan.h"

namespace sluice {
namespace {

constexpr std::size_t kEscapeOctets = 4;

// The control octet that the escape at the start of `text` stands for.
std::optional<char> control_octet(std::string_view text) noexcept {
  if (text.size() < kEscapeOctets) return std::nullopt;
  unsigned value = 0;
  for (const char c : text.substr(1, kEscapeOctets - 1)) {
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + detail::digit_value(c);
  }
  constexpr unsigned kDelete = 0x7f;
  if (value >= 0x20 && value != kDelete) return std::nullopt;
  return static_cast<char>(value);
}

}  // namespace

void unescape_control_octets(std::string_view bytes, std::string& out) {
  out.clear();
  for (;;) {
    const std::size_t hash = bytes.find('#');
    out.append(bytes.substr(0, hash));
    if (hash == std::string_view::npos) return;
    bytes.remove_prefix(hash);
    const std::optional<char> octet = control_octet(bytes);
    out.push_back(octet.value_or('#'));
    bytes.remove_prefix(octet ? kEscapeOctets : 1);
  }
}

}  // namespace sluice
