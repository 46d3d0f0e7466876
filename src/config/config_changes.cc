#include "config/config_changes.h"

namespace sluice {

std::vector<std::string> changes_for_restart(const Config& running, const Config& wanted) {
  std::vector<std::string> keys;
  const auto look = [&](const char* key, auto member) {
    if (running.*member != wanted.*member) keys.emplace_back(key);
  };
  look("instance", &Config::instance);
  look("prefix", &Config::prefix);
  look("paths", &Config::paths);
  look("rollups", &Config::rollups);
  look("listen", &Config::listen);
  look("host_names", &Config::host_names);
  look("domain", &Config::domain);
  look("trusted_peers", &Config::trusted_peers);
  look("tz", &Config::tz);
  look("expand_repeats", &Config::expand_repeats);
  look("host_ttl", &Config::host_ttl);
  look("window", &Config::window);
  look("grace", &Config::grace);
  look("horizon", &Config::horizon);
  look("catch_up", &Config::catch_up);
  look("store_bytes_max", &Config::store_bytes_max);
  look("series_max", &Config::series_max);
  look("series_per_host_max", &Config::series_per_host_max);
  look("series_per_rule_max", &Config::series_per_rule_max);
  look("state_dir", &Config::state_dir);
  look("shutdown_timeout", &Config::shutdown_timeout);
  look("http", &Config::http);
  look("history", &Config::history);
  look("workers", &Config::workers);
  return keys;
}

}  // namespace sluice
