#include "config/rule_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/emit_reader.h"
#include "config/names.h"
#include "base/nearest.h"
#include "config/note_reader.h"
#include "config/quote.h"

namespace sluice {
namespace {

// Numerical codes of RFC 5424 section 6.2.1, by the names of syslog.conf(5); 12 to 15 have none
// that is used everywhere and are written as numbers.
constexpr std::array<std::string_view, 20> kFacilities{
    "kern",   "user",   "mail",   "daemon",   "auth",   "syslog", "lpr",
    "news",   "uucp",   "cron",   "authpriv", "ftp",    "local0", "local1",
    "local2", "local3", "local4", "local5",   "local6", "local7"};
constexpr std::size_t kFirstLocal = 12;       // Its index among the names.
constexpr std::uint8_t kFirstLocalCode = 16;  // And its code.
constexpr std::array<std::string_view, 8> kSeverities{"emerg",   "alert",  "crit", "err",
                                                      "warning", "notice", "info", "debug"};

// Names under which the same severities go elsewhere.
std::string_view canonical_severity(std::string_view name) {
  if (name == "panic" || name == "emergency") return "emerg";
  if (name == "critical") return "crit";
  if (name == "error") return "err";
  if (name == "warn") return "warning";
  if (name == "informational") return "info";
  return name;
}

Expected<std::uint8_t> decode_facility(const JsonValue& value) {
  if (value.json().is_number()) return decode_count_as<std::uint8_t>(value, 0, 23);
  const auto index = decode_choice(value, kFacilities);
  if (!index) return std::unexpected(index.error());
  const std::size_t code = *index < kFirstLocal ? *index : *index - kFirstLocal + kFirstLocalCode;
  return static_cast<std::uint8_t>(code);
}

Expected<std::uint8_t> decode_severity(const JsonValue& value) {
  if (value.json().is_number()) return decode_count_as<std::uint8_t>(value, 0, 7);
  if (value.json().is_string()) {
    const auto name = canonical_severity(value.json().get_ref<const std::string&>());
    const auto found = std::find(kSeverities.begin(), kSeverities.end(), name);
    if (found != kSeverities.end()) return static_cast<std::uint8_t>(found - kSeverities.begin());
  }
  const auto index = decode_choice(value, kSeverities);  // For its error.
  if (!index) return std::unexpected(index.error());
  return static_cast<std::uint8_t>(*index);
}

// The programs that an entry names. "" stands for messages without an APP-NAME (logback's
// SyslogAppender sends no tag), "@NAME" for a list of "define".
Expected<std::vector<std::string>> decode_app(const JsonValue& value,
                                              const Definitions& definitions) {
  using Apps = std::vector<std::string>;
  const std::string_view text =
      value.json().is_string() ? value.json().get_ref<const std::string&>() : std::string_view();
  if (value.json().is_string() && text.empty()) return Apps{""};
  if (text.starts_with('@')) {
    auto apps = definitions.apps(text.substr(1));
    if (!apps) return at(value.pointer(), std::move(apps).error());
    return apps;
  }
  auto app = decode_parsed(value, parse_app);
  if (!app) return std::unexpected(std::move(app).error());
  return Apps{std::move(*app)};
}

Expected<std::vector<std::string>> decode_apps(const JsonValue& value,
                                               const Definitions& definitions) {
  const auto lists =
      decode_one_or_list(value, [&](const JsonValue& app) { return decode_app(app, definitions); });
  if (!lists) return std::unexpected(lists.error());
  std::vector<std::string> apps;
  for (const auto& list : *lists) apps.insert(apps.end(), list.begin(), list.end());
  return apps;
}

// JSON reads \b and \f as control octets, which no one matches on purpose.
Expected<std::string> decode_match(const JsonValue& value, const Definitions& definitions) {
  auto match = decode_text(value);
  if (match && match->find('\b') != std::string::npos) {
    return value.refuse(
        "holds a backspace, which is what JSON makes of \"\\b\"; the end of a word is written "
        "\"\\\\b\"");
  }
  if (!match) return match;
  auto expanded = definitions.expand(*match);
  if (!expanded) return at(value.pointer(), std::move(expanded).error());
  return expanded;
}

// "json" or "kv" for the whole text; {"json": "CAPTURE"} for a part of it.
Expected<std::optional<FieldsDefinition>> decode_fields(const JsonValue& value) {
  constexpr std::array<std::string_view, 2> kKinds{"json", "kv"};
  FieldsDefinition fields;
  if (!value.json().is_object()) {
    const auto index = decode_choice(value, kKinds);
    if (!index) return std::unexpected(index.error());
    if (*index == 1) fields.kind = FieldsDefinition::Kind::kPairs;
    return std::optional(std::move(fields));
  }
  ObjectReader reader(value);
  for (const std::string_view kind : kKinds) {
    reader.read(kind, fields.from,
                [](const JsonValue& from) { return decode_parsed(from, parse_identifier); });
  }
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  if (reader.has("json") == reader.has("kv")) {
    return value.refuse("expected either \"json\" or \"kv\" with the capture to read");
  }
  if (reader.has("kv")) fields.kind = FieldsDefinition::Kind::kPairs;
  return std::optional(std::move(fields));
}

Expected<std::string> decode_input(const JsonValue& value) {
  constexpr std::array<std::string_view, 2> kInputs{"syslog", "graphite"};
  const auto index = decode_choice(value, kInputs);
  if (!index) return std::unexpected(index.error());
  return std::string(kInputs[*index]);
}

// What a rule of Graphite input needs, and what it cannot have.
Expected<void> check_graphite(const JsonValue& value, const RuleDefinition& rule) {
  for (const char* key : {"app", "facility", "severity", "note"}) {
    if (!value.json().contains(key)) continue;
    return value.member(key).refuse("has no meaning for graphite input; remove it");
  }
  if (rule.inputs.size() > 1) {
    return value.member("input").refuse("a rule reads one kind of input; write a rule for each");
  }
  if (rule.match.empty()) {
    return value.refuse("expected \"match\", a pattern for the metric path");
  }
  const bool has_hosts =
      !rule.context && rule.where.empty() &&
      std::ranges::none_of(rule.emits, [](const auto& emit) { return emit.host.empty(); });
  if (rule.host.empty() && !has_hosts) {
    return value.refuse(
        "expected \"host\", the capture that names the host: a Graphite line has no other");
  }
  return {};
}

template <typename Decode>
auto one_or_more(Decode decode) {
  return [decode](const JsonValue& value) { return decode_one_or_list(value, decode); };
}

template <typename Decode>
auto list(Decode decode) {
  return [decode](const JsonValue& value) { return decode_list(value, decode); };
}

// Members of an object whose keys are variables.
template <typename Decode>
auto decode_variables(const JsonValue& value, Decode decode)
    -> Expected<std::vector<std::pair<std::string, typename decltype(decode(value))::value_type>>> {
  if (!value.json().is_object()) return value.expected("an object of variables");
  std::vector<std::pair<std::string, typename decltype(decode(value))::value_type>> variables;
  for (const auto& [name, json] : value.json().items()) {
    const JsonValue member = value.member(name);
    if (auto known = parse_identifier(name); !known) {
      return at(member.pointer(), std::move(known).error());
    }
    auto decoded = decode(member);
    if (!decoded) return std::unexpected(std::move(decoded).error());
    variables.emplace_back(name, std::move(*decoded));
  }
  return variables;
}

Expected<ContextValue> decode_context_value(const JsonValue& value) {
  if (value.json().is_string()) return ContextValue(value.json().get<std::string>());
  if (!value.json().is_number()) return value.expected("a number or a text");
  const auto number = decode_number(value);
  if (!number) return std::unexpected(number.error());
  return ContextValue(*number);
}

Expected<std::optional<ContextAction>> decode_context(const JsonValue& value) {
  ContextAction action;
  ObjectReader reader(value);
  reader.read("set", action.set, [](const JsonValue& variables) {
    return decode_variables(variables, decode_context_value);
  });
  reader.read("add", action.add, [](const JsonValue& variables) {
    return decode_variables(variables, decode_value_source);
  });
  reader.read("end", action.end, decode_bool);
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  if (action.set.empty() && action.add.empty() && !action.end) {
    return value.refuse("does nothing; expected \"set\", \"add\" or \"end\": true");
  }
  return std::optional(std::move(action));
}

Expected<GivenValues> decode_gives(const JsonValue& value) {
  if (!value.json().is_object()) {
    return value.expected("an object such as {\"puppet.runs.completed\": 1}");
  }
  GivenValues gives;
  for (const auto& [metric, json] : value.json().items()) {
    const JsonValue member = value.member(metric);
    if (json.is_string()) {
      gives.emplace(metric, json.get<std::string>());
    } else if (json.is_number()) {
      gives.emplace(metric, json.get<double>());
    } else {
      return member.expected("a number, or the name of a state");
    }
  }
  return gives;
}

Expected<ExampleDefinition> decode_example(const JsonValue& value) {
  ExampleDefinition example;
  std::string line;
  ObjectReader reader(value);
  reader.read("line", line, decode_any_text);
  reader.read("lines", example.lines, one_or_more(decode_any_text));
  reader.require("gives", "{\"puppet.runs.completed\": 1}, or {} for no match", example.gives,
                 decode_gives);
  reader.read("app", example.app, decode_text);
  reader.read("host", example.host, decode_text);
  reader.read("sd", example.structured_data, decode_text);
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  if (reader.has("line") == reader.has("lines")) {
    return value.refuse("expected either \"line\" or \"lines\", found " +
                        std::string(reader.has("line") ? "both" : "neither"));
  }
  if (reader.has("line")) example.lines = {std::move(line)};
  return example;
}

void read_conditions(ObjectReader& reader, RuleDefinition& rule, const Definitions& definitions) {
  reader.read("app", rule.apps,
              [&](const JsonValue& apps) { return decode_apps(apps, definitions); });
  reader.read("facility", rule.facilities, one_or_more(decode_facility));
  reader.read("severity", rule.severities, one_or_more(decode_severity));
  reader.read("input", rule.inputs, one_or_more(decode_input));
  reader.read("host", rule.host,
              [](const JsonValue& host) { return decode_parsed(host, parse_identifier); });
  reader.read("where", rule.where, decode_conditions);
  reader.read("match", rule.match,
              [&](const JsonValue& match) { return decode_match(match, definitions); });
  reader.read("fields", rule.fields, decode_fields);
}

Expected<void> check_rule(const JsonValue& value, const RuleDefinition& rule) {
  if (std::ranges::find(rule.inputs, "graphite") != rule.inputs.end()) {
    if (auto done = check_graphite(value, rule); !done) return done;
  } else if (!rule.host.empty()) {
    return value.member("host").refuse(
        "only a rule of graphite input has one; name it in \"emit\"");
  }
  const bool has_condition = !rule.match.empty() || !rule.apps.empty() ||
                             !rule.facilities.empty() || !rule.severities.empty() ||
                             !rule.where.empty() || rule.fields;
  if (!has_condition) {
    return value.refuse(
        "matches every message; expected \"match\", \"app\", \"facility\", \"severity\", "
        "\"fields\" or \"where\"");
  }
  if (rule.emits.empty() && rule.notes.empty() && !rule.context && !rule.stop) {
    return value.refuse("does nothing; expected \"emit\", \"note\" or \"context\"");
  }
  return {};
}

}  // namespace

Expected<RuleDefinition> decode_rule(const JsonValue& value, const PackMetrics& metrics,
                                     const Definitions& definitions) {
  RuleDefinition rule;
  ObjectReader reader(value);
  reader.require("name", "\"applied\"", rule.name,
                 [](const JsonValue& name) { return decode_parsed(name, parse_name_part); });
  read_conditions(reader, rule, definitions);
  reader.read("emit", rule.emits, one_or_more([&metrics](const JsonValue& emit) {
                return decode_emit(emit, metrics);
              }));
  reader.read("note", rule.notes, one_or_more(decode_note));
  reader.read("context", rule.context, decode_context);
  reader.read("stop", rule.stop, decode_bool);
  reader.read("examples", rule.examples, list(decode_example));
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  if (auto done = check_rule(value, rule); !done) return std::unexpected(std::move(done).error());
  return rule;
}

}  // namespace sluice
