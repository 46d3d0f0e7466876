#include "config/cluster_map.h"

#include <algorithm>
#include <set>
#include <utility>

#include "config/json_reader.h"
#include "config/json_text.h"
#include "config/names.h"
#include "config/path_template.h"
#include "config/quote.h"
#include "config/text_file.h"

namespace sluice {
namespace {

// The name of a host, or with '*' a pattern; printable ASCII, lower-cased.
Expected<std::string> parse_host(std::string_view text) {
  constexpr std::size_t kHostMax = 255;  // HOSTNAME, RFC 5424 section 6.2.4.
  const auto is_printable = [](char c) { return c > 0x20 && c < 0x7F; };
  const bool is_fine = !text.empty() && text.size() <= kHostMax &&
                       std::all_of(text.begin(), text.end(), is_printable);
  if (is_fine) return lower_case(text);
  return fail("expected a host name or a pattern with '*', at most 255 printable characters, got " +
              quote(text));
}

bool is_pattern(std::string_view host) { return host.find('*') != std::string_view::npos; }

Expected<std::string> decode_node(const JsonValue& value) {
  return decode_parsed(value, parse_path_node);
}

using Entry = ClusterMapDefinition::Entry;

Expected<void> read_groups(const JsonValue& value, Entry& entry) {
  for (const auto& [name, json] : value.json().items()) {
    const JsonValue member = value.member(name);
    if (auto known = parse_path_node(name); !known) {
      return at(member.pointer(), std::move(known).error());
    }
    auto node = decode_node(member);
    if (!node) return std::unexpected(std::move(node).error());
    (name == "cluster" ? entry.cluster : entry.groups[name]) = std::move(*node);
  }
  if (entry.cluster.empty()) {
    return value.refuse("the key \"cluster\" is missing; expected \"cluster\": \"web\"");
  }
  return {};
}

Expected<Entry> decode_entry(const std::string& host, const JsonValue& value) {
  auto name = parse_host(host);
  if (!name) return at(value.pointer(), std::move(name).error());
  Entry entry{std::move(*name), {}, {}};
  if (value.json().is_object()) {
    if (auto done = read_groups(value, entry); !done) return std::unexpected(done.error());
    return entry;
  }
  if (!value.json().is_string()) return value.expected("a cluster name, or an object of groups");
  auto cluster = decode_node(value);
  if (!cluster) return std::unexpected(std::move(cluster).error());
  entry.cluster = std::move(*cluster);
  return entry;
}

std::size_t letters(std::string_view pattern) {
  return pattern.size() - static_cast<std::size_t>(std::count(pattern.begin(), pattern.end(), '*'));
}

// Names in alphabetical order, then patterns in the order in which they decide.
bool comes_first(const Entry& a, const Entry& b) {
  if (is_pattern(a.host) != is_pattern(b.host)) return is_pattern(b.host);
  if (is_pattern(a.host) && letters(a.host) != letters(b.host)) {
    return letters(a.host) > letters(b.host);
  }
  return a.host < b.host;
}

Expected<std::vector<Entry>> decode_hosts(const JsonValue& value) {
  if (!value.json().is_object()) return value.expected("an object such as {\"web01\": \"web\"}");
  if (value.json().empty()) {
    return value.refuse(
        "expected at least one host; an empty map would move every host to the default cluster");
  }
  std::vector<Entry> entries;
  for (const auto& [host, json] : value.json().items()) {
    auto entry = decode_entry(host, value.member(host));
    if (!entry) return std::unexpected(std::move(entry).error());
    entries.push_back(std::move(*entry));
  }
  std::sort(entries.begin(), entries.end(), comes_first);
  const auto twin =
      std::adjacent_find(entries.begin(), entries.end(),
                         [](const Entry& a, const Entry& b) { return a.host == b.host; });
  if (twin != entries.end()) {
    return value.refuse(quote(twin->host) +
                        " is given twice, in upper and lower case; keep one of them");
  }
  return entries;
}

using Aliases = std::map<std::string, std::string>;

Expected<std::string> parse_plain_host(std::string_view text) {
  auto host = parse_host(text);
  if (host && is_pattern(*host))
    return fail("expected a host name without '*', got " + quote(text));
  return host;
}

Expected<Aliases> decode_aliases(const JsonValue& value) {
  if (!value.json().is_object()) return value.expected("an object such as {\"old\": \"web01\"}");
  Aliases aliases;
  for (const auto& [key, json] : value.json().items()) {
    const JsonValue member = value.member(key);
    auto alias = parse_plain_host(key);
    if (!alias) return at(member.pointer(), std::move(alias).error());
    auto host = decode_parsed(member, parse_plain_host);
    if (!host) return std::unexpected(std::move(host).error());
    if (!aliases.emplace(std::move(*alias), std::move(*host)).second) {
      return member.refuse("this alias is given twice, in upper and lower case; keep one of them");
    }
  }
  return aliases;
}

// An alias names a host directly, and a name is a host or an alias, not both.
Expected<void> check_aliases(const ClusterMapDefinition& map) {
  std::set<std::string_view> hosts;
  for (const Entry& entry : map.entries) hosts.insert(entry.host);
  for (const auto& [alias, host] : map.aliases) {
    const std::string pointer = "/aliases" + pointer_step(alias);
    if (map.aliases.contains(host)) {
      return at(pointer,
                Error{{}, quote(host) + " is an alias itself; name the host it stands for"});
    }
    if (hosts.contains(alias)) {
      return at(pointer, Error{{}, quote(alias) + " is also listed in \"hosts\"; remove one"});
    }
  }
  return {};
}

Expected<ClusterMapDefinition> decode(const JsonValue& root) {
  ClusterMapDefinition map;
  std::string schema;  // For editors only.
  ObjectReader reader(root);
  reader.read("$schema", schema, decode_any_text);
  reader.require("hosts", "{\"web01.example.com\": \"web\"}", map.entries, decode_hosts);
  reader.read("aliases", map.aliases, decode_aliases);
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  if (auto done = check_aliases(map); !done) return std::unexpected(std::move(done).error());
  return map;
}

}  // namespace

Expected<ClusterMapDefinition> decode_cluster_map(std::string_view text, std::string_view file) {
  const auto json = parse_json(text, file);
  if (!json) return std::unexpected(json.error());
  Notes notes;
  auto map = decode(JsonValue(*json, "", notes));
  if (!map) return at(file, std::move(map).error());
  return map;
}

Expected<ClusterMapDefinition> load_cluster_map(const std::string& file) {
  const auto text = read_text_file(file);
  if (!text) return at(file, text.error());
  return decode_cluster_map(*text, file);
}

}  // namespace sluice
