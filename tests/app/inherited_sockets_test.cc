#include "app/inherited_sockets.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "config/temporary_folder.h"
#include "net/socket.h"
#include "net/sockets.h"
#include "net/unix_socket.h"

namespace sluice {
namespace {

using Transport = Endpoint::Transport;
using Places = std::vector<std::string>;

struct SamePort {
  Fd udp;
  Fd tcp;
};

// A UDP and a TCP socket on one port. The kernel finds a free port for one kind alone; in the other
// it may be a connection's, so several are tried.
SamePort open_same_port() {
  std::vector<Fd> taken;
  for (int tries = 0; tries < 50; ++tries) {
    auto udp = open_udp({Transport::kUdp, "127.0.0.1", 0});
    REQUIRE(udp);
    auto tcp = open_tcp_listener({Transport::kTcp, "127.0.0.1", bound_at(udp->get()).port});
    if (tcp) return {std::move(*udp), std::move(*tcp)};
    taken.push_back(std::move(*udp));  // Held, so that the next one is another port.
  }
  FAIL("no port is free for UDP and TCP alike");
  return {};
}

TEST_CASE("a listener finds the inherited socket of its address and kind", "[app]") {
  auto [udp, tcp] = open_same_port();
  const Endpoint place = bound_at(udp.get());
  const int udp_fd = udp.get();
  InheritedSockets sockets;
  sockets.add(std::move(udp));
  sockets.add(std::move(tcp));
  CHECK(sockets.take({Transport::kUdp, "127.0.0.2", place.port}).empty());
  CHECK(sockets.take({Transport::kUdp, "127.0.0.1", 1}).empty());
  const auto taken = sockets.take({Transport::kUdp, "localhost", place.port});
  REQUIRE(taken.size() == 1);
  CHECK(taken.front().get() == udp_fd);
  CHECK(sockets.take(place).empty());
  CHECK(sockets.left() == Places{"tcp://127.0.0.1:" + std::to_string(place.port)});
  CHECK(sockets.take({Transport::kTcp, "127.0.0.1", place.port}).size() == 1);
  CHECK(sockets.left().empty());
}

TEST_CASE("no other program can take the port of an inherited UDP socket", "[app]") {
  auto udp = open_udp({Transport::kUdp, "127.0.0.1", 0});
  REQUIRE(udp);
  const int on = 1;  // As systemd does.
  REQUIRE(setsockopt(udp->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
  const Endpoint place = bound_at(udp->get());
  InheritedSockets sockets;
  sockets.add(std::move(*udp));
  const Fd thief(socket(AF_INET, SOCK_DGRAM, 0));
  REQUIRE(setsockopt(thief.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
  const auto address = parse_socket_address("127.0.0.1", place.port);
  CHECK(bind(thief.get(), address->get(), address->length) != 0);
}

TEST_CASE("an IPv6 address is the same in every spelling", "[app]") {
  if (!has_ipv6()) return;
  auto udp = open_udp({Transport::kUdp, "::", 0});
  const std::uint16_t port = bound_at(udp->get()).port;
  InheritedSockets sockets;
  sockets.add(std::move(*udp));
  CHECK(sockets.take({Transport::kUdp, "0:0::0", port}).size() == 1);
}

TEST_CASE("inherited unix sockets are found by path and kind", "[app]") {
  const TemporaryFolder folder;
  const Endpoint stream{Transport::kUnix, folder.path() + "/stream", 0};
  const Endpoint datagrams{Transport::kUnixgram, folder.path() + "/log", 0};
  InheritedSockets sockets;
  auto one = open_unix_socket(stream, 0600);
  auto other = open_unix_socket(datagrams, 0600);
  REQUIRE((one && other));
  sockets.add(std::move(one->socket));
  sockets.add(std::move(other->socket));
  CHECK(sockets.take({Transport::kUnixgram, stream.host, 0}).empty());
  CHECK(sockets.take(datagrams).size() == 1);
  CHECK(sockets.take(stream).size() == 1);
}

TEST_CASE("a stream socket that does not listen, and what is no socket, are left", "[app]") {
  auto listener = open_tcp_listener({Transport::kTcp, "127.0.0.1", 0});
  Fd connection = connect_to("127.0.0.1", bound_at(listener->get()).port, SOCK_STREAM);
  const Endpoint place = bound_at(connection.get());
  InheritedSockets sockets;
  sockets.add(std::move(connection));
  sockets.add(Fd(memfd_create("none", MFD_CLOEXEC)));
  CHECK(sockets.take(place).empty());
  CHECK(sockets.left() == Places{place.to_string(), "a descriptor that is no bound socket"});
}

TEST_CASE("without a service manager nothing is inherited", "[app]") {
  CHECK(InheritedSockets::of_this_process().left().empty());
}

}  // namespace
}  // namespace sluice
