#include "config/definitions.h"

#include <catch2/catch.hpp>
#include <string>

#include "config/outcome.h"
#include "config/pack_reader.h"
#include "config/temporary_folder.h"
#include "config/text_file.h"

namespace sluice {
namespace {

// A pack with these members and one rule with this pattern and these programs.
std::string pack_with(const std::string& members, const std::string& match = "x",
                      const std::string& app = R"("a")") {
  return R"({"pack": "p", )" + members + R"(, "rules": [{"name": "r", "stop": true, "match": ")" +
         match + R"(", "app": )" + app + "}]}";
}

// "PATTERN of APPS", or the error.
std::string read(const std::string& text, const std::string& file = "x.json") {
  const auto pack = decode_pack(text, file);
  if (!pack) return pack.error().message();
  std::string words = pack->rules[0].match + " of";
  for (const std::string& app : pack->rules[0].apps) words += ' ' + app;
  return words;
}

}  // namespace

TEST_CASE("parts and lists stand for what they are defined as", "[config][define]") {
  const std::string define =
      R"j("define": {"n": "\\d+(?:\\.\\d+)?", "pair": "(?&n) (?&n)", "apps": ["b", "c*"]})j";
  CHECK(read(pack_with(define, "^(?P<t>(?&n)) s$")) == R"re(^(?P<t>(?:\d+(?:\.\d+)?)) s$ of a)re");
  CHECK(read(pack_with(define, "(?&pair)")) ==
        R"re((?:(?:\d+(?:\.\d+)?) (?:\d+(?:\.\d+)?)) of a)re");
  CHECK(read(pack_with(define, R"re(\\(?&n\\)x\\\\(?&n))re")) ==
        R"re(\(?&n\)x\\(?:\d+(?:\.\d+)?) of a)re");
  CHECK(read(pack_with(define, "x", R"(["a", "@apps", ""])")) == "x of a b c* ");
  CHECK(read(pack_with(define, "x", R"("@apps")")) == "x of b c*");
}

TEST_CASE("definitions that cannot be used are refused with their place", "[config][define]") {
  const std::string n = R"("define": {"number": "\\d+", "apps": ["a"]})";
  const std::string rule = R"(x.json: rule "r": /rules/0/)";
  CHECK(read(pack_with(n, "(?&numbr)")) ==
        rule + R"(match: expected a part of a pattern under "define", found no "numbr"; )"
               R"(did you mean "number"?)");
  CHECK(read(pack_with(n, "(?&apps)")) ==
        rule + R"(match: "apps" is not a part of a pattern; see x.json: /define/apps)");
  CHECK(read(pack_with(n, "(?&number")) == rule + R"j(match: a "(?&" without its ")")j");
  CHECK(read(pack_with(n, "x", R"("@app")")) ==
        rule + R"(app: expected a list of programs under "define", found no "app"; )"
               R"(did you mean "apps"?)");
  CHECK(read(pack_with(n, "x", R"("@number")")) ==
        rule + R"(app: "number" is not a list of programs; see x.json: /define/number)");
  CHECK(read(pack_with(R"("define": {"a": "("})"))
            .starts_with("x.json: /define/a: expected an RE2 pattern, but: missing )"));
  CHECK(read(pack_with(R"j("define": {"a": "x(?&b)", "b": "y(?&a)"})j")) ==
        "x.json: /define/a: the part \"b\" holds itself, or others deeper than 16");
  CHECK(read(pack_with(R"("define": {"a": 1})")) ==
        "x.json: /define/a: expected a part of a pattern, or a list of programs, got 1");
  CHECK(read(pack_with(R"("define": {"a": []})")) ==
        "x.json: /define/a: expected at least one program, got an empty list");
  CHECK(read(pack_with(R"("define": {"a b": "x"})"))
            .starts_with("x.json: /define/a b: expected a name of [A-Za-z0-9_]"));
  CHECK(read(pack_with(R"("define": [])")) ==
        R"re(x.json: /define: expected an object such as {"number": "\\d+"}, got an empty list)re");
}

TEST_CASE("parts that multiply are refused before they take memory", "[config][define]") {
  std::string define = R"("define": {"p0": "xxxxxxxxxx")";
  for (int i = 1; i <= 15; ++i) {
    const std::string part = "(?&p" + std::to_string(i - 1) + ")";
    std::string ten;
    for (int j = 0; j < 10; ++j) ten += part;
    define += ", \"p" + std::to_string(i) + "\": \"" + ten + '"';
  }
  CHECK(read(pack_with(define + "}"))
            .ends_with("with its parts the pattern is longer than 65536 octets"));
}

TEST_CASE("packs share what they include", "[config][define]") {
  const TemporaryFolder folder;
  folder.write("lib/base.json", R"({"$schema": "x", "define": {"n": "\\d+"}})");
  folder.write("lib/a.json", R"j({"include": ["base.json"], "define": {"a": "a(?&n)"}})j");
  folder.write("lib/b.json", R"j({"include": ["../lib/base.json"], "define": {"b": "b(?&n)"}})j");
  const std::string pack = folder.path() + "/p.json";
  CHECK(read(pack_with(R"j("include": ["lib/a.json", "lib/b.json"], "define": {"c": "(?&a)"})j",
                       "(?&c) (?&b)"),
             pack) == R"re((?:(?:a(?:\d+))) (?:b(?:\d+)) of a)re");
}

TEST_CASE("includes that cannot be used are refused with their places", "[config][define]") {
  const TemporaryFolder folder;
  const std::string pack = folder.path() + "/p.json";
  const std::string at = pack + ": /include/0: ";
  const auto included = [&](const std::string& name) {
    return read(pack_with(R"("include": [")" + name + R"("])"), pack);
  };
  const std::string a = folder.write("a.json", R"({"include": ["b.json"]})");
  const std::string b = folder.write("b.json", R"({"include": ["a.json"]})");
  CHECK(included("a.json") == at + a + ": /include/0: " + b +
                                  ": /include/0: files that include each other in a circle: " + a +
                                  " -> " + b + " -> " + a);
  const std::string self = folder.write("self.json", R"({"include": ["self.json"]})");
  CHECK(included("self.json") ==
        at + self + ": /include/0: files that include each other in a circle: " + self + " -> " +
            self);
  CHECK(included("none.json") ==
        at + folder.path() + "/none.json: cannot be read: No such file or directory");
  const std::string broken = folder.write("broken.json", "{");
  CHECK(included("broken.json").starts_with(at + broken + ":1:"));
  const std::string rules = folder.write("rules.json", R"({"rules": []})");
  CHECK(included("rules.json") ==
        at + rules + R"(: /rules: unknown key; known here: "$schema", "include" or "define")");
  const std::string one = folder.write("one.json", R"({"define": {"n": "1"}})");
  const std::string two = folder.write("two.json", R"({"define": {"n": "2"}})");
  CHECK(read(pack_with(R"("include": ["one.json", "two.json"])"), pack) ==
        pack + R"(: /include/1: "n" is defined twice, also in )" + one +
            ": /define/n; rename or remove one");
  CHECK(read(pack_with(R"("include": ["one.json"], "define": {"n": "1"})"), pack) ==
        pack + R"(: /define/n: "n" is defined twice, also in )" + one +
            ": /define/n; rename or remove one");
}

}  // namespace sluice
