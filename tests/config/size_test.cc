#include "config/size.h"

#include <catch2/catch.hpp>

#include "config/outcome.h"

namespace sluice {
namespace {

TEST_CASE("a size is a whole number and a unit", "[config]") {
  const auto [text, bytes] = GENERATE(table<std::string, std::uint64_t>({
      {"0B", 0},
      {"512B", 512},
      {"64KiB", 65'536},
      {"256MiB", std::uint64_t{256} << 20},
      {"1GiB", std::uint64_t{1} << 30},
      {"1024TiB", std::uint64_t{1} << 50},
  }));
  CAPTURE(text);
  CHECK(parse_size(text) == bytes);
}

TEST_CASE("what is no size is refused with examples of one", "[config]") {
  const std::string text = GENERATE("", "64", "64K", "64KB", "64kib", "1.5GiB", "-1B", "GiB",
                                    "64 KiB", "1025TiB", "99999999999999999999B");
  CAPTURE(text);
  CHECK(error_of(parse_size(text)) ==
        "expected a size such as \"64KiB\", \"256MiB\" or \"1GiB\", got \"" + text + "\"");
}

TEST_CASE("a size is shown in the largest unit without a fraction", "[config]") {
  CHECK(format_size(0) == "0B");
  CHECK(format_size(480) == "480B");
  CHECK(format_size(65'536) == "64KiB");
  CHECK(format_size(std::uint64_t{1} << 40) == "1TiB");
  CHECK(format_size((std::uint64_t{1} << 40) + 1) == "1099511627777B");
}

}  // namespace
}  // namespace sluice
