#include "http/list_query.h"

#include <array>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "http/rule_list.h"
#include "http/unmatched.h"

namespace sluice {
namespace {

using Json = nlohmann::json;
using Parameters = std::multimap<std::string, std::string>;

constexpr std::array<std::string_view, 1> kFilters{"program"};

}  // namespace

TEST_CASE("a list's query string is read, and refused with what was expected", "[http]") {
  const auto [parameters, error] = GENERATE(table<Parameters, std::string>({
      {{{"limit", "0"}}, "limit: expected a whole number in 1..1000, got \"0\""},
      {{{"limit", "1001"}}, "limit: expected a whole number in 1..1000, got \"1001\""},
      {{{"limit", "1x"}}, "limit: expected a whole number in 1..1000, got \"1x\""},
      {{{"offset", "-1"}}, "offset: expected a whole number in 0..2147483647, got \"-1\""},
      {{{"offset", ""}}, "offset: expected a whole number in 0..2147483647, got \"\""},
      {{{"limit", "1"}, {"limit", "2"}}, "limit: expected once, got it several times"},
      {{{"q", "1"}}, "expected the parameters limit, offset, program, got \"q\""},
  }));
  const auto query = parse_list_query(parameters, kFilters);
  REQUIRE_FALSE(query);
  CHECK(query.error().message() == error);
}

TEST_CASE("unmatched shapes are served by page and by program", "[http]") {
  const UnmatchedReport report{
      .lines = 9,
      .other = 1,
      .rows = {{.program = "a", .shape = "<n>", .count = 4, .sample = "7", .host = "h"},
               {.program = "", .shape = "x\xff<b>", .count = 3},
               {.program = "a", .shape = "z", .count = 1}}};
  const auto answer = [&](const Parameters& parameters) {
    return Json::parse(
        render_unmatched(report, {}, parse_list_query(parameters, kFilters).value()));
  };
  const Json all = answer({});
  CHECK(all["since"] == "1970-01-01T00:00:00Z");
  CHECK(all["lines"] == 9);
  CHECK(all["other"] == 1);
  CHECK(all["total"] == 3);
  CHECK(all["shapes"][0] == Json{{"program", "a"},
                                 {"shape", "<n>"},
                                 {"count", 4},
                                 {"sample", "7"},
                                 {"host", "h"},
                                 {"last", "1970-01-01T00:00:00Z"}});
  CHECK(all["shapes"][1]["shape"] == "x\xef\xbf\xbd<b>");
  const Json second = answer({{"program", "a"}, {"limit", "1"}, {"offset", "1"}});
  CHECK(second["total"] == 2);
  REQUIRE(second["shapes"].size() == 1);
  CHECK(second["shapes"][0]["shape"] == "z");
  CHECK(answer({{"program", ""}})["total"] == 1);
  CHECK(answer({{"offset", "3"}})["shapes"].empty());
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
