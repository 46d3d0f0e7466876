#include "net/address.h"

#include <catch2/catch.hpp>

namespace sluice {
namespace {

Peer peer_from(const PeerPolicy& policy, const std::string& address) {
  const auto socket_address = parse_socket_address(address, 514);
  REQUIRE(socket_address);
  return policy.peer_of(*socket_address->get());
}

Network network(const std::string& text) {
  const auto parsed = parse_network(text);
  REQUIRE(parsed);
  return *parsed;
}

TEST_CASE("a peer's address is text for people, IPv4 in dotted form", "[net]") {
  const auto [address, text] = GENERATE(table<std::string, std::string>({
      {"10.1.2.3", "10.1.2.3"},
      {"::ffff:10.1.2.3", "10.1.2.3"},
      {"2001:db8:0:0::1", "2001:db8::1"},
      {"::1", "::1"},
  }));
  const Peer peer = peer_from({}, address);
  CHECK(peer.text == text);
  CHECK(peer.port == 514);
  CHECK_FALSE(peer.is_trusted);
}

TEST_CASE("names are no addresses", "[net]") {
  CHECK_FALSE(parse_socket_address("localhost", 1));
  CHECK_FALSE(parse_socket_address("", 1));
  CHECK_FALSE(parse_socket_address("10.0.0.256", 1));
}

TEST_CASE("IPv6 gets brackets in front of a port", "[net]") {
  CHECK(host_and_port("10.0.0.1", 2003) == "10.0.0.1:2003");
  CHECK(host_and_port("carbon.example.com", 2003) == "carbon.example.com:2003");
  CHECK(host_and_port("::1", 2003) == "[::1]:2003");
}

TEST_CASE("without a list of allowed peers only loopback is allowed", "[net]") {
  const auto [address, allowed] = GENERATE(table<std::string, bool>({
      {"127.0.0.1", true},
      {"127.9.9.9", true},
      {"::1", true},
      {"128.0.0.1", false},
      {"10.0.0.1", false},
      {"::2", false},
  }));
  CAPTURE(address);
  const PeerPolicy policy;
  CHECK(policy.allows(peer_from(policy, address).address) == allowed);
}

TEST_CASE("with a list exactly its blocks are allowed", "[net]") {
  PeerPolicy policy;
  policy.allow = {network("10.0.0.0/9"), network("2001:db8::/32")};
  const auto [address, allowed] = GENERATE(table<std::string, bool>({
      {"10.127.255.255", true},
      {"10.128.0.0", false},
      {"2001:db8:ffff::1", true},
      {"2001:db9::", false},
      {"127.0.0.1", false},
  }));
  CAPTURE(address);
  CHECK(policy.allows(peer_from(policy, address).address) == allowed);
}

TEST_CASE("trusted peers are marked", "[net]") {
  PeerPolicy policy;
  policy.trusted_peers = {network("10.0.0.0/8")};
  CHECK(peer_from(policy, "10.1.1.1").is_trusted);
  CHECK_FALSE(peer_from(policy, "11.1.1.1").is_trusted);
}

class FixedZone : public Zone {
 public:
  [[nodiscard]] Timestamp to_utc(std::chrono::local_time<std::chrono::nanoseconds> local,
                                 Timestamp) const noexcept override {
    return Timestamp(local.time_since_epoch());
  }
};

TEST_CASE("the first network that holds a sender names its zone", "[net]") {
  const FixedZone one;
  const FixedZone two;
  const FixedZone rest;
  PeerPolicy policy;
  policy.zone = &rest;
  policy.zones = {{network("10.1.0.0/16"), &one}, {network("10.0.0.0/8"), &two}};
  CHECK(peer_from(policy, "10.1.2.3").zone == &one);
  CHECK(peer_from(policy, "::ffff:10.1.2.3").zone == &one);
  CHECK(peer_from(policy, "10.2.0.1").zone == &two);
  CHECK(peer_from(policy, "11.0.0.1").zone == &rest);
  CHECK(policy.local_peer().zone == &rest);
}

TEST_CASE("a local peer is trusted like 127.0.0.1", "[net]") {
  PeerPolicy policy;
  policy.allow = {network("10.0.0.0/8")};
  CHECK(policy.local_peer().text == "local");
  CHECK(policy.local_peer().is_local);
  CHECK_FALSE(policy.local_peer().is_trusted);
  CHECK_FALSE(peer_from(policy, "127.0.0.1").is_local);
  policy.trusted_peers = {network("127.0.0.1")};
  CHECK(policy.local_peer().is_trusted);
}

}  // namespace
}  // namespace sluice
