// What a Matcher tells people about each rule, for `explain`.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "rules/context.h"
#include "rules/matcher_state.h"
#include "rules/pattern_progress.h"

namespace sluice {
namespace {

using Outcome = RuleTrace::Outcome;

std::string spell(const ContextValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return '"' + *text + '"';
  const double number = std::get<double>(value);
  std::string text = std::to_string(number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// "1", "1..5", "at least 1", "not set".
std::string spell_wanted(const Condition& condition) {
  switch (condition.kind) {
    case Condition::Kind::kEquals:
      return spell(condition.equals);
    case Condition::Kind::kAbsent:
      return "not set";
    case Condition::Kind::kRange:
      break;
  }
  if (!condition.max) return "at least " + spell(*condition.min);
  if (!condition.min) return "at most " + spell(*condition.max);
  return spell(*condition.min) + ".." + spell(*condition.max);
}

std::string join(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

}  // namespace

std::string_view name_of(RuleTrace::Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::kMatched:
      return "matched";
    case Outcome::kApp:
      return "app";
    case Outcome::kFacility:
      return "facility";
    case Outcome::kSeverity:
      return "severity";
    case Outcome::kInput:
      return "input";
    case Outcome::kWhere:
      return "where";
    case Outcome::kLiteral:
      return "literal";
    case Outcome::kPattern:
      return "match";
    case Outcome::kFields:
      return "fields";
    case Outcome::kStopped:
      return "stopped";
  }
  return "unknown";
}

std::size_t Matcher::explain(const Input& input, std::vector<Sample>& samples,
                             std::vector<RuleTrace>& traces) {
  auto& matched = state_->matched;
  matched.clear();
  state_->begin_record();
  state_->notes.clear();
  state_->closeness.begin_text(State::searched_text(input));
  bool is_stopped = false;
  for (std::uint32_t index = 0; index < state_->compiled.rules.size(); ++index) {
    RuleTrace& trace = traces.emplace_back();
    trace.rule = index;
    trace.first_sample = samples.size();
    state_->explain_rule({input, samples, State::searched_text(input), &trace}, is_stopped);
    trace.sample_count = samples.size() - trace.first_sample;
    if (trace.outcome != Outcome::kMatched) continue;
    matched.push_back(index);
    is_stopped = is_stopped || state_->compiled.rules[index].definition->stop;
  }
  state_->stats.rules_matched += matched.size();
  return matched.size();
}

void Matcher::State::explain_rule(const Pass& pass, bool is_stopped) {
  RuleTrace& trace = *pass.trace;
  const CompiledRule& rule = compiled.rules[trace.rule];
  if (rule.reads_graphite == (pass.input.line == nullptr)) {
    trace.outcome = Outcome::kInput;
  } else if (!app_matches(rule.definition->apps, pass.input.record.app_name)) {
    trace.outcome = Outcome::kApp;
  } else {
    trace.outcome = is_stopped ? Outcome::kStopped : try_rule(trace.rule, pass);
  }
  const Outcome outcome = trace.outcome;
  const bool is_tried = outcome != Outcome::kInput && outcome != Outcome::kApp;
  const bool is_searched = outcome == Outcome::kMatched || outcome == Outcome::kWhere;
  const bool has_context = is_tried && (is_searched || !rule.reads_graphite);
  if (has_context) trace.context_before = spell_context(rule, pass);
  describe(rule, pass, outcome);
  if (outcome == Outcome::kMatched) apply(trace.rule, pass);
  if (has_context) trace.context = spell_context(rule, pass);
}

// Why a condition that does not hold does not.
std::string Matcher::State::describe_unmet(const CompiledRule& rule,
                                           const CompiledCondition& condition,
                                           const Context* context, const Pass& pass) {
  const Condition& wanted = *condition.condition;
  std::string name = '"' + wanted.variable + '"';
  std::string found = "that it is not set";
  if (condition.is_of_line) {
    found = spell(pass.input.line->value);
  } else if (condition.field) {
    name = "the field " + name;
    const auto text = read_field(rule, *condition.field, pass);
    if (text) found = '"' + std::string(*text) + '"';
  } else {
    name = "the context variable " + name;
    const ContextValue* value = context == nullptr ? nullptr : context->find(condition.variable);
    if (value != nullptr) found = spell(*value);
  }
  return "its condition on " + name + " does not hold: expected " + spell_wanted(wanted) +
         ", found " + found;
}

std::string Matcher::State::describe_bad_value(const CompiledRule& rule, const CompiledEmit& emit,
                                               const Pass& pass) {
  const Metric& metric = emit.definition->metric;
  const std::string wanted = metric.type == MetricType::kState
                                 ? "none of its states (" + join(metric.states) + ')'
                                 : "no finite number";
  return metric.name + ": the value is " + wanted + ": \"" +
         std::string(read_text(rule, emit.value, pass)) + '"';
}

void Matcher::State::describe(const CompiledRule& rule, const Pass& pass, Outcome outcome) {
  RuleTrace& trace = *pass.trace;
  if (outcome == Outcome::kMatched) {
    for (const std::string& name : rule.pattern.group_names()) {
      const auto number = static_cast<std::size_t>(rule.pattern.group_number(name));
      trace.captures.emplace_back(name, groups[number]);
    }
  } else {
    const bool is_tried = outcome != Outcome::kApp && outcome != Outcome::kInput;
    PatternProgress progress;
    if (is_tried && pass.text.starts_with(rule.literals.prefix))
      progress = pattern_progress(rule.definition->match, pass.text, beginnings);
    trace.detail = describe_miss(rule, pass, outcome, progress);
    if (is_tried) trace.closeness = closeness.of(rule, pass.text, progress, outcome);
    if (outcome == Outcome::kApp && would_match(trace.rule, pass))
      trace.closeness = Closeness::kMatches;
  }
  const bool is_read =
      outcome == Outcome::kMatched || (outcome == Outcome::kWhere && rule.where.empty());
  if (!is_read || !rule.definition->fields || fields_text.data() == nullptr) return;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    trace.fields.emplace_back(fields.at(i).name, fields.at(i).value);
  }
}

// Of a rule of other programs: as one of those the text would match. A pattern that requires no
// words takes too much to mean this text.
bool Matcher::State::would_match(std::uint32_t index, const Pass& pass) {
  const RequiredLiterals& literals = compiled.rules[index].literals;
  const bool has_words = !literals.prefix.empty() || !literals.inside.empty();
  return has_words && try_rule(index, pass) == Outcome::kMatched;
}

std::string Matcher::State::describe_miss(const CompiledRule& rule, const Pass& pass,
                                          Outcome outcome, const PatternProgress& progress) {
  switch (outcome) {
    case Outcome::kMatched:
      break;
    case Outcome::kApp:
      return "reads APP-NAME " + join(rule.definition->apps);
    case Outcome::kFacility:
      return "reads other facilities";
    case Outcome::kSeverity:
      return "reads other severities";
    case Outcome::kInput:
      return rule.reads_graphite ? "reads graphite input" : "reads syslog input";
    case Outcome::kWhere:
      return describe_where(rule, pass);
    case Outcome::kLiteral:
      return describe_literal(rule, pass, progress);
    case Outcome::kPattern:
      return describe_pattern(rule, progress);
    case Outcome::kFields:
      return describe_fields(rule);
    case Outcome::kStopped:
      return "not tried: an earlier rule has \"stop\"";
  }
  return {};
}

// Of a text that begins as the pattern does also how far it goes on: it may have been meant.
std::string Matcher::State::describe_literal(const CompiledRule& rule, const Pass& pass,
                                             const PatternProgress& progress) {
  const RequiredLiterals& literals = rule.literals;
  if (!pass.text.starts_with(literals.prefix)) {
    return "the text does not begin with \"" + literals.prefix + '"';
  }
  const std::string lacks = "the text lacks \"" + literals.inside + '"';
  return literals.prefix.empty() ? lacks : lacks + ": " + describe_pattern(rule, progress);
}

std::string Matcher::State::describe_pattern(const CompiledRule& rule,
                                             const PatternProgress& progress) {
  return "the pattern does not match: " + rule.definition->match + "; " + in_words(progress);
}

// The first condition that does not hold, in the order in which they are tried.
std::string Matcher::State::describe_where(const CompiledRule& rule, const Pass& pass) {
  const Context* context = rule.where.empty() ? nullptr : context_of(rule, pass);
  for (const auto* conditions : {&rule.where, &rule.where_fields}) {
    for (const CompiledCondition& condition : *conditions) {
      if (!is_met(rule, condition, context, pass)) {
        return describe_unmet(rule, condition, context, pass);
      }
    }
  }
  return {};
}

std::string Matcher::State::describe_fields(const CompiledRule& rule) const {
  const FieldsDefinition& wanted = *rule.definition->fields;
  const std::string where =
      wanted.from.empty() ? std::string("the text") : "the capture " + wanted.from;
  if (fields_found == FieldsFound::kBroken) {
    return where + " is broken JSON, or has more than " + std::to_string(FieldTable::kFieldsMax) +
           " fields, or fields deeper than " + std::to_string(FieldTable::kDepthMax);
  }
  return where + (wanted.kind == FieldsDefinition::Kind::kJson ? " is no JSON object with fields"
                                                               : " has no key=value pair");
}

// The variables as they stand. Of a rule that finds the host with its pattern only once it has.
std::vector<std::pair<std::string, std::string>> Matcher::State::spell_context(
    const CompiledRule& rule, const Pass& pass) {
  std::vector<std::pair<std::string, std::string>> spelled;
  if (!rule.uses_context) return spelled;
  if (const Context* context = context_of(rule, pass)) {
    for (const auto& [variable, value] : context->variables()) {
      spelled.emplace_back(compiled.variables[variable], spell(value));
    }
  }
  return spelled;
}

}  // namespace sluice
