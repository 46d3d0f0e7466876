#include "config/metric_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <vector>

#include "config/json_text.h"
#include "config/names.h"
#include "base/nearest.h"
#include "config/path_template.h"
#include "config/quote.h"

namespace sluice {
namespace {

constexpr std::array<MetricType, 6> kTypes{MetricType::kTiming, MetricType::kDistribution,
                                           MetricType::kGauge,  MetricType::kCounter,
                                           MetricType::kAge,    MetricType::kState};
constexpr std::array<std::string_view, 2> kIdle{"gap", "zero"};
// Each is a leaf of every cluster.
constexpr std::size_t kStatesMax = 50;
constexpr std::array<std::string_view, 2> kReservedStates{"stale", "never"};
// Keys of a metric besides its type.
constexpr std::array<std::string_view, 7> kKeys{"unit", "limit", "stats", "values",
                                                "ttl",  "hold",  "idle"};

Expected<MetricType> decode_type(const JsonValue& value) {
  std::vector<std::string_view> names;
  for (const MetricType type : kTypes) names.push_back(name_of(type));
  const auto index = decode_choice(value, names);
  if (!index) return std::unexpected(index.error());
  return kTypes[*index];
}

// For people, beside a number.
Expected<std::string> decode_unit(const JsonValue& value) {
  constexpr std::size_t kUnitMax = 32;
  auto unit = decode_text(value);
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  if (unit && (unit->size() > kUnitMax || std::any_of(unit->begin(), unit->end(), is_control))) {
    return value.expected("a unit of at most 32 bytes, such as \"s\"");
  }
  return unit;
}

Expected<std::chrono::seconds> decode_time(const JsonValue& value) {
  return decode_seconds(value, std::chrono::seconds(1), std::chrono::hours(24 * 366));
}

// Leaves out of `allowed`.
Expected<std::vector<Stat>> decode_leaves(const JsonValue& value, MetricType type,
                                          const std::vector<Stat>& allowed) {
  std::vector<std::string_view> names;
  for (const Stat stat : allowed) names.push_back(name_of(stat));
  if (value.json().is_array() && value.json().empty()) {
    return value.expected("at least one of " + list_of(names));
  }
  std::vector<Stat> leaves;
  const auto indices = decode_list(value, [&](const JsonValue& item) -> Expected<std::size_t> {
    const auto text = decode_any_text(item);
    // A leaf that exists, but not for this type, deserves a message of its own.
    if (text && stat_from(*text) && std::find(names.begin(), names.end(), *text) == names.end()) {
      return item.refuse(fmt::format("a {} has no {} here; expected {}", name_of(type),
                                     quote(*text), list_of(names)));
    }
    return decode_choice(item, names);
  });
  if (!indices) return std::unexpected(indices.error());
  for (std::size_t i = 0; i < indices->size(); ++i) {
    const Stat stat = allowed[(*indices)[i]];
    if (std::find(leaves.begin(), leaves.end(), stat) != leaves.end()) {
      return value.item(i).refuse(quote(name_of(stat)) + " is listed twice; remove one");
    }
    leaves.push_back(stat);
  }
  return leaves;
}

Expected<void> decode_stats(const JsonValue& value, Metric& metric) {
  if (metric.type == MetricType::kState) {
    return value.refuse("the leaves of a state are its values; remove it");
  }
  ObjectReader reader(value);
  reader.read("hosts", metric.host_stats, [&](const JsonValue& list) {
    return decode_leaves(list, metric.type, allowed_host_stats(metric.type));
  });
  reader.read("clusters", metric.cluster_stats, [&](const JsonValue& list) {
    return decode_leaves(list, metric.type, allowed_cluster_stats(metric.type));
  });
  return reader.finish();
}

Expected<std::string> decode_state(const JsonValue& value) {
  auto state = decode_parsed(value, parse_path_node);
  if (state &&
      std::find(kReservedStates.begin(), kReservedStates.end(), *state) != kReservedStates.end()) {
    return value.refuse(quote(*state) +
                        " is taken: sluice counts under it the hosts whose state is too old "
                        "(\"stale\") or was never heard (\"never\"); choose another name");
  }
  return state;
}

Expected<std::vector<std::string>> decode_states(const JsonValue& value) {
  auto states = decode_list(value, decode_state);
  if (!states) return states;
  if (states->empty()) return value.expected("at least one value");
  if (states->size() > kStatesMax) {
    return value.refuse(
        fmt::format("expected at most {} values, got {}", kStatesMax, states->size()));
  }
  for (std::size_t i = 0; i < states->size(); ++i) {
    const auto here = states->begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(states->begin(), here, *here) == here) continue;
    return value.item(i).refuse(quote(*here) + " is listed twice; remove one");
  }
  return states;
}

Expected<Idle> decode_idle(const JsonValue& value) {
  const auto index = decode_choice(value, kIdle);
  if (!index) return std::unexpected(index.error());
  return *index == 0 ? Idle::kGap : Idle::kZero;
}

// A duration, or "presence": as long as a host counts as reporting.
Expected<HoldDefinition> decode_hold(const JsonValue& value) {
  if (value.json() == "presence") return HoldDefinition{.as_presence = true};
  const auto time = decode_time(value);
  if (time) return HoldDefinition{.time = *time};
  if (value.json().is_string()) return std::unexpected(time.error());
  return value.expected("a duration such as \"1h\", or \"presence\"");
}

std::string with_article(MetricType type) {
  return (type == MetricType::kAge ? "an " : "a ") + std::string(name_of(type));
}

bool has_hold(MetricType type) { return has_quantiles(type) || type == MetricType::kGauge; }

Expected<void> check_idle(const JsonValue& value, const Metric& metric) {
  const std::string_view type = name_of(metric.type);
  if (metric.idle == Idle::kDefault) return {};
  if (metric.type == MetricType::kAge || metric.type == MetricType::kState) {
    return value.member("idle").refuse(
        fmt::format("the {} of a host goes on by itself, without samples; remove it", type));
  }
  if (metric.idle == Idle::kZero && metric.type != MetricType::kCounter &&
      metric.type != MetricType::kGauge) {
    return value.member("idle").refuse(
        fmt::format("only a counter or a gauge can be \"zero\", this is {}; without a sample "
                    "there is no {}",
                    with_article(metric.type), type));
  }
  return {};
}

// Keys that only some types have.
Expected<void> check_keys(const JsonValue& value, const Metric& metric) {
  const auto refuse = [&](std::string_view key, std::string_view owner) {
    return value.member(std::string(key))
        .refuse(fmt::format("only {} has a {}, this is {}; remove it", owner, quote(key),
                            with_article(metric.type)));
  };
  const auto has = [&](std::string_view key) { return value.json().contains(key); };
  const bool is_state = metric.type == MetricType::kState;
  if (has("limit") && metric.type != MetricType::kAge) {
    return value.member("limit").refuse(
        fmt::format("only an age has a limit, this is {}; remove it", with_article(metric.type)));
  }
  if (has("values") && !is_state) return refuse("values", "a state");
  if (has("ttl") && !is_state) return refuse("ttl", "a state");
  if (has("hold") && !has_hold(metric.type)) {
    return refuse("hold", "a gauge, a timing or a distribution");
  }
  if (has("hold") && has("idle")) {
    return value.member("idle").refuse(
        "a metric that is held has a value in every window, so it is never idle; remove \"idle\" "
        "or "
        "\"hold\"");
  }
  if (is_state && !has("values")) {
    return value.refuse(
        "the key \"values\" is missing; expected the names that the state can have, here or once "
        "for the pack under \"metrics\": \"values\": [\"changed\", \"unchanged\"]");
  }
  return {};
}

// The likeliest wrong word for the names of a state; the nearest known ones mean other things.
void refuse_states(ObjectReader& reader) {
  reader.refuse("states",
                "the names that a state can have are called \"values\"; an emit names its own with "
                "\"state\"");
}

Expected<MetricDefinition> decode_pack_metric(const JsonValue& value) {
  MetricDefinition metric;
  ObjectReader reader(value);
  read_metric_keys(reader, metric);
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  if (auto done = finish_metric(value, metric); !done) {
    return std::unexpected(std::move(done).error());
  }
  return metric;
}

}  // namespace

void read_metric_keys(ObjectReader& reader, MetricDefinition& definition) {
  Metric& metric = definition.metric;
  reader.require("type", "\"counter\"", metric.type, decode_type);
  reader.read("unit", metric.unit, decode_unit);
  reader.read("limit", metric.limit, decode_time);
  reader.read("values", metric.states, decode_states);
  reader.read("ttl", metric.ttl, decode_time);
  reader.read("hold", definition.hold, decode_hold);
  reader.read("idle", metric.idle, decode_idle);
  (void)reader.find("stats");  // After the type, which decides the leaves.
  refuse_states(reader);
}

Expected<void> finish_metric(const JsonValue& value, MetricDefinition& definition) {
  Metric& metric = definition.metric;
  if (value.json().contains("stats")) {
    if (auto done = decode_stats(value.member("stats"), metric); !done) return done;
  }
  if (auto done = check_keys(value, metric); !done) return done;
  metric.hold = definition.hold.time;
  return check_idle(value, metric);
}

void refuse_metric_keys(ObjectReader& reader, const MetricDefinition& definition) {
  const Metric& metric = definition.metric;
  const std::string place = "/metrics" + pointer_step(metric.name);
  if (const auto type = reader.find("type"); type && type->json() != name_of(metric.type)) {
    reader.refuse("type", fmt::format("{} says that this is {}; remove it here", place,
                                      with_article(metric.type)));
  }
  refuse_states(reader);
  for (const std::string_view key : kKeys) {
    reader.refuse(key, "is said once for the pack, in " + place + "; remove it here");
  }
}

Expected<PackMetrics> decode_pack_metrics(const JsonValue& value) {
  if (!value.json().is_object()) {
    return value.expected("an object such as {\"puppet.nodes\": {\"type\": \"state\", ..}}");
  }
  PackMetrics metrics;
  for (const auto& [name, json] : value.json().items()) {
    const JsonValue member = value.member(name);
    auto known = parse_metric_name(name);
    if (!known) return at(member.pointer(), std::move(known).error());
    auto metric = decode_pack_metric(member);
    if (!metric) return std::unexpected(std::move(metric).error());
    metric->metric.name = name;
    metrics.emplace(name, std::move(*metric));
  }
  return metrics;
}

}  // namespace sluice
