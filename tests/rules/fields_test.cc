#include "rules/fields.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

namespace sluice {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields fields_of(const FieldTable& table) {
  Fields fields;
  for (std::size_t i = 0; i < table.size(); ++i) {
    fields.emplace_back(table.at(i).name, table.at(i).value);
  }
  return fields;
}

struct Row {
  std::string text;
  FieldsFound found = FieldsFound::kSome;
  Fields fields;
};

// "[[[...]]]", so deep, as a member.
std::string nested(std::size_t depth) {
  return R"({"a": )" + std::string(depth, '[') + "1" + std::string(depth, ']') + "}";
}

std::string many_members(std::size_t count) {
  std::string text = "{";
  for (std::size_t i = 0; i < count; ++i) {
    text += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":" + std::to_string(i);
  }
  return text + "}";
}

std::string many_pairs(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "k" + std::to_string(i) + "=1 ";
  return text;
}

}  // namespace

TEST_CASE("JSON text becomes flat fields", "[rules][fields]") {
  using enum FieldsFound;
  const std::vector<Row> rows{
      {R"({"a": 1, "b": "two", "c": true, "d": false})",
       kSome,
       {{"a", "1"}, {"b", "two"}, {"c", "true"}, {"d", "false"}}},
      {R"({"a": {"b": {"c": -1.5e3}}})", kSome, {{"a.b.c", "-1.5e3"}}},
      {R"({"a": [10, {"x": 1}, [2]]})", kSome, {{"a.0", "10"}, {"a.1.x", "1"}, {"a.2.0", "2"}}},
      {R"({"discarded.full": 3})", kSome, {{"discarded.full", "3"}}},
      {R"(  @cee: {"a":1} )", kSome, {{"a", "1"}}},
      {R"(@cee:{"a":1})", kSome, {{"a", "1"}}},
      {R"({"a": null, "b": {}, "c": [], "d": 1})", kSome, {{"d", "1"}}},
      {R"({"a": "\"\\\/\b\f\n\r\t"})", kSome, {{"a", "\"\\/\b\f\n\r\t"}}},
      {R"({"a": "\u0041\u00e9\u263A\ud83d\ude00"})",
       kSome,
       {{"a", "A\xC3\xA9\xE2\x98\xBA\xF0\x9F\x98\x80"}}},
      {R"({"a": "\ud83d", "b": "\ude00", "c": "\ud83dx", "d": "\ud83d\u0041"})",
       kSome,
       {{"a", "\xEF\xBF\xBD"},
        {"b", "\xEF\xBF\xBD"},
        {"c", "\xEF\xBF\xBDx"},
        {"d",
         "\xEF\xBF\xBD"
         "A"}}},
      {"{\"a\": \"\xFF\xC3(\"}", kSome, {{"a", "\xFF\xC3("}}},
      {"{\"a\": \"x\ty\"}", kSome, {{"a", "x\ty"}}},
      {R"({"a": 1, "a": 2})", kSome, {{"a", "1"}, {"a", "2"}}},
      {R"({"a": 1e999, "b": NaN, "c": -Infinity})",
       kSome,
       {{"a", "1e999"}, {"b", "NaN"}, {"c", "-Infinity"}}},
      {R"({"": 1})", kSome, {{"", "1"}}},
      {"", kNone, {}},
      {"   ", kNone, {}},
      {"Applied catalog", kNone, {}},
      {"[1, 2]", kNone, {}},
      {"{}", kNone, {}},
      {R"({"a": {}})", kNone, {}},
      {"{", kBroken, {}},
      {"{]", kBroken, {}},
      {R"({"a")", kBroken, {}},
      {R"({"a":)", kBroken, {}},
      {R"({"a":1)", kBroken, {}},
      {R"({"a":1,)", kBroken, {}},
      {R"({"a":1,})", kBroken, {}},
      {R"({"a":1}})", kBroken, {}},
      {R"({"a":1} and more)", kBroken, {}},
      {R"({"a":1x})", kBroken, {}},
      {R"({"a":tru})", kBroken, {}},
      {R"({"a":"x)", kBroken, {}},
      {R"({"a":"\)", kBroken, {}},
      {R"({"a":"\q"})", kBroken, {}},
      {R"({"a":"\u12"})", kBroken, {}},
      {R"({"a":"\u12G4"})", kBroken, {}},
      {R"({"a":"\ud83d\u12"})", kBroken, {}},
      {R"({a:1})", kBroken, {}},
      {R"({"a" 1})", kBroken, {}},
      {R"({"a":[1 2]})", kBroken, {}},
      {R"({"a":[1,]})", kBroken, {}},
  };
  FieldTable table;
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(table.read_json(row.text) == row.found);
    CHECK(fields_of(table) == row.fields);
  }
}

TEST_CASE("JSON beyond a bound is refused whole", "[rules][fields]") {
  FieldTable table;
  CHECK(table.read_json(nested(FieldTable::kDepthMax - 1)) == FieldsFound::kSome);
  CHECK(table.read_json(nested(FieldTable::kDepthMax)) == FieldsFound::kBroken);
  CHECK(table.read_json(nested(100'000)) == FieldsFound::kBroken);
  CHECK(table.read_json(many_members(FieldTable::kFieldsMax)) == FieldsFound::kSome);
  CHECK(table.size() == FieldTable::kFieldsMax);
  CHECK(table.read_json(many_members(FieldTable::kFieldsMax + 1)) == FieldsFound::kBroken);
  CHECK(table.size() == 0);
  const std::string long_text(FieldTable::kBytesMax, 'x');
  CHECK(table.read_json(R"({"a": ")" + long_text.substr(1) + "\"}") == FieldsFound::kSome);
  CHECK(table.read_json(R"({"a": ")" + long_text + "\"}") == FieldsFound::kBroken);
}

TEST_CASE("key=value text becomes fields", "[rules][fields]") {
  using enum FieldsFound;
  const std::vector<Row> rows{
      {"size=10 full=0", kSome, {{"size", "10"}, {"full", "0"}}},
      {"main Q: origin=core.queue size=10", kSome, {{"origin", "core.queue"}, {"size", "10"}}},
      {R"(a="b c" d=1)", kSome, {{"a", "b c"}, {"d", "1"}}},
      {R"(a="say \"hi\" \\ \n" d='x y')", kSome, {{"a", "say \"hi\" \\ \\n"}, {"d", "x y"}}},
      {"to=<a@b.c>, relay=mx[10.0.0.1]:25, delay=0.5, status=sent (250 ok)",
       kSome,
       {{"to", "<a@b.c>"}, {"relay", "mx[10.0.0.1]:25"}, {"delay", "0.5"}, {"status", "sent"}}},
      {"a=1,b=2;c=3", kSome, {{"a", "1"}, {"b", "2"}, {"c", "3"}}},
      {"delays=0.1,0.2,0.3 x=1", kSome, {{"delays", "0.1,0.2,0.3"}, {"x", "1"}}},
      {"logname= uid=0 tty=ssh", kSome, {{"logname", ""}, {"uid", "0"}, {"tty", "ssh"}}},
      {"url=http://h/?a=b&c=d e=f", kSome, {{"url", "http://h/?a=b&c=d"}, {"e", "f"}}},
      {"(uid=0) [x=1]", kSome, {{"uid", "0)"}, {"x", "1]"}}},
      {"a=1 a=2", kSome, {{"a", "1"}, {"a", "2"}}},
      {R"(a="never closed b=1)", kSome, {{"a", "\"never"}, {"b", "1"}}},
      {"msg='tis b=1", kSome, {{"msg", "'tis"}, {"b", "1"}}},
      {"name=\xFF\xFE x.y-z@1=2", kSome, {{"name", "\xFF\xFE"}, {"x.y-z@1", "2"}}},
      {"a=", kSome, {{"a", ""}}},
      {"= == =x", kNone, {}},
      {"", kNone, {}},
      {"nothing here", kNone, {}},
  };
  FieldTable table;
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(table.read_pairs(row.text) == row.found);
    CHECK(fields_of(table) == row.fields);
  }
  CHECK(table.read_pairs(many_pairs(FieldTable::kFieldsMax)) == FieldsFound::kSome);
  CHECK(table.read_pairs(many_pairs(FieldTable::kFieldsMax + 1)) == FieldsFound::kBroken);
  CHECK(table.size() == 0);
}

TEST_CASE("of a field that comes twice the last value counts", "[rules][fields]") {
  FieldTable table;
  table.read_json(R"({"a": {"b": 1}, "a.b": 2, "c": "x"})");
  CHECK(table.find("a.b") == "2");
  CHECK(table.find("c") == "x");
  CHECK(!table.find("a"));
  table.read_pairs("a=1 a=2");
  CHECK(table.find("a") == "2");
  CHECK(!table.find("c"));
}

}  // namespace sluice
