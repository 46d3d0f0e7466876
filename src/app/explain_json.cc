#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/explanation.h"
#include "sluice/values/structured_data.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

// An absent field is null. Octets that are not UTF-8 are replaced when the text is dumped.
Json text_or_null(std::string_view text) { return text.empty() ? Json() : Json(std::string(text)); }

bool is_utf8(const Json& text) {
  try {
    [[maybe_unused]] const std::string dumped = text.dump();
    return true;
  } catch (const Json::type_error&) {
    return false;
  }
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return text;
}

Json structured_data_of(std::string_view text) {
  if (text.empty()) return nullptr;
  Json elements = Json::object();
  StructuredDataReader reader(text);
  std::string value;
  for (StructuredParam param; reader.next(param);) {
    if (param.id.empty()) continue;  // "[]".
    Json& element = elements[std::string(param.id)];
    if (element.is_null()) element = Json::object();
    if (param.name.empty()) continue;
    unescape_param_value(param.value, value);
    element[std::string(param.name)] = value;
  }
  return elements;
}

// A number, or of a state its name.
Json value_of(const Sample& sample) {
  const Metric& metric = *sample.metric;
  if (metric.type != MetricType::kState) return sample.value;
  return metric.states[static_cast<std::size_t>(sample.value)];
}

Json schema_as_json(const StorageSchema& schema) {
  return {{"section", schema.name}, {"retentions", format_retentions(schema.retentions)}};
}

Json sample_as_json(const Explanation& explanation, const Sample& sample) {
  const std::vector<std::string> paths = paths_of_sample(explanation, sample);
  Json json{{"metric", sample.metric->name},
            {"type", name_of(sample.metric->type)},
            {"value", value_of(sample)},
            {"weight", sample.weight},
            {"host", std::string(explanation.clusters.resolve_alias(sample.host))},
            {"cluster", explanation.clusters.cluster_of(sample.host).cluster},
            {"time", format_rfc3339(sample.time)},
            {"paths", paths}};
  if (explanation.storage == nullptr) return json;
  Json schemas = Json::object();
  for (const std::string& path : paths)
    schemas[path] = schema_as_json(explanation.storage->schema_of(path));
  json["schemas"] = std::move(schemas);
  return json;
}

Json texts_of(const std::vector<std::pair<std::string, std::string>>& texts) {
  Json json = Json::object();
  for (const auto& [name, text] : texts) json[name] = text;
  return json;
}

Json matches_of(const Explanation& explanation) {
  Json matches = Json::array();
  for (const RuleTrace& rule : explanation.trace.rules) {
    if (rule.outcome != RuleTrace::Outcome::kMatched) continue;
    Json samples = Json::array();
    for (std::size_t i = 0; i < rule.sample_count; ++i) {
      samples.push_back(
          sample_as_json(explanation, explanation.trace.samples[rule.first_sample + i]));
    }
    matches.push_back({{"rule", explanation.rules.name(rule.rule)},
                       {"samples", std::move(samples)},
                       {"captures", texts_of(rule.captures)},
                       {"fields", texts_of(rule.fields)},
                       {"context_before", texts_of(rule.context_before)},
                       {"context", texts_of(rule.context)},
                       {"notes", rule.notes}});
  }
  return matches;
}

// In the order in which they were tried, and the place of each among them, the closest first.
Json misses_of(const Explanation& explanation) {
  const std::vector<const RuleTrace*> closest = misses_by_closeness(explanation.trace);
  std::map<std::uint32_t, std::size_t> ranks;  // By rule.
  for (const RuleTrace* rule : closest) ranks.emplace(rule->rule, ranks.size() + 1);
  Json misses = Json::array();
  for (const RuleTrace& rule : explanation.trace.rules) {
    const auto rank = ranks.find(rule.rule);
    if (rank == ranks.end()) continue;
    misses.push_back({{"rule", explanation.rules.name(rule.rule)},
                      {"failed", name_of(rule.outcome)},
                      {"detail", rule.detail},
                      {"rank", rank->second}});
  }
  return misses;
}

Json notes_of(const Explanation& explanation) {
  Json notes = Json::array();
  for (const Note& note : explanation.trace.notes) {
    notes.push_back({{"rule", note.rule},
                     {"kind", note.kind},
                     {"host", std::string(explanation.clusters.resolve_alias(note.host))},
                     {"text", note.clears ? Json() : Json(note.text)},
                     {"clear", note.clears}});
  }
  return notes;
}

// What is said of every input.
void append_outcome(const Explanation& explanation, Json& json) {
  const EventTime& time = explanation.trace.event_time;
  json["time"] = format_rfc3339(time.time);
  json["time_from"] = name_of(time.source);
  json["too_late"] = explanation.is_too_late;
  json["matches"] = matches_of(explanation);
  json["misses"] = misses_of(explanation);
  json["notes"] = notes_of(explanation);
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json timestamp_of(const MessageTrace& trace) {
  return trace.event_time.stamp ? Json(format_rfc3339(*trace.event_time.stamp)) : Json();
}

std::string line_as_json(const Explanation& explanation) {
  const MessageTrace& trace = explanation.trace;
  const bool is_valid = trace.line_error == LineError::kNone;
  Json json;
  json["input"] = "graphite";
  json["valid"] = is_valid;
  json["error"] = is_valid ? Json() : Json(name_of(trace.line_error));
  json["path"] = text_or_null(trace.line.path);
  if (!is_utf8(json["path"])) json["path_b64"] = base64(trace.line.path);
  json["value"] = is_valid && trace.line.has_number() ? Json(trace.line.value) : Json();
  json["timestamp"] = timestamp_of(trace);
  append_outcome(explanation, json);
  return dump(json);
}

}  // namespace

std::string explain_as_json(const Explanation& explanation) {
  const MessageTrace& trace = explanation.trace;
  if (trace.is_graphite) return line_as_json(explanation);
  const Record& record = trace.record;
  const bool is_valid = record.error == ParseError::kNone;
  Json json;
  json["valid"] = is_valid;
  json["error"] = is_valid ? Json() : Json(name_of(record.error));
  json["facility"] = record.facility ? Json(*record.facility) : Json();
  json["severity"] = record.severity ? Json(*record.severity) : Json();
  json["timestamp"] = timestamp_of(trace);
  json["hostname"] = text_or_null(record.hostname);
  json["app_name"] = text_or_null(trace.sent.app_name);
  json["procid"] = text_or_null(trace.sent.procid);
  json["msgid"] = text_or_null(record.msgid);
  json["structured_data"] = structured_data_of(record.structured_data);
  json["message"] = record.has_message ? Json(std::string(trace.message)) : Json();
  if (!is_utf8(json["message"])) json["message_b64"] = base64(trace.message);
  json["sequence"] = text_or_null(record.sequence);
  json["full_text"] = text_or_null(trace.sent.full_text);
  if (!is_utf8(json["full_text"])) json["full_text_b64"] = base64(trace.sent.full_text);
  json["truncated"] = record.truncated;
  json["incomplete"] = record.incomplete;
  json["host"] = std::string(explanation.clusters.resolve_alias(trace.host));
  append_outcome(explanation, json);
  return dump(json);
}

}  // namespace sluice
