#include "config/json_reader.h"

#include <array>
#include <catch2/catch.hpp>
#include <limits>
#include <string>

#include "config/json_text.h"
#include "config/outcome.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What `decode` says of the JSON `text`.
template <typename Decode>
std::string error(const std::string& text, Decode decode) {
  Notes notes;
  const auto json = parse_json(text, "x.json");
  REQUIRE(json);
  return error_of(decode(JsonValue(*json, "/x", notes)));
}

TEST_CASE("a value of a wrong type is refused with what was expected and found", "[config]") {
  const auto [text, found] = GENERATE(table<std::string, std::string>({
      {"null", "null"},
      {"[1]", "a list"},
      {"[]", "an empty list"},
      {R"({"a": 1})", "an object"},
  }));
  CHECK(error(text, decode_text) == "/x: expected a text in double quotes, got " + found);
  CHECK(error(text, decode_bool) == "/x: expected true or false, got " + found);
  CHECK(error(text, decode_number) == "/x: expected a number, got " + found);
  CHECK(error(text, [](const JsonValue& value) { return decode_count(value, 1, 9); }) ==
        "/x: expected a whole number in 1..9, got " + found);
}

TEST_CASE("texts are told from numbers and booleans", "[config]") {
  CHECK(error("\"1\"", decode_number) == "/x: expected a number, got \"1\"");
  CHECK(error("1", decode_text) == "/x: expected a text in double quotes, got 1");
  CHECK(error("\"true\"", decode_bool) == "/x: expected true or false, got \"true\"");
  CHECK(error("\"\"", decode_text) == "/x: expected a text that is not empty, got \"\"");
  CHECK(error("\"\"", decode_any_text).empty());
  CHECK(error("0", decode_bool) == "/x: expected true or false, got 0");
}

TEST_CASE("a number that is not finite is refused", "[config]") {
  Notes notes;
  const nlohmann::json json = std::numeric_limits<double>::quiet_NaN();
  CHECK(error_of(decode_number(JsonValue(json, "/x", notes)))
            .starts_with("/x: expected a finite number"));
}

TEST_CASE("a whole number keeps to its bounds", "[config]") {
  const auto count = [](const JsonValue& value) {
    return decode_count_as<std::uint32_t>(value, 1, 64);
  };
  const auto [text, is_fine] = GENERATE(table<std::string, bool>({
      {"1", true},
      {"64", true},
      {"0", false},
      {"65", false},
      {"-1", false},
      {"1.0", false},
      {"1e1", false},
      {"4294967297", false},
      {"18446744073709551616", false},
  }));
  CAPTURE(text);
  CHECK(error(text, count).empty() == is_fine);
}

TEST_CASE("durations and sizes keep to their bounds", "[config]") {
  const auto in_seconds = [](const JsonValue& value) {
    return decode_seconds(value, seconds(1), std::chrono::hours(1));
  };
  CHECK(error("\"1h\"", in_seconds).empty());
  CHECK(error("\"0s\"", in_seconds) == "/x: expected a duration in 1s..1h, got \"0s\"");
  CHECK(error("\"61m\"", in_seconds) == "/x: expected a duration in 1s..1h, got \"61m\"");
  CHECK(error("\"1500ms\"", in_seconds) ==
        "/x: expected a duration of whole seconds, got \"1500ms\"");
  CHECK(error("60", in_seconds) == "/x: expected a text in double quotes, got 60");
  CHECK(error("\"6\"", in_seconds).starts_with("/x: expected a duration such as \"500ms\""));
  const auto size = [](const JsonValue& value) { return decode_size(value, 480, 1 << 20); };
  CHECK(error("\"479B\"", size) == "/x: expected a size in 480B..1MiB, got \"479B\"");
  CHECK(error("\"1MiB\"", size).empty());
}

TEST_CASE("one of some names is expected, and the nearest offered", "[config]") {
  constexpr std::array<std::string_view, 3> kNames{"auto", "octet", "lf"};
  const auto choice = [&](const JsonValue& value) { return decode_choice(value, kNames); };
  CHECK(error("\"lf\"", choice).empty());
  CHECK(error("\"otect\"", choice) ==
        "/x: expected \"auto\", \"octet\" or \"lf\", got \"otect\"; did you mean \"octet\"?");
  CHECK(error("\"\"", choice) == "/x: expected \"auto\", \"octet\" or \"lf\", got \"\"");
}

TEST_CASE("an error in a list names the entry", "[config]") {
  const auto list = [](const JsonValue& value) { return decode_list(value, decode_bool); };
  CHECK(error("[]", list).empty());
  CHECK(error("[true, 1]", list) == "/x/1: expected true or false, got 1");
  CHECK(error("true", list) == "/x: expected a list [...], got true");
  const auto one_or_list = [](const JsonValue& value) {
    return decode_one_or_list(value, decode_bool);
  };
  CHECK(error("true", one_or_list).empty());
  CHECK(error("[true]", one_or_list).empty());
  CHECK(error("[]", one_or_list) == "/x: expected at least one value, got an empty list");
}

struct Pair {
  double a = 7;
  std::string b = "default";
};

Expected<Pair> decode_pair(const JsonValue& value) {
  Pair pair;
  ObjectReader reader(value);
  reader.require("a", "1.5", pair.a, decode_number);
  reader.read("bee", pair.b, decode_text);
  reader.refuse("cee", "not available");
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  return pair;
}

TEST_CASE("an object is read key by key, and defaults stay", "[config]") {
  Notes notes;
  const auto json = nlohmann::json::parse(R"({"a": 2})");
  const auto pair = decode_pair(JsonValue(json, "", notes));
  REQUIRE(pair);
  CHECK(pair->a == 2);
  CHECK(pair->b == "default");
}

TEST_CASE("an object's first mistake is told, unknown keys before all", "[config]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"[]", "/x: expected an object {...}, got an empty list"},
      {"{}", "/x: the key \"a\" is missing; expected \"a\": 1.5"},
      {R"({"a": "x"})", "/x/a: expected a number, got \"x\""},
      {R"({"a": "x", "bee": 1})", "/x/a: expected a number, got \"x\""},
      {R"({"a": 1, "be": "x"})", "/x/be: unknown key; did you mean \"bee\"?"},
      {R"({"A": 1})", "/x/A: unknown key; did you mean \"a\"?"},
      {R"({"zzz": 1})", "/x/zzz: unknown key; known here: \"a\", \"bee\" or \"cee\""},
      {R"({"": 1})", "/x/: unknown key; known here: \"a\", \"bee\" or \"cee\""},
      {R"({"a": "x", "b/~": 1})", "/x/b~1~0: unknown key; known here: \"a\", \"bee\" or \"cee\""},
      {R"({"a": 1, "cee": 1})", "/x/cee: not available"},
  }));
  CHECK(error(text, decode_pair) == message);
}

TEST_CASE("unknown keys only warn when they are allowed", "[config]") {
  Notes notes{.allow_unknown = true, .warnings = {}};
  const auto json = nlohmann::json::parse(R"({"a": 2, "beee": 1, "zzzzzz": 2})");
  CHECK(decode_pair(JsonValue(json, "/x", notes)));
  CHECK(notes.warnings ==
        std::vector<std::string>{
            "/x/beee: ignored: unknown key; did you mean \"bee\"?",
            "/x/zzzzzz: ignored: unknown key; known here: \"a\", \"bee\" or \"cee\""});
}

}  // namespace
}  // namespace sluice
