#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "app/explanation.h"
#include "base/nearest.h"

namespace sluice {
namespace {

// Escape codes, or nothing when the output is no terminal.
struct Colors {
  std::string_view head;
  std::string_view good;
  std::string_view bad;
  std::string_view dim;
  std::string_view end;
};

constexpr Colors kColors{"\x1b[1m", "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[0m"};
constexpr Colors kPlain{};

// Control octets of a message must not reach the terminal.
std::string shown(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      safe += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string field(std::string_view name, std::string_view value) {
  return fmt::format("  {:<16}{}\n", name, value.empty() ? "-" : shown(value));
}

std::string times_of(const MessageTrace& trace) {
  return field("timestamp", trace.event_time.stamp ? format_rfc3339(*trace.event_time.stamp) : "") +
         field("event time", fmt::format("{} ({})", format_rfc3339(trace.event_time.time),
                                         name_of(trace.event_time.source)));
}

// A line of Graphite plaintext.
std::string line_header_of(const MessageTrace& trace, const Colors& color) {
  std::string text = fmt::format("{}{}{}\n", color.head, shown(trace.record.raw), color.end);
  if (trace.line_error != LineError::kNone) {
    return text + fmt::format("  {}malformed: {}; no rule is tried{}\n", color.bad,
                              name_of(trace.line_error), color.end);
  }
  text += field("path", trace.line.path);
  text += field("value", fmt::format("{}", trace.line.value));
  if (trace.line.has_number()) return text + times_of(trace);
  return text + fmt::format("  {}no number: no rule is tried{}\n", color.dim, color.end);
}

// "web01 in cluster web (the map names web01)".
std::string host_of(const ClusterMap& clusters, std::string_view host) {
  const ClusterMatch cluster = clusters.cluster_of(host);
  std::string why;
  switch (cluster.by) {
    case ClusterMatch::By::kMap:
      why = fmt::format("the map names {}", cluster.rule);
      break;
    case ClusterMatch::By::kWildcard:
      why = fmt::format("the map has {}", cluster.rule);
      break;
    case ClusterMatch::By::kPattern:
      why = fmt::format("by the pattern {}", cluster.rule);
      break;
    case ClusterMatch::By::kDefault:
      why = "the default: neither the map nor a pattern names it";
      break;
  }
  const std::string_view name = clusters.resolve_alias(host);
  const std::string alias = name == host ? "" : fmt::format(", an alias of {},", name);
  return fmt::format("{}{} in cluster {} ({})", host, alias, cluster.cluster, why);
}

std::string header_of(const Explanation& explanation, const Colors& color) {
  const MessageTrace& trace = explanation.trace;
  const Record& record = trace.record;
  std::string text = fmt::format("{}{}{}\n", color.head, shown(record.raw), color.end);
  if (record.error != ParseError::kNone) {
    text += fmt::format("  {}malformed: {}; kept, with the fields that can be told{}\n", color.bad,
                        name_of(record.error), color.end);
  }
  if (record.truncated)
    text += fmt::format("  {}truncated at max_message{}\n", color.bad, color.end);
  if (record.facility) text += field("facility", std::to_string(*record.facility));
  if (record.severity) text += field("severity", std::to_string(*record.severity));
  text += times_of(trace);
  text += field("hostname", record.hostname);
  text += field("host", host_of(explanation.clusters, trace.host));
  text += field("app_name", trace.sent.app_name);
  text += field("procid", trace.sent.procid);
  if (!record.msgid.empty()) text += field("msgid", record.msgid);
  if (!record.structured_data.empty()) text += field("structured data", record.structured_data);
  text += field("message", trace.message);
  if (trace.weight > 1) text += field("stands for", fmt::format("{} messages", trace.weight));
  return text;
}

// "sluice.all.cpu.busy.{mean,min,max}", and the first of these paths.
struct FoldedPath {
  std::string text;
  std::string first;
};

// The leaves of one series share a line.
std::vector<FoldedPath> fold_leaves(const std::vector<std::string>& paths) {
  std::vector<FoldedPath> folded;
  std::string_view series;
  for (const std::string& path : paths) {
    const std::size_t dot = path.rfind('.');
    if (std::string_view(path).substr(0, dot) != series) {
      series = std::string_view(path).substr(0, dot);
      folded.push_back({std::string(series) + ".{" + path.substr(dot + 1), path});
    } else {
      folded.back().text += ',' + path.substr(dot + 1);
    }
  }
  for (FoldedPath& one : folded) {
    one.text += '}';
    if (one.text.find(',') == std::string::npos) one.text = one.first;  // Needs no braces.
  }
  return folded;
}

// "  [sluice] 60s:7d,5m:90d": what carbon would store a path under.
std::string schema_of(const Explanation& explanation, std::string_view path, const Colors& color) {
  if (explanation.storage == nullptr) return {};
  const StorageSchema& schema = explanation.storage->schema_of(path);
  return fmt::format("  {}[{}] {}{}", color.dim, schema.name, format_retentions(schema.retentions),
                     color.end);
}

// "12.34 s", or of a state its name.
std::string value_of(const Sample& sample) {
  const Metric& metric = *sample.metric;
  if (metric.type == MetricType::kState) {
    return metric.states[static_cast<std::size_t>(sample.value)];
  }
  return fmt::format("{:.10g}{}{}", sample.value, metric.unit.empty() ? "" : " ", metric.unit);
}

std::string fields_of(const RuleTrace& rule) {
  constexpr std::size_t kShownMax = 40;
  std::string text;
  for (std::size_t i = 0; i < std::min(rule.fields.size(), kShownMax); ++i) {
    text += fmt::format("    field {} = {}\n", shown(rule.fields[i].first),
                        shown(rule.fields[i].second));
  }
  if (rule.fields.size() > kShownMax) {
    text += fmt::format("    and {} more fields\n", rule.fields.size() - kShownMax);
  }
  return text;
}

using Variables = std::vector<std::pair<std::string, std::string>>;

const std::string* find_variable(const Variables& variables, std::string_view name) {
  const auto found = std::ranges::find(variables, name, &Variables::value_type::first);
  return found == variables.end() ? nullptr : &found->second;
}

// The variables after the rule, and what they were before it.
std::string context_of(const RuleTrace& rule) {
  std::string text;
  for (const auto& [name, value] : rule.context) {
    const std::string* before = find_variable(rule.context_before, name);
    std::string was;
    if (before == nullptr) {
      was = " (was not set)";
    } else if (*before != value) {
      was = fmt::format(" (was {})", shown(*before));
    }
    text += fmt::format("    context {} = {}{}\n", name, shown(value), was);
  }
  for (const auto& [name, value] : rule.context_before) {
    if (find_variable(rule.context, name) != nullptr) continue;
    text += fmt::format("    context {} ended (was {})\n", name, shown(value));
  }
  return text;
}

std::string match_of(const Explanation& explanation, const RuleTrace& rule, const Colors& color) {
  std::string text =
      fmt::format("  {}{} matched{}\n", color.good, explanation.rules.name(rule.rule), color.end);
  for (const auto& [name, value] : rule.captures)
    text += fmt::format("    capture {} = {}\n", name, shown(value));
  text += fields_of(rule);
  text += context_of(rule);
  for (const std::string& note : rule.notes)
    text += fmt::format("    {}no sample: {}{}\n", color.dim, note, color.end);
  for (std::size_t i = 0; i < rule.sample_count; ++i) {
    const Sample& sample = explanation.trace.samples[rule.first_sample + i];
    text += fmt::format("    {} = {} ({}) of {}\n", sample.metric->name, value_of(sample),
                        name_of(sample.metric->type), sample.host);
    for (const FoldedPath& folded : fold_leaves(paths_of_sample(explanation, sample)))
      text += fmt::format("      {}{}\n", folded.text, schema_of(explanation, folded.first, color));
  }
  for (const Note& note : explanation.trace.notes) {
    if (note.rule != explanation.rules.name(rule.rule)) continue;
    text += note.clears ? fmt::format("    note: the failures of {} are over\n", note.host)
                        : fmt::format("    note ({}) of {}: {}\n", note.kind, note.host, note.text);
  }
  return text;
}

// `; did you mean "puppet-agent"?`, for a program that no rule reads.
std::string nearest_program(const RuleSet& rules, std::string_view app) {
  std::vector<std::string_view> programs;
  for (std::uint32_t rule = 0; rule < rules.size(); ++rule) {
    programs.insert(programs.end(), rules.apps(rule).begin(), rules.apps(rule).end());
  }
  return app.empty() ? "" : did_you_mean(app, programs);
}

// Rules of other programs that the text is for: it may have lost its header, or its program has
// another name here.
std::string others_of(const Explanation& explanation, const Colors& color) {
  constexpr std::size_t kShownMax = 3;
  std::string text;
  std::size_t count = 0;
  for (const RuleTrace& rule : explanation.trace.rules) {
    if (rule.outcome != RuleTrace::Outcome::kApp || rule.closeness == 0) continue;
    if (++count > kShownMax) break;
    text += fmt::format("  {}{} no: it would match, but it {}{}\n", color.dim,
                        explanation.rules.name(rule.rule), shown(rule.detail), color.end);
  }
  return text;
}

// Why the rules that read this program did not match, the closest first.
std::string misses_of(const Explanation& explanation, const Colors& color) {
  const std::vector<const RuleTrace*> misses = misses_by_closeness(explanation.trace);
  const auto count_of = [&](RuleTrace::Outcome outcome) {
    return std::ranges::count(explanation.trace.rules, outcome, &RuleTrace::outcome);
  };
  const auto other_apps = count_of(RuleTrace::Outcome::kApp);
  const auto other_inputs = count_of(RuleTrace::Outcome::kInput);
  std::string text = others_of(explanation, color);
  for (const RuleTrace* rule : misses) {
    text += fmt::format("  {}{} no: {}{}\n", color.dim, explanation.rules.name(rule->rule),
                        shown(rule->detail), color.end);
  }
  if (other_apps > 0) {
    const std::string_view app = explanation.trace.record.app_name;
    text += fmt::format("  {}{} rules read other programs than {}{}{}\n", color.dim, other_apps,
                        app.empty() ? "a message without APP-NAME" : shown(app),
                        misses.empty() ? nearest_program(explanation.rules, app) : "", color.end);
  }
  if (other_inputs > 0) {
    text += fmt::format("  {}{} rules read {} input{}\n", color.dim, other_inputs,
                        explanation.trace.is_graphite ? "syslog" : "graphite", color.end);
  }
  return text;
}

}  // namespace

std::string explain_as_text(const Explanation& explanation, const TextOptions& options) {
  const Colors& color = options.color ? kColors : kPlain;
  const MessageTrace& trace = explanation.trace;
  std::string text =
      trace.is_graphite ? line_header_of(trace, color) : header_of(explanation, color);
  if (explanation.is_too_late) {
    text += fmt::format(
        "  {}too late: a relay would drop its samples (see \"catch_up\" of the configuration){}\n",
        color.bad, color.end);
  }
  bool has_matched = false;
  for (const RuleTrace& rule : explanation.trace.rules) {
    if (rule.outcome != RuleTrace::Outcome::kMatched) continue;
    has_matched = true;
    text += match_of(explanation, rule, color);
  }
  if (!has_matched) {
    text += fmt::format("  {}no rule matched: this {} gives no number{}\n", color.bad,
                        trace.is_graphite ? "line" : "message", color.end);
  }
  if (!has_matched || options.all_rules) text += misses_of(explanation, color);
  return text;
}

}  // namespace sluice
