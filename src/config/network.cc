#include "config/network.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

#include "config/quote.h"

namespace sluice {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr std::uint8_t kMappedBits = 96;

bool is_mapped(const Address& address) {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin());
}

// The octets of a mask of `length` bits, one at a time.
std::uint8_t mask_octet(std::size_t index, std::uint8_t length) {
  const int bits = std::clamp(length - static_cast<int>(index) * 8, 0, 8);
  return static_cast<std::uint8_t>(0xFF00u >> bits);
}

Address masked(Address address, std::uint8_t length) {
  for (std::size_t i = 0; i < address.size(); ++i) address[i] &= mask_octet(i, length);
  return address;
}

std::optional<std::uint8_t> parse_length(std::string_view text, std::uint8_t max) {
  std::uint8_t length = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, length);
  if (error != std::errc() || end != last || length > max) return std::nullopt;
  return length;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;  // inet_pton() stops there.
  const std::string terminated(text);
  Address address{};
  if (inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return address;
  if (inet_pton(AF_INET, terminated.c_str(), address.data() + kMappedPrefix.size()) != 1) {
    return std::nullopt;
  }
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin());
  return address;
}

std::string format_address(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto size = static_cast<socklen_t>(text.size());
  if (is_mapped(address)) {
    inet_ntop(AF_INET, address.data() + kMappedPrefix.size(), text.data(), size);
  } else {
    inet_ntop(AF_INET6, address.data(), text.data(), size);
  }
  return text.data();
}

bool is_loopback_address(const Address& address) noexcept {
  if (is_mapped(address)) return address[12] == 127;
  return std::all_of(address.begin(), address.end() - 1, [](auto octet) { return octet == 0; }) &&
         address.back() == 1;
}

Expected<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view block = text.substr(0, slash);
  const auto address = parse_address(block);
  if (!address) {
    return fail("expected a network such as \"10.0.0.0/8\" or \"2001:db8::/32\", got " +
                quote(text));
  }
  // "::ffff:10.0.0.0/104" is written as IPv6, so its length counts 128 bits.
  const bool is_ipv4 = block.find(':') == std::string_view::npos;
  Network network{*address, 128};
  if (slash == std::string_view::npos) return network;
  const std::uint8_t bits = is_ipv4 ? 32 : 128;
  const auto length = parse_length(text.substr(slash + 1), bits);
  if (!length) return fail(fmt::format("expected a length in 0..{}, got {}", bits, quote(text)));
  network.prefix_length = static_cast<std::uint8_t>(is_ipv4 ? *length + kMappedBits : *length);
  network.address = masked(*address, network.prefix_length);
  if (network.address != *address) {
    return fail(fmt::format("{} has bits set behind its length; write \"{}\" for the network",
                            quote(text), format_network(network)));
  }
  return network;
}

bool contains(const Network& network, const Address& address) noexcept {
  return masked(address, network.prefix_length) == network.address;
}

std::string format_network(const Network& network) {
  std::string text = format_address(network.address);
  if (network.prefix_length == 128) return text;
  return fmt::format("{}/{}", text,
                     network.prefix_length - (is_mapped(network.address) ? kMappedBits : 0));
}

}  // namespace sluice
