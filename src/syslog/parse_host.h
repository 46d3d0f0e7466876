#pragma once

#include <string_view>

namespace sluice::detail {

// True for an IPv6 address in text form (RFC 4291 section 2.2), with or without a zone ("%eth0").
[[nodiscard]] bool is_ipv6_address(std::string_view text) noexcept;

// Takes the HOSTNAME of an RFC 3164 header (section 4.1.2) off `rest`; what follows is a SP or the
// end. Empty, taking nothing, when the first word is no host: it ends with ':' or has brackets
// (then it is the TAG), or has octets that no host has. '@' and '/' are believed only in front of a
// word that is surely a TAG. The brackets around "[2001:db8::1]" are not part of the host.
[[nodiscard]] std::string_view take_host(std::string_view& rest) noexcept;

}  // namespace sluice::detail
