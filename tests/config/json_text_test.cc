#include "config/json_text.h"

#include <catch2/catch.hpp>
#include <string>

#include "config/outcome.h"
#include "config/text_file.h"

namespace sluice {
namespace {

std::string error(std::string_view text) { return error_of(parse_json(text, "x.json")); }

TEST_CASE("JSON is read with its comments and a BOM", "[config]") {
  const std::string text = GENERATE(as<std::string>(), R"({"a": [1, -2.5, "x", null, true]})",
                                    "// c\n{\"a\": /* c */ [1, -2.5, \"x\", null, true]} // c\n",
                                    "\xEF\xBB\xBF{\"a\":[1,-2.5,\"x\",null,true]}");
  const auto json = parse_json(text, "x.json");
  REQUIRE(json);
  CHECK(json->dump() == R"({"a":[1,-2.5,"x",null,true]})");
}

TEST_CASE("a syntax error names file, line and column", "[config]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"", "x.json: the file is empty; expected a JSON object, at least {}"},
      {" \r\n\t", "x.json: the file is empty; expected a JSON object, at least {}"},
      {"// nothing\n", "x.json:2:1: expected '[', '{', or a literal, found end of input"},
      {"{\n  \"a\": 1,\n}", "x.json:3:1: a comma before the closing }; remove it"},
      {"[1,]", "x.json:1:4: a comma before the closing ]; remove it"},
      {"{\n  \"a\": 1\n  \"b\": 2\n}", "x.json:3:3: expected '}', found string literal"},
      {"{\"\xC3\xA9\" 1}", "x.json:1:6: expected ':', found number literal"},
      {"{} {}", "x.json:1:4: expected end of input, found '{'"},
      {"{\"a\": nul}",
       "x.json:1:7: expected a text in double quotes, a number, true, false, null, [...], {...} or "
       "what ends the one before, found \"nul\""},
      {"{\"a\": 1e999}", "x.json:1:7: number overflow parsing '1e999'"},
      {"{\"a\": NaN}",
       "x.json:1:7: expected a text in double quotes, a number, true, false, null, [...], {...} or "
       "what ends the one before, found \"NaN\""},
      {"{'a': 1}",
       "x.json:1:2: expected a key in double quotes, found \"'a'\"; texts stand in double quotes"},
      {"{a: 1}", "x.json:1:2: expected a key in double quotes, found \"a\""},
      {"# c\n{}",
       "x.json:1:1: expected a text in double quotes, a number, true, false, null, [...], {...} or "
       "what ends the one before, found \"#\"; a comment begins with //"},
      {"{\"a\": 1} x",
       "x.json:1:10: expected a text in double quotes, a number, true, false, null, [...], {...} "
       "or "
       "what ends the one before, found \"x\""},
      {R"({"a": "in \d+"})",
       R"(x.json:1:11: "\d" is nothing that JSON knows; a backslash of a pattern is written twice, "\\d")"},
      {"{\"a\":\n \"\\( ok\"}",
       R"(x.json:2:3: "\(" is nothing that JSON knows; a backslash of a pattern is written twice, "\\(")"},
      {"{\"a\": \"x\\ y\"}",
       R"(x.json:1:9: "\" is nothing that JSON knows; a backslash of a pattern is written twice, "\\")"},
      {"{\"a\": \"b\n\"}",
       "x.json:1:9: the line ends within a text; close its quotes, or write \\n for a line feed"},
      {"{\"a\": \"b\x1b\"}", "x.json:1:9: control character 0x1b within a text; write it \\u001b"},
  }));
  CAPTURE(text);
  CHECK(error(text) == message);
}

TEST_CASE("octets that are no JSON are refused wherever they stand", "[config]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"{\"a\": \"\xff\"}", "x.json:1:8: not UTF-8 (octet 0xff); save the file as UTF-8"},
      {"{}\n// \xE9t\xE9", "x.json:2:4: not UTF-8 (octet 0xe9); save the file as UTF-8"},
      {"\xFF\xFE{", "x.json:1:1: not UTF-8 (octet 0xff); save the file as UTF-8"},
      {"{}//\xC0\x80", "x.json:1:5: not UTF-8 (octet 0xc0); save the file as UTF-8"},
      {"{}//\xE0\x80\x80", "x.json:1:5: not UTF-8 (octet 0xe0); save the file as UTF-8"},
      {"{}//\xED\xA0\x80", "x.json:1:5: not UTF-8 (octet 0xed); save the file as UTF-8"},
      {"{}//\xF0\x80\x80\x80", "x.json:1:5: not UTF-8 (octet 0xf0); save the file as UTF-8"},
      {"{}//\xF4\x90\x80\x80", "x.json:1:5: not UTF-8 (octet 0xf4); save the file as UTF-8"},
      {"{}//\xE2\x82", "x.json:1:5: not UTF-8 (octet 0xe2); save the file as UTF-8"},
      {std::string("{}\0{", 4), "x.json:1:3: a NUL octet, this is no JSON"},
  }));
  CAPTURE(text);
  CHECK(error(text) == message);
  CHECK(error("{\"a\": \"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"}").empty());
}

TEST_CASE("a key that is given twice is refused", "[config]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {R"({"a": 1, "a": 2})", "x.json: /a: this key is given twice; keep one of them"},
      {R"({"l": [0, {"b": {"a/~": 1, "a/~": 2}}]})",
       "x.json: /l/1/b/a~1~0: this key is given twice; keep one of them"},
      {R"({"a\n": 1, "a\n": 2})", "x.json: /a\\n: this key is given twice; keep one of them"},
  }));
  CHECK(error(text) == message);
  CHECK(error(R"({"a": {"a": [{"a": 1}, {"a": 1}]}})").empty());
}

TEST_CASE("JSON nests to a bound", "[config]") {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  CHECK(error(nested(kJsonDepthMax)).empty());
  CHECK(error(nested(kJsonDepthMax + 1)).ends_with("nested deeper than 32 levels"));
  CHECK(error(std::string(1'000'000, '[')).ends_with("nested deeper than 32 levels"));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  CHECK(error(objects).ends_with("nested deeper than 32 levels"));
}

TEST_CASE("JSON is bounded in size, and its errors are too", "[config]") {
  CHECK(error(std::string(kTextFileBytesMax + 1, ' ')) ==
        "x.json: larger than 16MiB; is this the right file?");
  CHECK(error("{\"" + std::string(1'000'000, 'x')).size() < 300);
  CHECK(error("{\"a\": x" + std::string(1'000'000, 'x')).size() < 300);
  const std::string key(1'000'000, 'k');
  CHECK(error("{\"" + key + "\": 1, \"" + key + "\": 1}").size() < 300);
}

TEST_CASE("every prefix of a document is refused without a crash", "[config]") {
  const std::string text = R"({"a": [1, -2.5e3, "x\u00e9\n", null, true, {"b": {}}], "c": []})";
  for (std::size_t i = 0; i < text.size(); ++i) {
    CAPTURE(i);
    CHECK_FALSE(parse_json(std::string_view(text).substr(0, i), "x.json"));
  }
  CHECK(parse_json(text, "x.json"));
}

}  // namespace
}  // namespace sluice
