#include "config/http_reader.h"

#include <catch2/catch.hpp>

#include "config/load_config.h"

namespace sluice {
namespace {

Expected<LoadedConfig> decode(const std::string& text) {
  return decode_config(text, "/etc/sluice/sluice.json", {});
}

}  // namespace

TEST_CASE("\"http\" is an address, \"off\", or an object", "[config]") {
  CHECK(decode(R"({"http": "[::1]:1"})")->config.http.listen == "[::1]:1");
  CHECK(decode(R"({"http": "off"})")->config.http.listen.empty());
  const auto loaded = decode(
      R"({"http": {"listen": "0.0.0.0:9514", "hosts": ["sluice.example.com"], "token_file": "token"}})");
  REQUIRE(loaded);
  CHECK(loaded->config.http.listen == "0.0.0.0:9514");
  CHECK(loaded->config.http.hosts == std::vector<std::string>{"sluice.example.com"});
  CHECK(loaded->config.http.token_file == "/etc/sluice/token");
  CHECK(loaded->warnings.empty());
  CHECK(decode(R"({"http": {}})")->config.http.listen == "127.0.0.1:9514");
  CHECK(decode(
      R"({"http": {"links": [{"name": "a", "url": "https://a/{cluster}/{host}?left={\"a\":{}}"}]}})"));
  // Whoever can reach it is told everything.
  CHECK(decode(R"({"http": {"listen": "0.0.0.0:9514"}})")->warnings.size() == 1);
}

TEST_CASE("\"history\" is an object, true or false", "[config]") {
  CHECK_FALSE(decode(R"({"history": false})")->config.history.is_on);
  CHECK(decode(R"({"history": true})")->config.history.is_on);
  const auto loaded = decode(
      R"({"history": {"clusters": "2h", "hosts": "1h", "bytes_max": "1MiB", "series_max": 7}})");
  REQUIRE(loaded);
  const HistoryConfig& history = loaded->config.history;
  CHECK(history.is_on);
  CHECK(history.clusters == std::chrono::hours(2));
  CHECK(history.hosts == std::chrono::hours(1));
  CHECK(history.bytes_max == 1 << 20);
  CHECK(history.series_max == 7);
}

TEST_CASE("what \"http\" and \"history\" do not mean is refused with its place", "[config]") {
  const auto [text, place] = GENERATE(table<std::string, std::string>({
      {R"({"http": 9514})", "/http"},
      {R"({"http": {"listen": "off"}})", "/http/listen"},
      {R"({"http": {"hosts": "a"}})", "/http/hosts"},
      {R"({"http": {"hosts": ["a/b"]}})", "/http/hosts/0"},
      {R"({"http": {"tokenfile": "a"}})", "/http/tokenfile"},
      {R"({"http": {"links": [{"name": "a", "url": "https://a/{hst}"}]}})", "/http/links/0/url"},
      {R"({"history": "off"})", "/history"},
      {R"({"history": {"hosts": "0s"}})", "/history/hosts"},
      {R"({"history": {"bytes": "1MiB"}})", "/history/bytes"},
  }));
  CAPTURE(text);
  const auto loaded = decode(text);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().message().find(place) != std::string::npos);
}

}  // namespace sluice
