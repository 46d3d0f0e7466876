#include "sluice/values/record.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

namespace sluice {
namespace {

TEST_CASE("every parse error has a name of its own", "[values]") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ParseError::kBadStructuredData); ++i) {
    names.insert(name_of(static_cast<ParseError>(i)));
  }
  CHECK(names.size() == 6);
  CHECK(names.count("unknown") == 0);
  CHECK(name_of(ParseError::kNoPri) == "no_pri");
}

TEST_CASE("rules see the message without its leading blanks", "[values]") {
  const auto [message, text] = GENERATE(table<std::string_view, std::string_view>({
      {"Applied", "Applied"},
      {" Applied ", "Applied "},
      {" \t Applied", "Applied"},
      {"", ""},
      {"  ", ""},
      {"\nx", "\nx"},
  }));
  Record record;
  record.message = message;
  CHECK(text_of(record) == text);
}

}  // namespace
}  // namespace sluice
