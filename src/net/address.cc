#include "net/address.h"

#include <fmt/format.h>
#include <uv.h>

#include <algorithm>
#include <cstring>

namespace sluice {
namespace {

constexpr Address kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t kMappedPrefixBytes = 12;
constexpr Address kLocalhost{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};

std::uint16_t port_of(const sockaddr& address) noexcept {
  if (address.sa_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  }
  if (address.sa_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  }
  return 0;
}

bool is_listed(const std::vector<Network>& networks, const Address& address) noexcept {
  return std::ranges::any_of(
      networks, [&address](const Network& network) { return contains(network, address); });
}

}  // namespace

const sockaddr* SocketAddress::get() const noexcept {
  return reinterpret_cast<const sockaddr*>(&storage);
}

std::uint16_t SocketAddress::port() const noexcept { return port_of(*get()); }

std::string SocketAddress::text() const { return format_address(address_of(*get())); }

std::optional<SocketAddress> copy_address(const sockaddr& address) noexcept {
  SocketAddress copy;
  if (address.sa_family == AF_INET) copy.length = sizeof(sockaddr_in);
  if (address.sa_family == AF_INET6) copy.length = sizeof(sockaddr_in6);
  if (copy.length == 0) return std::nullopt;
  std::memcpy(&copy.storage, &address, copy.length);
  return copy;
}

std::optional<SocketAddress> parse_socket_address(const std::string& host,
                                                  std::uint16_t port) noexcept {
  sockaddr_in v4{};
  if (uv_ip4_addr(host.c_str(), port, &v4) == 0) {
    return copy_address(reinterpret_cast<const sockaddr&>(v4));
  }
  sockaddr_in6 v6{};
  if (uv_ip6_addr(host.c_str(), port, &v6) == 0) {
    return copy_address(reinterpret_cast<const sockaddr&>(v6));
  }
  return std::nullopt;
}

Address address_of(const sockaddr& address) noexcept {
  Address bytes{};
  if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  } else if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    bytes = kMappedPrefix;
    std::memcpy(bytes.data() + kMappedPrefixBytes, &v4.sin_addr, 4);
  }
  return bytes;
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

bool PeerPolicy::allows(const Address& address) const noexcept {
  return allow.empty() ? is_loopback_address(address) : is_listed(allow, address);
}

Peer PeerPolicy::peer_of(const sockaddr& address) const {
  Peer peer;
  peer.address = address_of(address);
  peer.port = port_of(address);
  peer.text = format_address(peer.address);
  peer.is_trusted = is_listed(trusted_peers, peer.address);
  peer.zone = zone_of(peer.address);
  return peer;
}

Peer PeerPolicy::local_peer() const {
  Peer peer;
  peer.address = kLocalhost;
  peer.text = "local";
  peer.is_local = true;
  peer.is_trusted = is_listed(trusted_peers, peer.address);
  peer.zone = zone;
  return peer;
}

const Zone* PeerPolicy::zone_of(const Address& address) const noexcept {
  for (const PeerZone& sender : zones) {
    if (contains(sender.network, address)) return sender.zone;
  }
  return zone;
}

}  // namespace sluice
