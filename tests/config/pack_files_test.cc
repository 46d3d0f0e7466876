#include "config/pack_files.h"

#include <catch2/catch.hpp>
#include <string>

#include "config/outcome.h"
#include "config/temporary_folder.h"

namespace sluice {
namespace {

std::string pack_text(const std::string& name) {
  return R"({"pack": ")" + name +
         R"(", "rules": [{"name": "one", "match": "1", "stop": true},
                         {"name": "two", "match": "2", "stop": true}]})";
}

// Packs a and b in one folder, c and another a in a second.
struct Packs {
  TemporaryFolder folder;
  std::string a = folder.write("one/a.json", pack_text("a"));
  std::string b = folder.write("one/b.json", pack_text("b"));
  std::string c = folder.write("two/c.json", pack_text("c"));
  std::string other_a = folder.write("two/a.json", pack_text("a"));

  [[nodiscard]] Config config() const {
    Config config;
    config.file = "sluice.json";
    config.packs = {};
    config.pack_dirs = {folder.path() + "/one", folder.path() + "/two"};
    return config;
  }
};

std::vector<std::string> files_of(const Expected<std::vector<PackDefinition>>& packs) {
  REQUIRE(error_of(packs) == "");
  std::vector<std::string> files;
  for (const PackDefinition& pack : *packs) files.push_back(pack.file);
  return files;
}

TEST_CASE("packs are found by name in the first folder that has them", "[config]") {
  const Packs packs;
  Config config = packs.config();
  CHECK(files_of(load_packs(config)).empty());
  config.packs = {"c", "a"};
  CHECK(files_of(load_packs(config)) == std::vector<std::string>{packs.c, packs.a});
}

TEST_CASE("rules are files and globs, in the order of their names", "[config]") {
  const Packs packs;
  Config config = packs.config();
  config.packs = {"c"};
  config.rules = {packs.folder.path() + "/one/*.json"};
  CHECK(files_of(load_packs(config)) == std::vector<std::string>{packs.c, packs.a, packs.b});
  config.rules = {packs.b};
  CHECK(files_of(load_packs(config)) == std::vector<std::string>{packs.c, packs.b});
}

TEST_CASE("a pack that is not there is told with the nearest one", "[config]") {
  const Packs packs;
  packs.folder.write("one/puppet-agent.json", pack_text("puppet-agent"));
  Config config = packs.config();
  config.packs = {"a", "puppet-agnt"};
  CHECK(error_of(load_packs(config)) == "sluice.json: /packs/1: no pack \"puppet-agnt\" in " +
                                            config.pack_dirs[0] + ", " + config.pack_dirs[1] +
                                            "; known here: a, b, c, puppet-agent; did you mean "
                                            "\"puppet-agent\"?");
  config.packs = {"a"};
  config.pack_dirs = {};
  config.file = "";
  CHECK(error_of(load_packs(config)) ==
        "/packs/0: no pack \"a\" in no folder (\"pack_dirs\" is empty)");
  config.pack_dirs = {packs.folder.path() + "/none"};
  CHECK(error_of(load_packs(config)) == "/packs/0: no pack \"a\" in " + config.pack_dirs[0]);
}

TEST_CASE("a glob that matches nothing is an error that names it", "[config]") {
  const Packs packs;
  Config config = packs.config();
  config.rules = {packs.b, packs.folder.path() + "/*.json"};
  CHECK(error_of(load_packs(config))
            .starts_with("sluice.json: /rules/1: no file matches \"" + packs.folder.path()));
}

TEST_CASE("two packs of one name are refused with both files", "[config]") {
  const Packs packs;
  Config config = packs.config();
  config.packs = {"a"};
  config.rules = {packs.other_a};
  CHECK(error_of(load_packs(config)) ==
        packs.other_a + ": /pack: the pack \"a\" is also in " + packs.a + "; rename or remove one");
  config.rules = {packs.a};
  CHECK(error_of(load_packs(config)) == packs.a + ": this file is named twice; remove one");
}

TEST_CASE("a pack is called as its file is", "[config]") {
  const Packs packs;
  const std::string file = packs.folder.write("one/d.json", pack_text("e"));
  Config config = packs.config();
  config.packs = {"d"};
  CHECK(error_of(load_packs(config)) ==
        file + ": /pack: expected \"d\" as the file is called, got \"e\"");
}

TEST_CASE("a mistake in a pack names its file, not the configuration", "[config]") {
  const Packs packs;
  const std::string file = packs.folder.write("one/d.json", "{}");
  Config config = packs.config();
  const std::string message =
      file + ": the key \"pack\" is missing; expected \"pack\": \"puppet-agent\"";
  config.packs = {"d"};
  CHECK(error_of(load_packs(config)) == message);
  config.packs = {};
  config.rules = {file};
  CHECK(error_of(load_packs(config)) == message);
}

TEST_CASE("single rules are switched off", "[config]") {
  const Packs packs;
  Config config = packs.config();
  config.packs = {"a", "b"};
  config.disable = {"b/one"};
  const auto loaded = load_packs(config);
  REQUIRE(loaded);
  CHECK((*loaded)[0].rules.size() == 2);
  REQUIRE((*loaded)[1].rules.size() == 1);
  CHECK((*loaded)[1].rules[0].name == "two");
}

TEST_CASE("a rule that is not there cannot be switched off", "[config]") {
  const Packs packs;
  Config config = packs.config();
  config.packs = {"a", "b"};
  const auto [id, message] = GENERATE(table<std::string, std::string>({
      {"b/on", "no rule \"b/on\"; did you mean \"b/one\"?"},
      {"c/one", "no rule \"c/one\"; did you mean \"a/one\"?"},
      {"elsewhere/else", "no rule \"elsewhere/else\""},
  }));
  config.disable = {"a/two", id};
  CHECK(error_of(load_packs(config)) == "sluice.json: /disable/1: " + message);
}

TEST_CASE("there is always a folder to look for packs in", "[config]") {
  CHECK(default_pack_dirs().size() == 1);
}

std::string pack_with_presence(const std::string& name, const std::string& every) {
  return R"({"pack": ")" + name + R"(", "presence": {"name": "job", "every": ")" + every +
         R"("}, "rules": [{"name": "one", "match": "1", "stop": true}]})";
}

TEST_CASE("the configuration says how often a sign of life is shown", "[config]") {
  const TemporaryFolder folder;
  Config config;
  config.packs = {};
  config.rules = {folder.write("a.json", pack_with_presence("a", "30m"))};
  auto packs = load_packs(config);
  REQUIRE(error_of(packs) == "");
  CHECK((*packs)[0].presence->every == std::chrono::minutes(30));
  config.presence = {{"job", std::chrono::minutes(45)}};
  packs = load_packs(config);
  REQUIRE(error_of(packs) == "");
  CHECK((*packs)[0].presence->every == std::chrono::minutes(45));
  config.file = "sluice.json";
  config.presence = {{"jbo", std::chrono::minutes(45)}};
  CHECK(error_of(load_packs(config)) ==
        "sluice.json: /presence/jbo: no pack has this sign of life; did you mean \"job\"?");
}

TEST_CASE("packs with one sign of life agree on it, or the configuration decides", "[config]") {
  const TemporaryFolder folder;
  Config config;
  config.packs = {};
  const std::string a = folder.write("a.json", pack_with_presence("a", "30m"));
  const std::string b = folder.write("b.json", pack_with_presence("b", "1h"));
  config.rules = {a, b};
  CHECK(error_of(load_packs(config)) ==
        b + ": /presence/every: expected 30m as in " + a +
            ", got 1h; or say it for both in \"presence\" of the configuration");
  config.presence = {{"job", std::chrono::minutes(45)}};
  CHECK(error_of(load_packs(config)) == "");
}

TEST_CASE("packs with one sign of life expect it of the same hosts", "[config]") {
  const TemporaryFolder folder;
  Config config;
  config.packs = {};
  const std::string a = folder.write("a.json", pack_with_presence("a", "30m"));
  const std::string b = folder.write("b.json", R"({"pack": "b", "presence":
    {"name": "job", "every": "30m", "hosts": ["web*"]},
    "rules": [{"name": "one", "match": "1", "stop": true}]})");
  config.rules = {a, b};
  CHECK(error_of(load_packs(config)) ==
        b + ": /presence: expected the same \"hosts\" and \"clusters\" as in " + a);
}

}  // namespace
}  // namespace sluice
