#include "config/endpoint.h"

#include <catch2/catch.hpp>
#include <string>

#include "config/outcome.h"
#include "config/quote.h"

namespace sluice {
namespace {

using Transport = Endpoint::Transport;

TEST_CASE("an endpoint is shown as it is read", "[config]") {
  const std::string text =
      GENERATE("udp://127.0.0.1:5514", "tcp://0.0.0.0:5514", "tcp://[::]:5514", "udp://[::1]:0",
               "tcp://localhost:65535", "tcp://[2001:db8::1]:1", "unix:///run/sluice/log",
               "unixgram:///run/sluice/log");
  const auto endpoint = parse_listen_endpoint(text);
  REQUIRE(endpoint);
  CHECK(endpoint->to_string() == text);
}

TEST_CASE("an endpoint has its parts", "[config]") {
  CHECK(*parse_listen_endpoint("udp://[::1]:5514") == Endpoint{Transport::kUdp, "::1", 5514});
  CHECK(*parse_listen_endpoint("unix:///run/a:1") == Endpoint{Transport::kUnix, "/run/a:1", 0});
  CHECK(*parse_listen_endpoint("unixgram:///l") == Endpoint{Transport::kUnixgram, "/l", 0});
  CHECK(*parse_destination_endpoint("tcp://carbon-1.example.com:2003") ==
        Endpoint{Transport::kTcp, "carbon-1.example.com", 2003});
  CHECK(*parse_destination_endpoint("tcp://[::1]:2003") == Endpoint{Transport::kTcp, "::1", 2003});
  CHECK(*parse_destination_endpoint("tcp://carbon_1:2003") ==
        Endpoint{Transport::kTcp, "carbon_1", 2003});
  CHECK(*parse_bind_address("[::1]:9514") == Endpoint{Transport::kTcp, "::1", 9514});
}

TEST_CASE("what cannot be listened on is refused", "[config]") {
  const std::string form =
      "expected \"udp://ADDRESS:PORT\" or \"tcp://ADDRESS:PORT\", IPv6 in brackets, or "
      "\"unix:///PATH\" or \"unixgram:///PATH\", got ";
  const auto path = [](const std::string& scheme) {
    return "expected the absolute path of a socket behind " + scheme +
           "://, at most 107 bytes, got ";
  };
  const std::string long_path = "/" + std::string(107, 'x');
  const std::string address =
      "expected an address of this machine such as 127.0.0.1, 0.0.0.0 or [::], or localhost, got ";
  const auto [text, message] = GENERATE_COPY(table<std::string, std::string>({
      {"", form + "\"\""},
      {"127.0.0.1:5514", form + "\"127.0.0.1:5514\""},
      {"unix:/dev/log", form + "\"unix:/dev/log\""},
      {"unix://", path("unix") + "\"\""},
      {"unix://log", path("unix") + "\"log\""},
      {"unixgram:///run/", path("unixgram") + "\"/run/\""},
      {"unix:///a\nb", path("unix") + "\"/a\\nb\""},
      {"unix://" + long_path, path("unix") + quote(long_path)},
      {"TCP://127.0.0.1:1", form + "\"TCP://127.0.0.1:1\""},
      {"tcp://127.0.0.1", form + "\"tcp://127.0.0.1\""},
      {"tcp://:5514", form + "\"tcp://:5514\""},
      {"tcp://127.0.0.1:", form + "\"tcp://127.0.0.1:\""},
      {"tcp://::1:5514", form + "\"tcp://::1:5514\""},
      {"tcp://[127.0.0.1]:5514", form + "\"tcp://[127.0.0.1]:5514\""},
      {"tcp://[]:5514", form + "\"tcp://[]:5514\""},
      {"tcp://[::1:5514", form + "\"tcp://[::1:5514\""},
      {"tcp://relay.example.com:5514", address + "\"relay.example.com\""},
      {"tcp://*:5514", address + "\"*\""},
      {"tcp://[::g]:5514", address + "\"::g\""},
      {"tcp://127.0.0.1:65536", "expected a port in 0..65535, got \"65536\""},
      {"tcp://127.0.0.1:-1", "expected a port in 0..65535, got \"-1\""},
      {"tcp://127.0.0.1:5514/", "expected a port in 0..65535, got \"5514/\""},
  }));
  CHECK(error_of(parse_listen_endpoint(text)) == message);
}

TEST_CASE("what carbon cannot be reached at is refused", "[config]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"graphite:2003", "expected \"tcp://HOST:PORT\", IPv6 in brackets, got \"graphite:2003\""},
      {"tcp://graphite", "expected \"tcp://HOST:PORT\", IPv6 in brackets, got \"tcp://graphite\""},
      {"udp://graphite:2003",
       "carbon over UDP never says what it took; expected \"tcp://HOST:PORT\", got "
       "\"udp://graphite:2003\""},
      {"tcp://graphite:0", "expected a port in 1..65535, got \"0\""},
      {"tcp://graphite:x", "expected a port in 1..65535, got \"x\""},
      {"tcp://10.0.0.256:2003", "expected a host name or an address, got \"10.0.0.256\""},
      {"tcp://10.1:2003", "expected a host name or an address, got \"10.1\""},
      {"tcp://a..b:2003", "expected a host name or an address, got \"a..b\""},
      {"tcp://.a:2003", "expected a host name or an address, got \".a\""},
      {"tcp://-a:2003", "expected a host name or an address, got \"-a\""},
      {"tcp://a b:2003", "expected a host name or an address, got \"a b\""},
      {"tcp://user@host:2003", "expected a host name or an address, got \"user@host\""},
      {"tcp://[graphite]:2003",
       "expected \"tcp://HOST:PORT\", IPv6 in brackets, got \"tcp://[graphite]:2003\""},
  }));
  CHECK(error_of(parse_destination_endpoint(text)) == message);
}

TEST_CASE("a bind address has no scheme", "[config]") {
  CHECK(error_of(parse_bind_address("9514")) ==
        "expected \"ADDRESS:PORT\", IPv6 in brackets, got \"9514\"");
  CHECK_FALSE(parse_bind_address("http://127.0.0.1:9514"));
}

TEST_CASE("only this machine reaches loopback", "[config]") {
  const auto [host, expected] = GENERATE(table<std::string, bool>({
      {"127.0.0.1", true},
      {"127.1.2.3", true},
      {"::1", true},
      {"localhost", true},
      {"0.0.0.0", false},
      {"::", false},
      {"localhost.example.com", false},
  }));
  CAPTURE(host);
  CHECK(is_loopback(Endpoint{Transport::kTcp, host, 1}) == expected);
  CHECK(is_loopback(Endpoint{Transport::kUnixgram, "/run/log", 0}));
}

}  // namespace
}  // namespace sluice
