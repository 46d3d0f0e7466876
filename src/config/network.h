#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "sluice/base/error.h"

namespace sluice {

// An IP address; IPv4 is kept IPv4-mapped (::ffff:a.b.c.d, RFC 4291 section 2.5.5.2).
using Address = std::array<std::uint8_t, 16>;

// A literal address, "10.0.0.1" or "2001:db8::1", without brackets or scope.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

// IPv4 in dotted form.
[[nodiscard]] std::string format_address(const Address& address);

// 127.0.0.0/8 or ::1.
[[nodiscard]] bool is_loopback_address(const Address& address) noexcept;

// "10.0.0.0/8", "2001:db8::/32", or an address alone for a block of one. Refused when bits are set
// behind the prefix, because then either the address or the length is a mistake.
[[nodiscard]] Expected<Network> parse_network(std::string_view text);

[[nodiscard]] bool contains(const Network& network, const Address& address) noexcept;

// As parse_network() reads it.
[[nodiscard]] std::string format_network(const Network& network);

}  // namespace sluice
