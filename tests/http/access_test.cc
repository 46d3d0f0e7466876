#include "http/access.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "config/temporary_folder.h"

namespace sluice {

TEST_CASE("a Host header must name this machine, in whatever case and with whatever port",
          "[http]") {
  const HostNamesServed names({"Relay1.Example.com", "10.0.0.1"});
  const auto [header, is_served] = GENERATE(table<std::string_view, bool>({
      {"localhost", true},
      {"LOCALHOST:9514", true},
      {"127.0.0.1:1", true},
      {"[::1]:9514", true},
      {"[::1]", true},
      {"relay1.example.com.", true},
      {"10.0.0.1:80", true},
      {"192.0.2.7:9514", true},  // Where it came to.
      {"192.0.2.8:9514", false},
      {"evil.example.com", false},
      {"", false},
      {":9514", false},
      {"[", false},
      {"localhost.evil.com", false},
      {"relay1.example.com..", false},
  }));
  CAPTURE(header);
  CHECK(names.is_served(header, "::ffff:192.0.2.7") == is_served);
}

TEST_CASE("a token is believed as a whole or not at all", "[http]") {
  constexpr std::string_view kToken = "0123456789abcdef";
  CHECK(is_authorized("Bearer 0123456789abcdef", kToken));
  CHECK(is_authorized("bearer 0123456789abcdef", kToken));
  for (const char* header :
       {"", "Bearer", "Bearer ", "Bearer 0123456789abcde", "0123456789abcdef",
        "Bearer 0123456789abcdef0", "Basic 0123456789abcdef",
        "Bearer 0123456789abcdef0123456789abcdef", "Bearer 0123456789ABCDEF"}) {
    CAPTURE(header);
    CHECK_FALSE(is_authorized(header, kToken));
  }
}

TEST_CASE("a token file that others can read is warned of, one that holds none is refused",
          "[http]") {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/token";
  CHECK_FALSE(read_token_file(file));
  std::ofstream(file) << "0123456789abcdef\n";
  chmod(file.c_str(), 0600);
  const auto read = read_token_file(file);
  REQUIRE(read);
  CHECK(read->token == "0123456789abcdef");
  CHECK(read->warning.empty());
  chmod(file.c_str(), 0644);
  CHECK(read_token_file(file)->warning.find("mode 0644") != std::string::npos);
  for (const char* bad : {"", "\n", "short\n", "with a blank in it, which is no token\n"}) {
    std::ofstream(file) << bad;
    CHECK_FALSE(read_token_file(file));
  }
}

}  // namespace sluice
