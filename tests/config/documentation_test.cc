// The example configuration and docs/config.md say what the program does.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "config/load_config.h"
#include "config/outcome.h"

namespace sluice {
namespace {

using nlohmann::json;

std::string source_file(const std::string& name) {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/" + name, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The example with its commented examples switched on.
std::string uncommented(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t slashes = line.find_first_not_of(' ');
    if (slashes != std::string::npos && line.compare(slashes, 2, "//") == 0) {
      const std::size_t start = line.find_first_not_of(' ', slashes + 2);
      const bool is_example =
          start != std::string::npos && std::string_view("[]{}\",").contains(line[start]);
      if (is_example) line.erase(slashes, start - slashes);
    }
    result += line + "\n";
  }
  return result;
}

// Paths of all keys of `value`: "listen[].syslog".
void collect_keys(const json& value, const std::string& path, std::map<std::string, json>& keys) {
  if (value.is_array() && !value.empty() && value.front().is_object()) {
    for (const json& item : value) collect_keys(item, path + "[]", keys);
  }
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items()) {
    const std::string here = path.empty() ? key : path + "." + key;
    if (path != "presence") keys.emplace(here, member);  // Its keys are names.
    collect_keys(member, here, keys);
  }
}

std::map<std::string, json> keys_of(const std::string& text) {
  std::map<std::string, json> keys;
  collect_keys(json::parse(text, nullptr, true, true), "", keys);
  return keys;
}

// Key and default of every row of the tables of docs/config.md.
std::map<std::string, std::string> documented() {
  std::map<std::string, std::string> rows;
  std::istringstream lines(source_file("docs/config.md"));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `")) continue;
    const std::size_t key_end = line.find("` | ", 3);
    REQUIRE(key_end != std::string::npos);
    const std::size_t value = key_end + 4;
    rows.emplace(line.substr(3, key_end - 3), line.substr(value, line.find(" |", value) - value));
  }
  return rows;
}

LoadOptions installed() {
  return {.allow_unknown = false, .host_name = "relay1", .pack_dirs = {"/usr/share/sluice/rules"}};
}

TEST_CASE("the example configuration loads without a warning and changes nothing", "[config]") {
  const auto loaded =
      load_config(std::string(SLUICE_SOURCE_DIR) + "/packaging/sluice.json", installed());
  REQUIRE(error_of(loaded) == "");
  CHECK(loaded->warnings.empty());
  const Config& config = loaded->config;
  const Config expected = default_config(installed());
  CHECK(config.instance == expected.instance);
  CHECK(config.prefix == expected.prefix);
  CHECK(config.paths == expected.paths);
  CHECK(config.rollups == expected.rollups);
  REQUIRE(config.listen.size() == expected.listen.size());
  for (std::size_t i = 0; i < config.listen.size(); ++i) {
    CHECK(config.listen[i].endpoint == expected.listen[i].endpoint);
    CHECK(config.listen[i].allow == expected.listen[i].allow);
    CHECK(config.listen[i].tz == expected.listen[i].tz);
    CHECK(config.listen[i].framing == expected.listen[i].framing);
    CHECK(config.listen[i].max_message == expected.listen[i].max_message);
    CHECK(config.listen[i].multiline == expected.listen[i].multiline);
    CHECK(config.listen[i].multiline_wait == expected.listen[i].multiline_wait);
    CHECK(config.listen[i].unescape == expected.listen[i].unescape);
    CHECK(config.listen[i].senders.empty());
    CHECK(config.listen[i].receive_buffer == expected.listen[i].receive_buffer);
    CHECK(config.listen[i].connections == expected.listen[i].connections);
    CHECK(config.listen[i].keep_alive == expected.listen[i].keep_alive);
    CHECK(config.listen[i].overflow == expected.listen[i].overflow);
  }
  CHECK(config.packs == expected.packs);
  CHECK(config.pack_dirs == expected.pack_dirs);
  CHECK(config.rules == expected.rules);
  CHECK(config.disable == expected.disable);
  CHECK(config.presence == expected.presence);
  CHECK(config.clusters.file == expected.clusters.file);
  CHECK(config.clusters.patterns == expected.clusters.patterns);
  CHECK(config.clusters.fallback == expected.clusters.fallback);
  CHECK(config.host_names == expected.host_names);
  CHECK(config.domain == expected.domain);
  CHECK(config.trusted_peers == expected.trusted_peers);
  CHECK(config.tz == expected.tz);
  CHECK(config.expand_repeats == expected.expand_repeats);
  CHECK(config.host_ttl == expected.host_ttl);
  CHECK(config.window == expected.window);
  CHECK(config.grace == expected.grace);
  CHECK(config.horizon == expected.horizon);
  CHECK(config.catch_up == expected.catch_up);
  CHECK(config.store_bytes_max == expected.store_bytes_max);
  CHECK(config.series_max == expected.series_max);
  CHECK(config.series_per_host_max == expected.series_per_host_max);
  CHECK(config.series_per_rule_max == expected.series_per_rule_max);
  CHECK(config.destinations.empty());
  CHECK(config.state_dir == expected.state_dir);
  CHECK(config.shutdown_timeout == expected.shutdown_timeout);
  CHECK(config.http.listen == expected.http.listen);
  CHECK(config.workers == expected.workers);
}

TEST_CASE("the commented examples are a configuration, with defaults where there are any",
          "[config]") {
  const auto loaded =
      decode_config(uncommented(source_file("packaging/sluice.json")), "x.json", installed());
  REQUIRE(error_of(loaded) == "");
  CHECK(loaded->warnings.empty());
  const Config& config = loaded->config;
  CHECK(config.instance == "relay1");
  CHECK(config.paths.size() == 5);
  REQUIRE(config.listen.size() == 5);
  CHECK(config.listen[2].mode == ListenConfig().mode);
  CHECK(config.listen[3].input == InputKind::kGraphite);
  CHECK(config.rules.size() == 1);
  CHECK(config.disable.size() == 1);
  CHECK(config.presence.size() == 1);
  CHECK(config.clusters.patterns.size() == 1);
  REQUIRE(config.destinations.size() == 1);
  const DestinationConfig expected;
  const DestinationConfig& destination = config.destinations[0];
  CHECK(destination.name == destination.carbon.host);
  CHECK(destination.connect_timeout == expected.connect_timeout);
  CHECK(destination.ack_timeout == expected.ack_timeout);
  CHECK(destination.replay_window == expected.replay_window);
  CHECK(destination.new_series_per_minute == expected.new_series_per_minute);
  CHECK(destination.spool_bytes_max == expected.spool_bytes_max);
  CHECK(destination.spool_age_max == expected.spool_age_max);
}

TEST_CASE("docs/config.md shows the example as it is", "[config]") {
  CHECK(source_file("docs/config.md")
            .find("```jsonc\n" + source_file("packaging/sluice.json") + "```\n") !=
        std::string::npos);
}

TEST_CASE("every key is in the example and has a row in docs/config.md", "[config]") {
  const auto in_example = keys_of(uncommented(source_file("packaging/sluice.json")));
  const auto rows = documented();
  // Objects are described by the rows of their members.
  const std::set<std::string> without_row{"clusters"};
  const std::set<std::string> without_example{"$schema"};
  for (const auto& [key, value] : in_example) {
    CAPTURE(key);
    CHECK((rows.contains(key) || without_row.contains(key)));
  }
  for (const auto& [key, value] : rows) {
    CAPTURE(key);
    CHECK((in_example.contains(key) || without_example.contains(key)));
  }
}

TEST_CASE("every key of the decoder is documented", "[config]") {
  // The decoder offers the keys it knows when it is asked for one that is nearly the same.
  for (const auto& [key, value] : documented()) {
    if (key.find('.') != std::string::npos) continue;
    const auto refused = decode_config("{\"" + key + "x\": 1}", "x.json", installed());
    CHECK(error_of(refused) == "x.json: /" + key + "x: unknown key; did you mean \"" + key + "\"?");
  }
}

TEST_CASE("defaults in docs/config.md are those of the example", "[config]") {
  const auto defaults = keys_of(source_file("packaging/sluice.json"));
  const auto examples = keys_of(uncommented(source_file("packaging/sluice.json")));
  std::size_t compared = 0;
  for (const auto& [key, text] : documented()) {
    if (!text.starts_with('`')) continue;  // Described in words.
    const json said = json::parse(text.substr(1, text.size() - 2));
    CAPTURE(key, text);
    const bool is_commented = !defaults.contains(key);
    CHECK(said == (is_commented ? examples.at(key) : defaults.at(key)));
    ++compared;
  }
  CHECK(compared > 35);
}

}  // namespace
}  // namespace sluice
