#include "config/config_changes.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sluice {
namespace {

using namespace std::chrono_literals;
using Change = std::pair<std::string, std::function<void(Config&)>>;

}  // namespace

TEST_CASE("a key that a running relay does not take is named when it changes", "[config][reload]") {
  const std::vector<Change> changes{
      {"instance", [](Config& config) { config.instance = "other"; }},
      {"prefix", [](Config& config) { config.prefix = "other"; }},
      {"paths", [](Config& config) { config.paths["hosts"] = "{host}"; }},
      {"rollups", [](Config& config) { config.rollups = false; }},
      {"listen", [](Config& config) { config.listen.at(0).max_message = 1; }},
      {"listen", [](Config& config) { config.listen.at(0).senders = {{{}, "UTC"}}; }},
      {"listen", [](Config& config) { config.listen.clear(); }},
      {"host_names", [](Config& config) { config.host_names = HostNames::kShort; }},
      {"domain", [](Config& config) { config.domain = "example.com"; }},
      {"trusted_peers", [](Config& config) { config.trusted_peers.emplace_back(); }},
      {"tz", [](Config& config) { config.tz = "UTC"; }},
      {"expand_repeats", [](Config& config) { config.expand_repeats = false; }},
      {"host_ttl", [](Config& config) { config.host_ttl = 1h; }},
      {"window", [](Config& config) { config.window = 10s; }},
      {"grace", [](Config& config) { config.grace = 1ms; }},
      {"horizon", [](Config& config) { config.horizon = 2h; }},
      {"catch_up", [](Config& config) { config.catch_up = 2h; }},
      {"store_bytes_max", [](Config& config) { config.store_bytes_max = 1; }},
      {"series_max", [](Config& config) { config.series_max = 1; }},
      {"series_per_host_max", [](Config& config) { config.series_per_host_max = 1; }},
      {"series_per_rule_max", [](Config& config) { config.series_per_rule_max = 1; }},
      {"state_dir", [](Config& config) { config.state_dir = "/elsewhere"; }},
      {"shutdown_timeout", [](Config& config) { config.shutdown_timeout = 1s; }},
      {"http", [](Config& config) { config.http.links = {{"a", "b"}}; }},
      {"http", [](Config& config) { config.http.listen = "127.0.0.1:1"; }},
      {"history", [](Config& config) { config.history.is_on = false; }},
      {"workers", [](Config& config) { config.workers = 2; }},
  };
  const Config running{.listen = std::vector<ListenConfig>(1)};
  for (const auto& [key, change] : changes) {
    Config wanted = running;
    change(wanted);
    CAPTURE(key);
    CHECK(changes_for_restart(running, wanted) == std::vector{key});
  }
}

TEST_CASE("what a running relay takes is not named", "[config][reload]") {
  const Config running;
  Config wanted;
  wanted.packs = {"cpu"};
  wanted.pack_dirs = {"/elsewhere"};
  wanted.rules = {"*.json"};
  wanted.disable = {"puppet-agent/applied"};
  wanted.presence["puppet"] = 1h;
  wanted.clusters.fallback = "rest";
  wanted.destinations.emplace_back();
  CHECK(changes_for_restart(running, wanted).empty());
  wanted.window = 10s;
  wanted.workers = 2;
  CHECK(changes_for_restart(running, wanted) == std::vector<std::string>{"window", "workers"});
}

}  // namespace sluice
