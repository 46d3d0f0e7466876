#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "syslog/scan.h"

namespace sluice::detail {

// Letters, digits, ".-_" and everything above 127: hosts with umlauts are sent in UTF-8 or Latin-1.
inline constexpr std::array<bool, 256> kHostOctets = [] {
  std::array<bool, 256> is_host{};
  for (std::size_t i = 0; i < is_host.size(); ++i) {
    const char c = static_cast<char>(i);
    is_host[i] = i >= 0x80 || is_digit(c) || is_letter(c) || c == '.' || c == '-' || c == '_';
  }
  return is_host;
}();

[[nodiscard]] inline bool is_host_octet(char c) noexcept {
  return kHostOctets[static_cast<unsigned char>(c)];
}

// True for an IPv6 address in text form (RFC 4291 section 2.2), with or without a zone ("%eth0").
[[nodiscard]] bool is_ipv6_address(std::string_view text) noexcept;

// Takes the HOSTNAME of an RFC 3164 header (section 4.1.2) off `rest`; what follows is a SP or the
// end. Empty, taking nothing, when the first word is no host: it ends with ':' or has brackets
// (then it is the TAG), or has octets that no host has. '@' and '/' are believed only in front of a
// word that is surely a TAG. The brackets around "[2001:db8::1]" are not part of the host.
[[nodiscard]] std::string_view take_host(std::string_view& rest) noexcept;

}  // namespace sluice::detail
