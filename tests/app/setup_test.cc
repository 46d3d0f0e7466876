#include "app/setup.h"

#include <catch2/catch.hpp>

#include "config/temporary_folder.h"
#include "rules/compiled_rules.h"

namespace sluice {
namespace {

using std::chrono::minutes;

constexpr std::string_view kPack = R"json({
  "pack": "job", "presence": {"name": "job", "every": "30m"},
  "metrics": {"job.state": {"type": "state", "values": ["done"]}},
  "rules": [{"name": "done", "match": "^done$", "emit": {"metric": "job.state", "state": "done"},
             "examples": [{"line": "done", "gives": {"job.state": "done"}}]}]})json";

TEST_CASE("the configuration's presence reaches the rules and whoever watches hosts", "[app]") {
  const TemporaryFolder folder;
  folder.write("job.json", kPack);
  folder.write("other.json", R"({"pack": "other", "presence": {"name": "job", "every": "30m"},
                                 "rules": [{"name": "a", "match": "a", "stop": true}]})");
  const auto [members, every] = GENERATE(table<std::string, minutes>({
      {"", minutes(30)},
      {R"(, "presence": {"job": "45m"})", minutes(45)},
  }));
  const auto setup = load_setup(
      {.config_file = folder.write(
           "sluice.json", R"({"packs": [], "rules": ["job.json", "other.json"])" + members + '}')});
  REQUIRE(setup.has_value());
  CHECK(setup->presences == std::vector<PresenceDefinition>{{.name = "job", .every = every}});
  const Metric& state = setup->rules->compiled().metrics.at(0);
  CHECK(state.ttl == 2 * every);
  CHECK(state.presence == "job");
}

}  // namespace
}  // namespace sluice
