#include "config/network.h"

#include <catch2/catch.hpp>
#include <string>

#include "config/outcome.h"

namespace sluice {
namespace {

TEST_CASE("a network holds its addresses and no others", "[config]") {
  const auto [network, address, expected] = GENERATE(table<std::string, std::string, bool>({
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/8", "::ffff:10.1.2.3", true},
      {"10.0.0.0/8", "2001:db8::1", false},
      {"10.0.0.128/25", "10.0.0.127", false},
      {"10.0.0.128/25", "10.0.0.128", true},
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.2", false},
      {"0.0.0.0/0", "203.0.113.7", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "203.0.113.7", true},
      {"2001:db8::/32", "2001:db8:ffff::1", true},
      {"2001:db8::/32", "2001:db9::", false},
      {"2001:db8::1", "2001:db8::1", true},
      {"::ffff:10.0.0.0/104", "10.9.9.9", true},
  }));
  CAPTURE(network, address);
  const auto block = parse_network(network);
  const auto member = parse_address(address);
  REQUIRE(block);
  REQUIRE(member);
  CHECK(contains(*block, *member) == expected);
}

TEST_CASE("a network is shown as it is read", "[config]") {
  const std::string text = GENERATE("10.0.0.0/8", "0.0.0.0/0", "192.0.2.1", "::/0", "2001:db8::/32",
                                    "2001:db8::1", "::1");
  const auto network = parse_network(text);
  REQUIRE(network);
  CHECK(format_network(*network) == text);
}

TEST_CASE("what is no network is refused", "[config]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"", "expected a network such as \"10.0.0.0/8\" or \"2001:db8::/32\", got \"\""},
      {"office", "expected a network such as \"10.0.0.0/8\" or \"2001:db8::/32\", got \"office\""},
      {"10.0.0/8",
       "expected a network such as \"10.0.0.0/8\" or \"2001:db8::/32\", got \"10.0.0/8\""},
      {"10.0.0.256/8",
       "expected a network such as \"10.0.0.0/8\" or \"2001:db8::/32\", got \"10.0.0.256/8\""},
      {"[::1]/128",
       "expected a network such as \"10.0.0.0/8\" or \"2001:db8::/32\", got \"[::1]/128\""},
      {"/8", "expected a network such as \"10.0.0.0/8\" or \"2001:db8::/32\", got \"/8\""},
      {"10.0.0.0/33", "expected a length in 0..32, got \"10.0.0.0/33\""},
      {"10.0.0.0/", "expected a length in 0..32, got \"10.0.0.0/\""},
      {"10.0.0.0/8x", "expected a length in 0..32, got \"10.0.0.0/8x\""},
      {"10.0.0.0/-1", "expected a length in 0..32, got \"10.0.0.0/-1\""},
      {"::/129", "expected a length in 0..128, got \"::/129\""},
      {"10.1.2.3/8",
       "\"10.1.2.3/8\" has bits set behind its length; write \"10.0.0.0/8\" for the network"},
      {"2001:db8::1/32",
       "\"2001:db8::1/32\" has bits set behind its length; write \"2001:db8::/32\" for the "
       "network"},
  }));
  CHECK(error_of(parse_network(text)) == message);
}

TEST_CASE("an address with a NUL in it is none", "[config]") {
  CHECK_FALSE(parse_address(std::string_view("127.0.0.1\0x", 11)));
}

TEST_CASE("loopback is 127.0.0.0/8 and ::1", "[config]") {
  const auto [text, expected] = GENERATE(table<std::string, bool>({
      {"127.0.0.1", true},
      {"127.255.255.255", true},
      {"::1", true},
      {"::ffff:127.0.0.1", true},
      {"0.0.0.0", false},
      {"::", false},
      {"126.255.255.255", false},
      {"128.0.0.0", false},
      {"::2", false},
      {"1::1", false},
  }));
  CAPTURE(text);
  CHECK(is_loopback_address(*parse_address(text)) == expected);
}

}  // namespace
}  // namespace sluice
