#include "http/series_api.h"

#include <httplib.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "http/status_server.h"
#include "http/time_text.h"

namespace sluice {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

}  // namespace

TEST_CASE("a moment is epoch seconds, RFC 3339 or a time ago", "[http]") {
  const Timestamp now(seconds(1'000'000));
  const auto [text, second] = GENERATE(table<std::string_view, std::int64_t>({
      {"0", 0},
      {"1732000000", 1'732'000'000},
      {"now", 1'000'000},
      {"-90m", 1'000'000 - 5400},
      {"-1s", 999'999},
      {"-1000000w", 0},
      {"-99999999999999999d", 0},
      {"2026-11-22T07:40:01Z", 1'795'333'201},
      {"2026-11-22T08:40:01.25+01:00", 1'795'333'201},
  }));
  CAPTURE(text);
  const auto moment = parse_moment(text, now);
  REQUIRE(moment);
  CHECK(*moment == Seconds(seconds(second)));
}

TEST_CASE("what is no moment is refused", "[http]") {
  const auto* text = GENERATE("", "-", "-h", "-5", "-5y", "--5m", "1e9", "99999999999999",
                              "2026-02-30T00:00:00Z", "2026-11-22", "2026-11-22T07:40:01",
                              "2026-11-22T07:40:01+1", "yesterday", "-99999999999999999999d");
  CAPTURE(text);
  CHECK_FALSE(parse_moment(text, Timestamp(seconds(1'000'000))));
}

TEST_CASE("series and names come from the history, within bounds", "[http]") {
  const Timestamp now = std::chrono::system_clock::now();
  const Seconds window = window_start(now, seconds(60));
  History history({}, now);
  const std::vector<Datapoint> datapoints{
      {.path = "s.all.a", .value = 1.5, .time = window, .version = 1, .scope = Scope::kAll},
      {.path = "s.all.b.c", .value = 2, .time = window, .version = 1, .scope = Scope::kAll}};
  history.put(datapoints, now);
  auto server = StatusServer::start(
      {.host = "127.0.0.1", .port = 0, .history = [&history] { return &history; }});
  REQUIRE(server);
  httplib::Client client("127.0.0.1", (*server)->port());

  const Json answer = Json::parse(client.Get("/api/v1/series?path=s.all.*&from=-5m")->body);
  CHECK(answer["step"] == 60);
  CHECK(answer["truncated"] == false);
  REQUIRE(answer["series"].size() == 1);
  const Json& points = answer["series"][0]["points"];
  CHECK(points.size() >= 5);
  // The last, unless another minute has begun since.
  CHECK(std::ranges::count(points, Json{window.time_since_epoch().count(), 1.5}) == 1);
  CHECK(points.front()[1].is_null());

  for (const char* const moment : {"2026-11-22T08:40:01+01:00", "2026-11-22T08:40:01%2B01:00"}) {
    const auto asked = client.Get(std::string("/api/v1/series?path=a&from=0&until=") + moment);
    CHECK(asked->status == 200);
  }
  const Json years =
      Json::parse(client.Get("/api/v1/series?path=s.*.a&from=0&until=253402300799")->body);
  CHECK(years["series"][0]["points"].size() == 24 * 60);

  const Json nodes = Json::parse(client.Get("/api/v1/metrics?path=s.all.*")->body);
  CHECK(nodes["nodes"] == Json{{{"name", "a"}, {"path", "s.all.a"}, {"is_leaf", true}},
                               {{"name", "b"}, {"path", "s.all.b"}, {"is_leaf", false}}});
  CHECK(Json::parse(client.Get("/api/v1/metrics")->body)["nodes"][0]["path"] == "s");
  for (const char* const part : {"b", "B"}) {
    const Json held =
        Json::parse(client.Get(std::string("/api/v1/metrics?path=s.all.*&q=") + part)->body);
    CHECK(held["nodes"].size() == 1);
    CHECK(held["total"] == 1);
  }

  for (const char* bad : {"series", "series?path=", "series?path=a..b", "series?path=a&from=x",
                          "series?path=a&limit=0", "series?path=a&limit=1001",
                          "series?path=a&from=20&until=10", "series?path=a&path=b",
                          "series?path=a&form=-1h", "metrics?path=%7B", "metrics?offset=-1"}) {
    CAPTURE(bad);
    const auto refused = client.Get(std::string("/api/v1/") + bad);
    CHECK(refused->status == 400);
    CHECK(refused->get_header_value("Content-Type") == "application/problem+json");
  }
  CHECK(client.Get("/api/v1/series?path=a&form=-1h")->body.find("did you mean \\\"from\\\"") !=
        std::string::npos);
}

TEST_CASE("series and names are given page by page", "[http]") {
  const Timestamp now = std::chrono::system_clock::now();
  const Seconds window = window_start(now, seconds(60));
  History history({}, now);
  std::vector<Datapoint> datapoints;
  for (const char* const path : {"s.a", "s.b", "s.c"})
    datapoints.push_back({.path = path, .value = 1, .time = window, .version = 1});
  history.put(datapoints, now);
  auto server = StatusServer::start(
      {.host = "127.0.0.1", .port = 0, .history = [&history] { return &history; }});
  REQUIRE(server);
  httplib::Client client("127.0.0.1", (*server)->port());
  for (const auto& [path, rows] : {std::pair("series", "series"), std::pair("metrics", "nodes")}) {
    CAPTURE(path);
    const auto page = [&](const std::string& query) {
      const auto answer = client.Get("/api/v1/" + std::string(path) + "?path=s.*" + query);
      return Json::parse(answer->body);
    };
    const Json first = page("&limit=2");
    CHECK(first[rows].size() == 2);
    CHECK(first["total"] == 3);
    CHECK(first["truncated"] == true);
    const Json second = page("&limit=2&offset=2");
    REQUIRE(second[rows].size() == 1);
    CHECK(second[rows][0]["path"] == "s.c");
    CHECK(second["total"] == 3);
    CHECK(second["truncated"] == false);
    const Json beyond = page("&offset=7");
    CHECK(beyond[rows].empty());
    CHECK(beyond["total"] == 3);
    CHECK(beyond["truncated"] == false);
  }
}

TEST_CASE("without a history series cannot be had", "[http]") {
  auto server = StatusServer::start({.host = "127.0.0.1", .port = 0});
  REQUIRE(server);
  httplib::Client client("127.0.0.1", (*server)->port());
  CHECK(client.Get("/api/v1/series?path=a")->status == 503);
}

}  // namespace sluice
