#include "net/socket.h"

#include <catch2/catch.hpp>
#include <string>

#include "net/sockets.h"
#include "net/test_loop.h"

namespace sluice {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using Transport = Endpoint::Transport;

const Endpoint kAnyUdp{Transport::kUdp, "127.0.0.1", 0};
const Endpoint kAnyTcp{Transport::kTcp, "127.0.0.1", 0};

int int_option(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  REQUIRE(getsockopt(fd, level, name, &value, &length) == 0);
  return value;
}

TEST_CASE("port 0 takes a free port, and the socket tells which", "[net]") {
  const auto udp = open_udp(kAnyUdp);
  const auto tcp = open_tcp_listener(kAnyTcp);
  REQUIRE(udp);
  REQUIRE(tcp);
  const Endpoint udp_at = bound_at(udp->get());
  CHECK(udp_at.transport == Transport::kUdp);
  CHECK(udp_at.host == "127.0.0.1");
  CHECK(udp_at.port != 0);
  const Endpoint tcp_at = bound_at(tcp->get());
  CHECK(tcp_at.transport == Transport::kTcp);
  CHECK(tcp_at.port != 0);
}

TEST_CASE("an address in use is named, with how to see who has it", "[net]") {
  const auto udp = open_udp(kAnyUdp);
  const Endpoint udp_at = bound_at(udp->get());
  const auto second_udp = open_udp(udp_at);
  REQUIRE_FALSE(second_udp);
  CHECK_THAT(second_udp.error().message(),
             Equals(udp_at.to_string() +
                    ": address already in use; is another sluice or rsyslog listening there? "
                    "(ss -lunp)"));
  const auto tcp = open_tcp_listener(kAnyTcp);
  const auto second_tcp = open_tcp_listener(bound_at(tcp->get()));
  REQUIRE_FALSE(second_tcp);
  CHECK_THAT(second_tcp.error().message(), Contains("tcp://127.0.0.1:") && Contains("(ss -ltnp)"));
}

TEST_CASE("an address that this machine does not have is said to be so", "[net]") {
  const auto fd = open_udp({Transport::kUdp, "192.0.2.1", 0});
  REQUIRE_FALSE(fd);
  CHECK_THAT(fd.error().message(),
             Equals("udp://192.0.2.1:0: this machine has no such address (ip address)"));
}

TEST_CASE("a host name is looked up", "[net]") {
  CHECK(open_udp({Transport::kUdp, "localhost", 0}));
  const auto fd = open_tcp_listener({Transport::kTcp, "no such name", 0});
  REQUIRE_FALSE(fd);
  CHECK_THAT(fd.error().message(), Contains("cannot look up the name"));
}

TEST_CASE("workers share an address, and the group is refused when another has it", "[net]") {
  const Endpoint any = GENERATE(kAnyUdp, kAnyTcp);
  const auto group = open_sockets(any, 3);
  REQUIRE(group);
  REQUIRE(group->size() == 3);
  const Endpoint place = bound_at((*group)[0].get());
  CHECK(bound_at((*group)[1].get()) == place);
  CHECK(bound_at((*group)[2].get()) == place);
  const auto other_group = open_sockets(place, 2);
  REQUIRE_FALSE(other_group);
  CHECK_THAT(other_group.error().message(), Contains("address already in use"));
}

TEST_CASE("a group of one does not share its address", "[net]") {
  const auto group = open_sockets(kAnyUdp, 1);
  REQUIRE(group);
  REQUIRE(group->size() == 1);
  CHECK(int_option((*group)[0].get(), SOL_SOCKET, SO_REUSEPORT) == 0);
}

TEST_CASE("only [::] takes IPv4 as well", "[net]") {
  if (!has_ipv6()) return;
  const auto any = open_udp({Transport::kUdp, "::", 0});
  REQUIRE(any);
  CHECK(int_option(any->get(), IPPROTO_IPV6, IPV6_V6ONLY) == 0);
  const auto one = open_tcp_listener({Transport::kTcp, "::1", 0});
  REQUIRE(one);
  CHECK(int_option(one->get(), IPPROTO_IPV6, IPV6_V6ONLY) == 1);
  CHECK_THAT(bound_at(one->get()).to_string(), Contains("tcp://[::1]:"));
}

TEST_CASE("the receive buffer that the kernel gave is told in the measure of the options",
          "[net]") {
  SocketOptions options;
  options.receive_buffer_bytes = 100'000;
  const auto fd = open_udp(kAnyUdp, options);
  REQUIRE(fd);
  CHECK(receive_buffer_bytes(fd->get()) == 100'000);
  CHECK(receive_buffer_bytes(-1) == 0);
}

TEST_CASE("datagrams that the kernel dropped are told by the socket", "[net]") {
  SocketOptions options;
  options.receive_buffer_bytes = 4096;
  const auto fd = open_udp(kAnyUdp, options);
  REQUIRE(fd);
  CHECK(udp_kernel_drops(fd->get()) == 0);
  const Fd sender = connect_to("127.0.0.1", bound_at(fd->get()).port, SOCK_DGRAM);
  constexpr std::uint32_t kSent = 100;
  for (std::uint32_t i = 0; i < kSent; ++i) send_all(sender, std::string(1000, 'x'));
  std::uint32_t received = 0;
  bool is_ended = false;
  CHECK(TestLoop().run_until([&] {
    while (!read_waiting(fd->get(), 2000, is_ended).empty()) ++received;
    return received + udp_kernel_drops(fd->get()) == kSent;
  }));
  CHECK(received < kSent);
}

}  // namespace
}  // namespace sluice
