#include "config/pack_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include "config/definitions.h"
#include "config/json_reader.h"
#include "config/json_text.h"
#include "config/metric_reader.h"
#include "config/names.h"
#include "base/nearest.h"
#include "config/quote.h"
#include "config/rule_reader.h"

namespace sluice {
namespace {

Expected<std::string> decode_name(const JsonValue& value) {
  return decode_parsed(value, parse_name_part);
}

// A host, where '*' stands for any characters, or a cluster. Lower-cased, as canonical names are.
Expected<std::string> decode_expected(const JsonValue& value) {
  auto text = decode_text(value);
  if (!text) return text;
  constexpr std::size_t kNameMax = 255;
  const auto is_printable = [](char c) { return c > ' ' && c < 0x7f; };
  if (text->empty() || text->size() > kNameMax || !std::ranges::all_of(*text, is_printable))
    return value.expected("a name of at most 255 printable characters");
  std::ranges::transform(*text, text->begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return text;
}

Expected<std::optional<PresenceDefinition>> decode_presence(const JsonValue& value) {
  PresenceDefinition presence;
  ObjectReader reader(value);
  reader.require("name", "\"puppet\"", presence.name, decode_name);
  reader.require("every", "\"30m\"", presence.every, [](const JsonValue& every) {
    return decode_seconds(every, std::chrono::seconds(1), std::chrono::hours(24 * 366));
  });
  const auto read_names = [&](std::string_view key, std::vector<std::string>& names) {
    reader.read(key, names,
                [](const JsonValue& list) { return decode_list(list, decode_expected); });
  };
  read_names("hosts", presence.hosts);
  read_names("clusters", presence.clusters);
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  return std::optional(std::move(presence));
}

// The rule's name for an error, as far as it can be had: the rule is broken.
std::string title_of(const JsonValue& rule) {
  if (!rule.json().is_object() || !rule.json().contains("name")) return {};
  const auto& name = rule.json().at("name");
  return name.is_string() ? "rule " + quote(name.get_ref<const std::string&>()) : std::string();
}

Expected<RuleDefinition> decode_titled_rule(const JsonValue& value, const PackMetrics& metrics,
                                            const Definitions& definitions) {
  auto rule = decode_rule(value, metrics, definitions);
  if (rule) return rule;
  const std::string title = title_of(value);
  if (title.empty()) return rule;
  return at(title, std::move(rule).error());
}

Expected<std::vector<RuleDefinition>> decode_rules(const JsonValue& value,
                                                   const PackMetrics& metrics,
                                                   const Definitions& definitions) {
  auto rules = decode_list(
      value, [&](const JsonValue& rule) { return decode_titled_rule(rule, metrics, definitions); });
  if (!rules) return rules;
  if (rules->empty()) return value.expected("at least one rule");
  std::map<std::string_view, std::size_t> seen;
  for (std::size_t i = 0; i < rules->size(); ++i) {
    const std::string& name = (*rules)[i].name;
    const auto [first, is_new] = seen.try_emplace(name, i);
    if (is_new) continue;
    return value.item(i).member("name").refuse(
        fmt::format("the name {} is taken by {}/{}; give each rule its own", quote(name),
                    value.pointer(), first->second));
  }
  return rules;
}

bool emits(const PackDefinition& pack, std::string_view metric) {
  return std::ranges::any_of(pack.rules, [&](const RuleDefinition& rule) {
    return std::ranges::any_of(
        rule.emits, [&](const EmitDefinition& emit) { return emit.metric.name == metric; });
  });
}

// A metric that nothing writes is most likely a misspelt one.
Expected<void> check_metrics(const JsonValue& root, const PackDefinition& pack,
                             const PackMetrics& metrics) {
  for (const auto& [name, metric] : metrics) {
    if (emits(pack, name)) continue;
    std::vector<std::string_view> names;
    for (const RuleDefinition& rule : pack.rules) {
      for (const EmitDefinition& emit : rule.emits) names.push_back(emit.metric.name);
    }
    return root.member("metrics").member(name).refuse("no rule of this pack emits this metric" +
                                                      did_you_mean(name, names));
  }
  return {};
}

Expected<PackDefinition> decode(const JsonValue& root, std::string_view file) {
  PackDefinition pack;
  PackMetrics metrics;
  Definitions definitions;
  std::string schema;  // For editors only.
  ObjectReader reader(root);
  reader.read("$schema", schema, decode_any_text);
  reader.require("pack", "\"puppet-agent\"", pack.name, decode_name);
  reader.read("presence", pack.presence, decode_presence);
  reader.read("include", definitions,
              [&](const JsonValue& include) { return include_definitions(include, file); });
  reader.read("define", definitions, [&](const JsonValue& define) -> Expected<Definitions> {
    Definitions all = definitions;
    if (auto done = all.add(define, file); !done) return std::unexpected(std::move(done).error());
    return all;
  });
  reader.read("alternative_to", pack.alternatives,
              [](const JsonValue& packs) { return decode_list(packs, decode_name); });
  reader.read("metrics", metrics, decode_pack_metrics);
  reader.require("rules", "[{\"name\": ..}]", pack.rules,
                 [&](const JsonValue& rules) { return decode_rules(rules, metrics, definitions); });
  auto done = reader.finish();
  if (done) done = check_metrics(root, pack, metrics);
  if (!done) return std::unexpected(std::move(done).error());
  return pack;
}

}  // namespace

Expected<PackDefinition> decode_pack(std::string_view text, std::string_view file) {
  const auto json = parse_json(text, file);
  if (!json) return std::unexpected(json.error());
  Notes notes;
  auto pack = decode(JsonValue(*json, "", notes), file);
  if (!pack) return at(file, std::move(pack).error());
  pack->file = file;
  return pack;
}

}  // namespace sluice
