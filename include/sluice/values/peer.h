#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "sluice/values/zone.h"

namespace sluice {

// Who sent a message, as its socket says. Made once per connection (or change of UDP sender), so
// that nothing is formatted per message.
struct Peer {
  std::array<std::uint8_t, 16> address{};  // IPv4 is kept IPv4-mapped (::ffff:a.b.c.d).
  std::uint16_t port = 0;
  std::string text;            // Address for people, IPv4 in dotted form; "local" for unix sockets.
  bool is_trusted = false;     // Listed in trusted_peers: may speak of hosts nobody has heard of.
  bool is_local = false;       // A unix socket: a message without HOSTNAME is of this machine.
  const Zone* zone = nullptr;  // Of its stamps without one; outlives whoever made the Peer.
};

}  // namespace sluice
