#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/network.h"
#include "sluice/values/peer.h"
#include "sluice/values/zone.h"

namespace sluice {

// An IPv4 or IPv6 address with a port, as the kernel wants it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  [[nodiscard]] const sockaddr* get() const noexcept;
  [[nodiscard]] int family() const noexcept { return storage.ss_family; }
  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] std::string text() const;  // Address without port.
};

// Copies what the kernel handed out. Empty for families other than IPv4 and IPv6.
[[nodiscard]] std::optional<SocketAddress> copy_address(const sockaddr& address) noexcept;

// Reads an address written in digits ("10.0.0.1", "::1", "fe80::1%eth0"). Empty for names.
[[nodiscard]] std::optional<SocketAddress> parse_socket_address(const std::string& host,
                                                                std::uint16_t port) noexcept;

// The 16 octets of an address, IPv4 as ::ffff:a.b.c.d.
[[nodiscard]] Address address_of(const sockaddr& address) noexcept;

// "host:port", IPv6 addresses in brackets.
[[nodiscard]] std::string host_and_port(const std::string& host, std::uint16_t port);

// Senders of one zone.
struct PeerZone {
  Network network;
  const Zone* zone = nullptr;  // Outlives the listener.
};

// Who may send, who may speak of other hosts, and whose clock shows what. Part of the options of
// both listeners.
struct PeerPolicy {
  std::vector<Network> allow;          // Empty: loopback only.
  std::vector<Network> trusted_peers;  // Sets Peer::is_trusted.
  const Zone* zone = nullptr;          // Of all others; outlives the listener.
  std::vector<PeerZone> zones;         // The first that matches decides.

  [[nodiscard]] bool allows(const Address& address) const noexcept;
  [[nodiscard]] Peer peer_of(const sockaddr& address) const;
  // Whoever writes to a unix socket: is trusted and zoned like 127.0.0.1, and always allowed.
  [[nodiscard]] Peer local_peer() const;

 private:
  [[nodiscard]] const Zone* zone_of(const Address& address) const noexcept;
};

}  // namespace sluice
