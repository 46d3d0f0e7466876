#include "config/emit_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "config/names.h"
#include "config/nearest.h"
#include "config/quote.h"

namespace sluice {
namespace {

constexpr std::array<MetricType, 6> kTypes{MetricType::kTiming, MetricType::kDistribution,
                                           MetricType::kGauge,  MetricType::kCounter,
                                           MetricType::kAge,    MetricType::kState};
constexpr std::string_view kNotYet = "not available in this version; remove it";

Expected<std::string> decode_identifier(const JsonValue& value) {
  return decode_parsed(value, parse_identifier);
}

Expected<MetricType> decode_type(const JsonValue& value) {
  std::vector<std::string_view> names;
  for (const MetricType type : kTypes) names.push_back(name_of(type));
  const auto index = decode_choice(value, names);
  if (!index) return std::unexpected(index.error());
  if (kTypes[*index] == MetricType::kState) {
    return value.refuse("\"state\" metrics are not available in this version");
  }
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

Expected<double> decode_scale(const JsonValue& value) {
  auto scale = decode_number(value);
  if (scale && *scale == 0) return value.expected("a number other than 0");
  return scale;
}

Expected<std::chrono::seconds> decode_limit(const JsonValue& value) {
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
  ObjectReader reader(value);
  reader.read("hosts", metric.host_stats, [&](const JsonValue& list) {
    return decode_leaves(list, metric.type, allowed_host_stats(metric.type));
  });
  reader.read("clusters", metric.cluster_stats, [&](const JsonValue& list) {
    return decode_leaves(list, metric.type, allowed_cluster_stats(metric.type));
  });
  return reader.finish();
}

Expected<std::optional<double>> decode_bound(const JsonValue& value) {
  const auto number = decode_number(value);
  if (!number) return std::unexpected(number.error());
  return std::optional(*number);
}

Expected<Condition> decode_range(const JsonValue& value, Condition condition) {
  condition.kind = Condition::Kind::kRange;
  ObjectReader reader(value);
  reader.read("min", condition.min, decode_bound);
  reader.read("max", condition.max, decode_bound);
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  if (!condition.min && !condition.max) return value.refuse("expected \"min\", \"max\" or both");
  if (condition.min && condition.max && *condition.min > *condition.max) {
    return value.refuse("no number is in this range: \"min\" is above \"max\"");
  }
  return condition;
}

Expected<Condition> decode_condition(const JsonValue& value, Condition condition) {
  if (value.json().is_object()) return decode_range(value, std::move(condition));
  if (value.json().is_null()) {
    condition.kind = Condition::Kind::kAbsent;
  } else if (value.json().is_number()) {
    condition.equals = value.json().get<double>();
  } else if (value.json().is_string()) {
    condition.equals = value.json().get<std::string>();
  } else {
    return value.expected("a text, a number, null (not set), or {\"min\": .., \"max\": ..}");
  }
  return condition;
}

// What "sd." and "context." stand before. A PARAM-NAME may not hold a dot here, an SD-ID may.
Expected<ValueSource> parse_source(std::string_view text) {
  ValueSource source;
  if (text.starts_with("context.")) {
    auto variable = parse_identifier(text.substr(8));
    if (!variable) return std::unexpected(std::move(variable).error());
    source.kind = ValueSource::Kind::kContext;
    source.name = std::move(*variable);
    return source;
  }
  if (text.starts_with("sd.")) {
    const std::string_view rest = text.substr(3);
    const std::size_t dot = rest.rfind('.');
    if (dot == std::string_view::npos || dot == 0 || dot + 1 == rest.size()) {
      return fail("expected \"sd.SD-ID.PARAM-NAME\", got " + quote(text));
    }
    source.kind = ValueSource::Kind::kStructuredData;
    source.name = rest.substr(0, dot);
    source.param = rest.substr(dot + 1);
    return source;
  }
  if (auto capture = parse_identifier(text); !capture) {
    return fail(
        "expected a number, a capture, \"context.VARIABLE\" or \"sd.SD-ID.PARAM-NAME\", got " +
        quote(text));
  }
  source.kind = ValueSource::Kind::kCapture;
  source.name = text;
  return source;
}

void read_keys(ObjectReader& reader, EmitDefinition& emit) {
  Metric& metric = emit.metric;
  reader.require("metric", "\"puppet.runs.completed\"", metric.name,
                 [](const JsonValue& value) { return decode_parsed(value, parse_metric_name); });
  reader.require("type", "\"counter\"", metric.type, decode_type);
  reader.read("unit", metric.unit, decode_unit);
  reader.read("value", emit.value, decode_value_source);
  reader.read("scale", emit.scale, decode_scale);
  reader.read("host", emit.host, decode_identifier);
  reader.read("when", emit.when, decode_conditions);
  reader.read("limit", metric.limit, decode_limit);
  for (const std::string_view key : {"idle", "hold", "ttl", "values"}) reader.refuse(key, kNotYet);
}

// What depends on the type.
Expected<void> check_type(const JsonValue& value, const Metric& metric) {
  if (metric.limit.count() != 0 && metric.type != MetricType::kAge) {
    return value.member("limit").refuse(
        fmt::format("only an age has a limit, this is a {}; remove it", name_of(metric.type)));
  }
  const bool needs_value = has_quantiles(metric.type) || metric.type == MetricType::kGauge;
  if (needs_value && !value.json().contains("value")) {
    return value.refuse(fmt::format(
        "the key \"value\" is missing; a {} is a number, so name the capture that holds it",
        name_of(metric.type)));
  }
  return {};
}

}  // namespace

Expected<ValueSource> decode_value_source(const JsonValue& value) {
  if (value.json().is_string()) return decode_parsed(value, parse_source);
  if (!value.json().is_number()) return value.expected("a number, or a text that names a field");
  const auto number = decode_number(value);
  if (!number) return std::unexpected(number.error());
  ValueSource source;
  source.constant = *number;
  return source;
}

Expected<std::vector<Condition>> decode_conditions(const JsonValue& value) {
  if (!value.json().is_object()) return value.expected("an object such as {\"changes\": 1}");
  std::vector<Condition> conditions;
  for (const auto& [variable, json] : value.json().items()) {
    const JsonValue member = value.member(variable);
    if (auto name = parse_identifier(variable); !name) {
      return at(member.pointer(), std::move(name).error());
    }
    Condition condition;
    condition.variable = variable;
    auto decoded = decode_condition(member, std::move(condition));
    if (!decoded) return std::unexpected(std::move(decoded).error());
    conditions.push_back(std::move(*decoded));
  }
  return conditions;
}

Expected<EmitDefinition> decode_emit(const JsonValue& value) {
  EmitDefinition emit;
  ObjectReader reader(value);
  read_keys(reader, emit);
  const auto stats = reader.find("stats");
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  // After the type, which decides the leaves.
  if (stats) {
    if (auto done = decode_stats(*stats, emit.metric); !done) {
      return std::unexpected(std::move(done).error());
    }
  }
  if (auto fits = check_type(value, emit.metric); !fits) {
    return std::unexpected(std::move(fits).error());
  }
  return emit;
}

}  // namespace sluice
