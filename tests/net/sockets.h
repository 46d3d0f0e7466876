#pragma once

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>

#include "net/address.h"
#include "net/fd.h"
#include "net/socket.h"

namespace sluice {

// Plain blocking sockets for the other end of a test.

inline Endpoint bound_at(int fd) {
  const auto endpoint = local_endpoint(fd);
  REQUIRE(endpoint);
  return *endpoint;
}

inline bool has_ipv6() {
  const bool found = open_udp({Endpoint::Transport::kUdp, "::1", 0}).has_value();
  if (!found) WARN("skipped: this machine has no ::1");
  return found;
}

// Connected to host:port; `type` is SOCK_STREAM or SOCK_DGRAM.
inline Fd connect_to(const std::string& host, std::uint16_t port, int type) {
  const auto address = parse_socket_address(host, port);
  REQUIRE(address);
  Fd fd(socket(address->family(), type | SOCK_CLOEXEC, 0));
  REQUIRE(connect(fd.get(), address->get(), address->length) == 0);
  return fd;
}

// Connected to the unix socket at `path`; not open when nobody listens there.
inline Fd connect_to_path(const std::string& path, int type) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  Fd fd(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fd.reset();
  }
  return fd;
}

inline void send_all(const Fd& fd, std::string_view octets) {
  do {
    const ssize_t count = send(fd.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
    REQUIRE(count >= 0);
    octets.remove_prefix(static_cast<std::size_t>(count));
  } while (!octets.empty());
}

// What waits in a socket now; sets `is_ended` when the peer has ended or reset the stream.
inline std::string read_waiting(int fd, std::size_t most, bool& is_ended) {
  std::string octets(most, '\0');
  const ssize_t count = recv(fd, octets.data(), most, MSG_DONTWAIT);
  is_ended = count == 0 || (count < 0 && errno != EAGAIN);
  octets.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return octets;
}

// Waits until the peer's kernel has everything that was sent.
inline void wait_until_taken(const Fd& fd) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  int queued = 1;
  while (queued > 0 && std::chrono::steady_clock::now() < deadline) {
    REQUIRE(ioctl(fd.get(), SIOCOUTQ, &queued) == 0);
  }
  REQUIRE(queued == 0);
}

}  // namespace sluice
