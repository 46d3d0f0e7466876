#include "http/list_query.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "http/rule_list.h"
#include "http/unmatched.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

}  // namespace

TEST_CASE("unmatched shapes are served by page and by program", "[http]") {
  const UnmatchedReport report{
      .lines = 9,
      .other = 1,
      .rows = {{.program = "a", .shape = "<n>", .count = 4, .sample = "7", .host = "h"},
               {.program = "", .shape = "x\xff<b>", .count = 3},
               {.program = "a", .shape = "z", .count = 1}}};
  const auto answer = [&](const ListQuery& query) {
    return Json::parse(render_unmatched(report, {}, query));
  };
  const Json all = answer({});
  CHECK(all["since"] == "1970-01-01T00:00:00Z");
  CHECK(all["lines"] == 9);
  CHECK(all["other"] == 1);
  CHECK(all["total"] == 3);
  CHECK(all["truncated"] == false);
  CHECK(all["shapes"][0] == Json{{"program", "a"},
                                 {"shape", "<n>"},
                                 {"count", 4},
                                 {"sample", "7"},
                                 {"host", "h"},
                                 {"last", "1970-01-01T00:00:00Z"}});
  CHECK(all["shapes"][1]["shape"] == "x\xef\xbf\xbd<b>");
  const Json second = answer({.limit = 1, .offset = 1, .filters = {{"program", "a"}}});
  CHECK(second["total"] == 2);
  CHECK(second["truncated"] == false);
  const Json first = answer({.limit = 1, .filters = {{"program", "A"}}});  // Whatever its case.
  CHECK(first["total"] == 2);
  CHECK(first["truncated"] == true);
  REQUIRE(second["shapes"].size() == 1);
  CHECK(second["shapes"][0]["shape"] == "z");
  CHECK(answer({.filters = {{"program", ""}}})["total"] == 1);
  CHECK(answer({.offset = 3})["shapes"].empty());
}

TEST_CASE("rules are served in their order, never matched ones with null", "[http]") {
  RuleReport report;
  report.rows.push_back({"p/a", {.matches = 2, .samples = 5}});
  report.rows.push_back({"q/b", {}});
  const Json all = Json::parse(render_rules(report, {}, {}));
  CHECK(all["rules"][0] == Json{{"rule", "p/a"},
                                {"pack", "p"},
                                {"matches", 2},
                                {"samples", 5},
                                {"last", "1970-01-01T00:00:00Z"}});
  CHECK(all["rules"][1]["last"].is_null());
  const Json one = Json::parse(render_rules(report, {}, {.filters = {{"pack", "q"}}}));
  CHECK(one["total"] == 1);
  CHECK(one["rules"][0]["rule"] == "q/b");
}

}  // namespace sluice
