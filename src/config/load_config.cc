#include "config/load_config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <set>
#include <utility>

#include "config/destination_reader.h"
#include "config/endpoint.h"
#include "config/http_reader.h"
#include "config/json_reader.h"
#include "config/json_text.h"
#include "config/listen_reader.h"
#include "config/names.h"
#include "config/pack_files.h"
#include "config/path_template.h"
#include "config/quote.h"
#include "config/text_file.h"
#include "sluice/values/path_node.h"

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kTiB = std::uint64_t{1} << 40;
constexpr hours kDay{24};
constexpr hours kAnyTime{24 * 36'500};

constexpr std::array<std::string_view, 3> kHostNames{"as-sent", "short", "fqdn"};
constexpr std::array<std::string_view, 5> kPathScopes{"hosts", "clusters", "groups", "all",
                                                      "relays"};

// The host name of this machine up to its first dot, as a path node.
std::string short_host_name(std::string name) {
  if (name.empty()) {
    std::array<char, 256> buffer{};  // HOST_NAME_MAX is 64 on Linux.
    if (gethostname(buffer.data(), buffer.size() - 1) == 0) name = buffer.data();
  }
  name.resize(std::min(name.size(), name.find('.')));
  return name.empty() ? "relay" : to_path_node(name);
}

std::vector<ListenConfig> default_listen() {
  ListenConfig udp;
  udp.endpoint = {Endpoint::Transport::kUdp, "127.0.0.1", 5514};
  ListenConfig tcp;
  tcp.endpoint = {Endpoint::Transport::kTcp, "127.0.0.1", 5514};
  return {udp, tcp};
}

// A list of texts, none twice.
template <typename Parse>
Expected<std::vector<std::string>> decode_texts(const JsonValue& value, Parse parse) {
  auto texts =
      decode_list(value, [&](const JsonValue& item) { return decode_parsed(item, parse); });
  if (!texts) return texts;
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < texts->size(); ++i) {
    if (seen.insert((*texts)[i]).second) continue;
    return value.item(i).refuse(quote((*texts)[i]) + " is listed twice; remove one");
  }
  return texts;
}

Expected<std::string> parse_rule_id(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos && parse_name_part(text.substr(0, slash)) &&
      parse_name_part(text.substr(slash + 1))) {
    return std::string(text);
  }
  return fail("expected a rule as \"pack/rule\", got " + quote(text));
}

Expected<std::string> parse_pattern(std::string_view text) {
  if (text.find("(?P<cluster>") != std::string_view::npos) return std::string(text);
  return fail("expected a pattern with a capture \"(?P<cluster>...)\", got " + quote(text));
}

Expected<std::string> parse_domain(std::string_view text) {
  std::string domain = lower_case(text);
  if (is_metric_path(domain)) return domain;
  return fail("expected a domain such as \"example.com\", got " + quote(text));
}

// Decoders made of parsers.
template <typename Parse>
auto parsed(Parse parse) {
  return [parse](const JsonValue& value) { return decode_parsed(value, parse); };
}

template <typename Parse>
auto or_empty(Parse parse) {
  return [parse](const JsonValue& value) -> Expected<std::string> {
    if (value.json() == "") return std::string();
    return decode_parsed(value, parse);
  };
}

Expected<std::uint64_t> decode_series_bound(const JsonValue& value) {
  return decode_count(value, 1, 1'000'000'000);
}

auto seconds_in(seconds min, seconds max) {
  return [min, max](const JsonValue& value) { return decode_seconds(value, min, max); };
}

// A path that is relative to the folder of the configuration `file`, so that the two can be moved
// together.
auto beside(const std::string& file) {
  return [folder = std::filesystem::path(file).parent_path()](
             std::string_view text) -> Expected<std::string> {
    if (text.find('\0') != std::string_view::npos)
      return fail("expected a path, got " + quote(text));
    return (folder / text).string();
  };
}

// Reads one configuration. Each read_ function takes one theme's keys.
class ConfigReader {
 public:
  ConfigReader(const JsonValue& root, Config& config)
      : root_(root), reader_(root), config_(config) {}

  Expected<void> read() {
    reader_.read("$schema", schema_, decode_any_text);
    read_publishing();
    read_inputs();
    read_rules();
    read_hosts();
    read_time();
    read_program();
    if (auto done = reader_.finish(); !done) return done;
    if (auto done = check_listeners(); !done) return done;
    if (auto done = check_destinations(); !done) return done;
    settle_spool_ages();
    return check_rest();
  }

 private:
  void read_publishing() {
    reader_.read("instance", config_.instance, parsed(parse_path_node));
    reader_.read("prefix", config_.prefix, parsed(parse_prefix));
    reader_.read("paths", config_.paths, decode_paths);
    reader_.read("rollups", config_.rollups, decode_bool);
    reader_.read("destinations", config_.destinations,
                 [](const JsonValue& value) { return decode_list(value, decode_destination); });
  }

  void read_inputs() {
    reader_.read("listen", config_.listen,
                 [](const JsonValue& value) -> Expected<std::vector<ListenConfig>> {
                   auto listen = decode_list(value, decode_listen);
                   if (listen && listen->empty()) return value.expected("at least one listener");
                   return listen;
                 });
    reader_.read("tz", config_.tz, decode_zone_name);
    reader_.read("expand_repeats", config_.expand_repeats, decode_bool);
    reader_.read("trusted_peers", config_.trusted_peers,
                 [](const JsonValue& value) { return decode_list(value, decode_network); });
  }

  void read_rules() {
    reader_.read("packs", config_.packs,
                 [](const JsonValue& value) { return decode_texts(value, parse_name_part); });
    const auto paths = [this](const JsonValue& value) {
      return decode_texts(value, beside(config_.file));
    };
    reader_.read("pack_dirs", config_.pack_dirs, paths);
    reader_.read("rules", config_.rules, paths);
    reader_.read("disable", config_.disable,
                 [](const JsonValue& value) { return decode_texts(value, parse_rule_id); });
    reader_.read("presence", config_.presence, decode_presence);
  }

  void read_hosts() {
    reader_.read("clusters", config_.clusters,
                 [this](const JsonValue& value) { return decode_clusters(value); });
    reader_.read("host_names", config_.host_names,
                 [](const JsonValue& value) -> Expected<HostNames> {
                   const auto index = decode_choice(value, kHostNames);
                   if (!index) return std::unexpected(index.error());
                   return static_cast<HostNames>(*index);
                 });
    reader_.read("domain", config_.domain, or_empty(parse_domain));
    reader_.read("host_ttl", config_.host_ttl, seconds_in(seconds(60), kDay * 3650));
  }

  void read_time() {
    reader_.read("window", config_.window, seconds_in(seconds(1), hours(1)));
    reader_.read("grace", config_.grace, [](const JsonValue& value) {
      return decode_duration(value, milliseconds(0), hours(1));
    });
    reader_.read("horizon", config_.horizon, seconds_in(seconds(0), kAnyTime));
    reader_.read("catch_up", config_.catch_up, seconds_in(seconds(0), kAnyTime));
    reader_.read("store_bytes_max", config_.store_bytes_max,
                 [](const JsonValue& value) { return decode_size(value, kMiB, kTiB); });
    reader_.read("series_max", config_.series_max, decode_series_bound);
    reader_.read("series_per_host_max", config_.series_per_host_max, decode_series_bound);
    reader_.read("series_per_rule_max", config_.series_per_rule_max, decode_series_bound);
  }

  void read_program() {
    reader_.read("state_dir", config_.state_dir, parsed(beside(config_.file)));
    reader_.read("shutdown_timeout", config_.shutdown_timeout, [](const JsonValue& value) {
      return decode_duration(value, milliseconds(0), hours(1));
    });
    reader_.read("http", config_.http,
                 [this](const JsonValue& value) { return decode_http(value, config_.file); });
    reader_.read("history", config_.history, decode_history);
    reader_.read("workers", config_.workers, [](const JsonValue& value) {
      return decode_count_as<std::uint32_t>(value, 1, 64);
    });
  }

  static Expected<std::map<std::string, std::string>> decode_paths(const JsonValue& value) {
    std::map<std::string, std::string> paths;
    ObjectReader reader(value);
    for (const std::string_view scope : kPathScopes) {
      std::string text;
      reader.read(scope, text, parsed([scope](std::string_view template_text) {
                    return parse_path_template(scope, template_text);
                  }));
      if (!text.empty()) paths.emplace(scope, std::move(text));
    }
    if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
    return paths;
  }

  static Expected<std::map<std::string, seconds>> decode_presence(const JsonValue& value) {
    if (!value.json().is_object()) return value.expected("an object such as {\"puppet\": \"30m\"}");
    std::map<std::string, seconds> presence;
    for (const auto& [name, json] : value.json().items()) {
      const JsonValue member = value.member(name);
      if (auto known = parse_name_part(name); !known) {
        return at(member.pointer(), std::move(known).error());
      }
      const auto every = decode_seconds(member, seconds(1), kDay * 366);
      if (!every) return std::unexpected(every.error());
      presence.emplace(name, *every);
    }
    return presence;
  }

  Expected<ClusterConfig> decode_clusters(const JsonValue& value) const {
    ClusterConfig clusters;
    ObjectReader reader(value);
    reader.read("file", clusters.file, or_empty(beside(config_.file)));
    reader.read("patterns", clusters.patterns,
                [](const JsonValue& list) { return decode_texts(list, parse_pattern); });
    reader.read("default", clusters.fallback, parsed(parse_path_node));
    if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
    return clusters;
  }

  [[nodiscard]] JsonValue entry(const char* list, std::size_t index) const {
    return root_.member(list).item(index);
  }

  // With SO_REUSEPORT the kernel would let both in and share the messages out between them. Of a
  // unix socket the path counts, whatever its kind.
  Expected<void> check_listeners() const {
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < config_.listen.size(); ++i) {
      const Endpoint& endpoint = config_.listen[i].endpoint;
      const bool is_any = !endpoint.is_unix() && endpoint.port == 0;
      if (is_any) continue;
      const auto [first, is_new] =
          seen.try_emplace(endpoint.is_unix() ? endpoint.host : endpoint.to_string(), i);
      if (is_new) continue;
      return entry("listen", i)
          .refuse(
              fmt::format("{} is taken by /listen/{}; remove one", first->first, first->second));
    }
    return {};
  }

  // Whoever has old messages taken wants their datapoints delivered, too.
  void settle_spool_ages() {
    const seconds reach = std::max(config_.horizon, config_.catch_up);
    const seconds usual = DestinationConfig().spool_age_max;
    for (DestinationConfig& destination : config_.destinations) {
      if (destination.spool_age_max != seconds(0)) continue;
      destination.spool_age_max = reach > Config().catch_up ? std::max(reach, usual) : usual;
    }
  }

  Expected<void> check_destinations() const {
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < config_.destinations.size(); ++i) {
      const std::string& name = config_.destinations[i].name;
      const auto [first, is_new] = seen.try_emplace(name, i);
      if (is_new) continue;
      return entry("destinations", i)
          .refuse(fmt::format("the name {} is taken by /destinations/{}; give one of them another "
                              "\"name\"",
                              quote(name), first->second));
    }
    return {};
  }

  Expected<void> check_rest() const {
    if (config_.host_names == HostNames::kFqdn && config_.domain.empty()) {
      return at("/host_names",
                Error{{}, "\"fqdn\" needs \"domain\", which completes short names; add it"});
    }
    if (auto differ = check_paths_differ(config_.paths, config_.prefix); !differ) {
      return at("/paths", std::move(differ).error());
    }
    return {};
  }

  const JsonValue& root_;
  ObjectReader reader_;
  Config& config_;
  std::string schema_;  // For editors only.
};

}  // namespace

Config default_config(const LoadOptions& options) {
  Config config;
  config.host_name = short_host_name(options.host_name);
  config.instance = config.host_name;
  config.listen = default_listen();
  config.pack_dirs = options.pack_dirs.empty() ? default_pack_dirs() : options.pack_dirs;
  return config;
}

Expected<LoadedConfig> decode_config(std::string_view text, const std::string& file,
                                     const LoadOptions& options) {
  const auto json = parse_json(text, file);
  if (!json) return std::unexpected(json.error());
  Notes notes{.allow_unknown = options.allow_unknown, .warnings = {}};
  LoadedConfig loaded{default_config(options), {}};
  loaded.config.file = file;
  const JsonValue root(*json, "", notes);
  if (auto done = ConfigReader(root, loaded.config).read(); !done) {
    return at(file, std::move(done).error());
  }
  for (const std::string& warning : notes.warnings) {
    loaded.warnings.push_back(file + ": " + warning);
  }
  return loaded;
}

Expected<LoadedConfig> load_config(const std::string& path, const LoadOptions& options) {
  const auto text = read_text_file(path);
  if (!text) return at(path, text.error());
  return decode_config(*text, path, options);
}

}  // namespace sluice
