#include "config/quote.h"

#include <catch2/catch.hpp>

namespace sluice {
namespace {

TEST_CASE("quoted text is one line of valid UTF-8", "[config]") {
  CHECK(quote("a\"b\\c\n\x01") == "\"a\\\"b\\\\c\\n\\u0001\"");
  CHECK(quote("\xff") == "\"\xEF\xBF\xBD\"");
  CHECK(quote("") == "\"\"");
}

TEST_CASE("long text is cut between characters", "[config]") {
  CHECK(shorten("abcdef", 6) == "abcdef");
  CHECK(shorten("abcdefg", 6) == "abcdef...");
  CHECK(shorten("abcde\xC3\xA9z", 6) == "abcde...");
  CHECK(shorten("\x80\x80\x80", 2) == "...");
  CHECK(quote(std::string(81, 'x')) == "\"" + std::string(80, 'x') + "...\"");
}

}  // namespace
}  // namespace sluice
