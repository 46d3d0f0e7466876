#include "config/emit_reader.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "config/names.h"
#include "config/quote.h"
#include "sluice/rules/source.h"

namespace sluice {
namespace {

Expected<double> decode_scale(const JsonValue& value) {
  auto scale = decode_number(value);
  if (scale && *scale == 0) return value.expected("a number other than 0");
  return scale;
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

// A field as `value` may name it.
Expected<ValueSource> parse_source(std::string_view text) {
  auto source = parse_value_source(text);
  if (!source) return source;
  const bool is_identifier =
      source->kind == ValueSource::Kind::kCapture || source->kind == ValueSource::Kind::kContext;
  if (!is_identifier || parse_identifier(source->name)) return source;
  return fail(
      "expected a number, a capture, \"field.PATH\", \"context.VARIABLE\" or "
      "\"sd.SD-ID.PARAM-NAME\", got " +
      quote(text));
}

// A field as far as the host, the name of a metric and a condition may name it.
Expected<std::string> parse_text_field(std::string_view text) {
  const auto source = parse_source(text);
  if (source && source->kind != ValueSource::Kind::kContext) return std::string(text);
  return fail("expected a capture, \"field.PATH\" or \"sd.SD-ID.PARAM-NAME\", got " + quote(text));
}

Expected<std::string> decode_host(const JsonValue& value) {
  return decode_parsed(value, parse_text_field);
}

// "resources_*", "field.resources_*", "sd.ID.resources_*".
Expected<std::string> parse_each(std::string_view text) {
  std::string name(text);
  const std::size_t star = name.find('*');
  if (star != std::string::npos) name[star] = 'x';
  const auto source = parse_source(name);
  if (star != std::string::npos && source && source->kind != ValueSource::Kind::kContext) {
    return std::string(text);
  }
  return fail(
      "expected names of fields with one '*', such as \"field.resources_*\", "
      "\"sd.ID.resources_*\" or \"resources_*\" (captures), got " +
      quote(text));
}

// What a condition tests: a variable of the context by its bare name, or a field.
Expected<std::string> parse_tested(std::string_view text) {
  if (text.starts_with("field.") || text.starts_with("sd.")) return parse_text_field(text);
  auto variable = parse_identifier(text);
  if (variable) return variable;
  return fail(
      "expected a variable of the context (a name of [A-Za-z0-9_], no digit first, at most 64 "
      "bytes), \"field.PATH\" or \"sd.SD-ID.PARAM-NAME\", got " +
      quote(text));
}

// What an emit says besides its metric.
void read_keys(ObjectReader& reader, EmitDefinition& emit, std::string& state) {
  reader.read("value", emit.value, decode_value_source);
  reader.read("state", state, decode_text);
  reader.read("scale", emit.scale, decode_scale);
  reader.read("offset", emit.offset, decode_number);
  reader.read("host", emit.host, decode_host);
  reader.read("each", emit.each,
              [](const JsonValue& each) { return decode_parsed(each, parse_each); });
  reader.read("when", emit.when, decode_conditions);
}

Expected<void> check_number(const JsonValue& value, const Metric& metric) {
  if (value.json().contains("state")) {
    return value.member("state").refuse(fmt::format(
        "only a metric of type state has one, this is a {}; remove it", name_of(metric.type)));
  }
  if (value.json().contains("each")) {
    if (!value.json().contains("value")) return {};
    return value.member("value").refuse(
        "the value is that of each field that \"each\" names; remove one of the two");
  }
  const bool needs_value = has_quantiles(metric.type) || metric.type == MetricType::kGauge;
  if (needs_value && !value.json().contains("value")) {
    return value.refuse(fmt::format(
        "the key \"value\" is missing; a {} is a number, so name the capture that holds it",
        name_of(metric.type)));
  }
  return {};
}

// The value of a state: one of its names, `state`, or a field that holds one.
Expected<void> read_state(const JsonValue& value, const std::string& state, EmitDefinition& emit) {
  for (const char* key : {"scale", "offset", "each"}) {
    if (!value.json().contains(key)) continue;
    return value.member(key).refuse("a state is a name, not a number; remove it");
  }
  const bool has_value = value.json().contains("value");
  if (has_value == !state.empty()) {
    return value.refuse(
        fmt::format("expected either \"state\" (one of the values) or \"value\" (a "
                    "capture that holds one), found {}",
                    has_value ? "both" : "neither"));
  }
  if (has_value && emit.value.kind == ValueSource::Kind::kConstant) {
    return value.member("value").refuse(
        "a state is a name, not a number; say it with \"state\", or name a capture that holds it");
  }
  if (has_value) return {};
  const std::vector<std::string_view> names(emit.metric.states.begin(), emit.metric.states.end());
  const auto index = decode_choice(value.member("state"), names);
  if (!index) return std::unexpected(index.error());
  emit.value.constant = static_cast<double>(*index);
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
    if (auto name = parse_tested(variable); !name) {
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

Expected<EmitDefinition> decode_emit(const JsonValue& value, const PackMetrics& metrics) {
  EmitDefinition emit;
  MetricDefinition definition;
  std::string name;
  std::string state;
  ObjectReader reader(value);
  reader.require("metric", "\"puppet.runs.completed\"", name,
                 [](const JsonValue& text) { return decode_parsed(text, parse_metric_name); });
  const auto declared = metrics.find(name);
  if (declared == metrics.end()) {
    read_metric_keys(reader, definition);
  } else {
    refuse_metric_keys(reader, declared->second);
  }
  read_keys(reader, emit, state);
  auto done = reader.finish();
  if (done && declared == metrics.end()) done = finish_metric(value, definition);
  if (!done) return std::unexpected(std::move(done).error());
  if (declared != metrics.end()) definition = declared->second;
  emit.metric = std::move(definition.metric);
  emit.metric.name = std::move(name);
  emit.holds_as_presence = definition.hold.as_presence;
  const bool is_state = emit.metric.type == MetricType::kState;
  done = is_state ? read_state(value, state, emit) : check_number(value, emit.metric);
  if (!done) return std::unexpected(std::move(done).error());
  return emit;
}

}  // namespace sluice
