#include "sluice/values/structured_data.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace sluice {
namespace {

// "id/name=value" for each parameter, "!" behind a value with escapes.
std::vector<std::string> read_all(std::string_view text) {
  std::vector<std::string> all;
  StructuredDataReader reader(text);
  for (StructuredParam param; reader.next(param);) {
    all.push_back(std::string(param.id) + "/" + std::string(param.name) + "=" +
                  std::string(param.value) + (param.has_escapes ? "!" : ""));
  }
  return all;
}

TEST_CASE("structured data is read as the RFC and as senders write it", "[values][rfc5424]") {
  using All = std::vector<std::string>;
  const std::vector<std::pair<std::string_view, All>> rows{
      {"[a b=\"c\"]", {"a/b=c"}},
      {"[a b=\"c\" d=\"e\"][f g=\"h\"]", {"a/b=c", "a/d=e", "f/g=h"}},
      {"[a]", {"a/="}},
      {"[a][b c=\"\"]", {"a/=", "b/c="}},
      {"[]", {"/="}},
      {"[a b=\"\\\"\\\\\\]\"]", {"a/b=\\\"\\\\\\]!"}},
      {"[a b=\"x\\n\"]", {"a/b=x\\n!"}},
      {"[a b=\"x]y\"]", {"a/b=x]y"}},
      {"[a b=c]", {"a/b=c"}},
      {"[a b=c d=e.f-g]", {"a/b=c", "a/d=e.f-g"}},
      {"[a b= \"c\"]", {"a/b=c"}},
      {"[ a b=\"c\" ][ d ]", {"a/b=c", "d/="}},
      {"[a  b=\"c\"  d=\"e\"]", {"a/b=c", "a/d=e"}},
      {"[a b=\"1\"][a b=\"2\"]", {"a/b=1", "a/b=2"}},
      {"[a@32473 b=\"\xE2\x8C\x98\"]", {"a@32473/b=\xE2\x8C\x98"}},
      {"[a b=]", {"a/b="}},
      {"[a b=\"c\"] rest", {"a/b=c"}},
  };
  for (const auto& [text, params] : rows) {
    CAPTURE(text);
    CHECK(read_all(text) == params);
    CHECK(structured_data_length(text) == text.rfind(']') + 1);
  }
}

TEST_CASE("broken structured data has no length", "[values][rfc5424]") {
  for (const std::string_view text : {"",
                                      "-",
                                      "x",
                                      "[",
                                      "[ ",
                                      "[a",
                                      "[a ",
                                      "[a b",
                                      "[a b]",
                                      "[a b=",
                                      "[a b=\"",
                                      "[a b=\"c",
                                      "[a b=\"c\"",
                                      "[a b=\"c\" ",
                                      "[a b=\"c\\\"]",
                                      "[a b=\"c\"d]",
                                      "[a=b]",
                                      "[a\"b]",
                                      "[a b\"=c]",
                                      "[a b=c\"d\"]",
                                      "[a b=\"c\"][",
                                      "[a b=\"c\"][d",
                                      "[a b=\"c\"][d e]",
                                      "[a =c]",
                                      "[a:\"b\"; c:\"d\"]",
                                      "[a b=\"c\" d]"}) {
    CAPTURE(text);
    CHECK(structured_data_length(text) == 0);
    read_all(text);
  }
}

TEST_CASE("length ends behind the last element", "[values][rfc5424]") {
  CHECK(structured_data_length("[a][b] [c] text") == 6);
  CHECK(structured_data_length("[a]text") == 3);
}

TEST_CASE("only three escapes are undone (RFC 5424 6.3.3)", "[values][rfc5424]") {
  const auto [value, meant] = GENERATE(table<std::string_view, std::string>({
      {"", ""},
      {"plain", "plain"},
      {"\\\"", "\""},
      {"\\\\", "\\"},
      {"\\]", "]"},
      {"\\n", "\\n"},
      {"a\\", "a\\"},
      {"\\\\\\]\\a", "\\]\\a"},
  }));
  std::string out = "left over";
  unescape_param_value(value, out);
  CHECK(out == meant);
}

TEST_CASE("a parameter is found by id and name", "[values]") {
  constexpr std::string_view kText = "[a b=\"1\" c=\"2\"][d b=\"3\"][a e=\"4\"][f]";
  CHECK(find_param(kText, "a", "c")->value == "2");
  CHECK(find_param(kText, "d", "b")->value == "3");
  CHECK(find_param(kText, "a", "e")->value == "4");
  CHECK_FALSE(find_param(kText, "a", "B"));
  CHECK_FALSE(find_param(kText, "f", "b"));
  CHECK_FALSE(find_param(kText, "f", ""));
  CHECK_FALSE(find_param("", "a", "b"));
}

TEST_CASE("structured data cut at any octet is safe", "[values][hostile]") {
  constexpr std::string_view kWhole = "[a b=\"c\\\"\\]\" d=e][ f g= \"h\" ][]";
  for (std::size_t length = 0; length <= kWhole.size(); ++length) {
    const std::string cut(kWhole.substr(0, length));
    CHECK(structured_data_length(cut) <= length);
    read_all(cut);
  }
}

TEST_CASE("many elements and long values take linear time", "[values][hostile]") {
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "[a b=\"c\"]";
  CHECK(structured_data_length(many) == many.size());
  CHECK(structured_data_length(many + "[") == 0);
  const std::string value(1'000'000, 'x');
  CHECK(find_param("[a b=\"" + value + "\"]", "a", "b").has_value());
}

}  // namespace
}  // namespace sluice
