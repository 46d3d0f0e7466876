#include "syslog/parse_host.h"

#include <catch2/catch.hpp>
#include <string_view>

namespace sluice::detail {
namespace {

TEST_CASE("IPv6 addresses are told from words with colons (RFC 4291 2.2)", "[syslog]") {
  const auto [text, is_address] = GENERATE(table<std::string_view, bool>({
      {"::", true},
      {"::1", true},
      {"1::", true},
      {"2001:db8::7", true},
      {"1:2:3:4:5:6:7:8", true},
      {"1:2:3:4:5:6:7::", true},
      {"::ffff:192.0.2.1", true},
      {"1:2:3:4:5:6:192.0.2.1", true},
      {"fe80::1%eth0", true},
      {"", false},
      {":", false},
      {":::", false},
      {"1:2:3:4:5:6:7", false},
      {"1:2:3:4:5:6:7:8:9", false},
      {"1:2:3:4:5:6:7:8::", false},
      {"1::2::3", false},
      {"12345::", false},
      {"g::", false},
      {"1:", false},
      {":1", false},
      {"dead:", false},
      {"::192.0.2", false},
      {"::192.0.2.1.5", false},
      {"1:2:3:4:5:6:7:192.0.2.1", false},
      {"12:34:56", false},
  }));
  CAPTURE(text);
  CHECK(is_ipv6_address(text) == is_address);
}

}  // namespace
}  // namespace sluice::detail
