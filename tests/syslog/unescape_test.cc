#include "sluice/syslog/unescape.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {
namespace {

using namespace std::string_view_literals;

TEST_CASE("rsyslog's escapes of control octets are undone, and nothing else", "[syslog][rsyslog]") {
  const std::vector<std::pair<std::string_view, std::string_view>> rows{
      {""sv, ""sv},
      {"plain"sv, "plain"sv},
      {"one#012two#011three"sv, "one\ntwo\tthree"sv},
      {"#000#015#037#177"sv, "\0\r\x1f\x7f"sv},
      {"#012"sv, "\n"sv},
      {"##012#"sv, "#\n#"sv},
      {"#012012"sv, "\n012"sv},
      // Octets beyond the control ones, other digits, and what is cut.
      {"#040#176#200#303"sv, "#040#176#200#303"sv},
      {"#018#09a#1 #-12"sv, "#018#09a#1 #-12"sv},
      {"bug #12 #01"sv, "bug #12 #01"sv},
      {"#x\xff#"sv, "#x\xff#"sv},
      // What an escape makes is no part of another.
      {"#043012"sv, "#043012"sv},
  };
  std::string out = "left over";
  for (const auto& [escaped, plain] : rows) {
    CAPTURE(escaped);
    unescape_control_octets(escaped, out);
    CHECK(out == plain);
  }
}

}  // namespace
}  // namespace sluice
