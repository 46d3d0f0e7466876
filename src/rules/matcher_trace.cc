// What a Matcher tells people about each rule, for `explain`.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "rules/context.h"
#include "rules/matcher_state.h"

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

// Why a condition that does not hold does not.
std::string describe_condition(const CompiledCondition& compiled, const Context* context) {
  const Condition& condition = *compiled.condition;
  const ContextValue* found = context == nullptr ? nullptr : context->find(compiled.variable);
  return "its condition on the context variable \"" + condition.variable +
         "\" does not hold: expected " + spell_wanted(condition) + ", found " +
         (found == nullptr ? "that it is not set" : spell(*found));
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
    case Outcome::kStopped:
      return "stopped";
  }
  return "unknown";
}

std::size_t Matcher::explain(const Input& input, std::vector<Sample>& samples,
                             std::vector<RuleTrace>& traces) {
  auto& matched = state_->matched;
  matched.clear();
  bool is_stopped = false;
  for (std::uint32_t index = 0; index < state_->compiled.rules.size(); ++index) {
    const CompiledRule& rule = state_->compiled.rules[index];
    RuleTrace& trace = traces.emplace_back();
    trace.rule = index;
    trace.first_sample = samples.size();
    const State::Pass pass{input, samples, &trace};
    if (rule.reads_graphite == (input.line == nullptr)) {
      trace.outcome = Outcome::kInput;
    } else if (!app_matches(rule.definition->apps, input.record.app_name)) {
      trace.outcome = Outcome::kApp;
    } else {
      trace.outcome = is_stopped ? Outcome::kStopped : state_->try_rule(index, pass);
    }
    if (trace.outcome == Outcome::kMatched) {
      matched.push_back(index);
      state_->apply(index, pass);
      is_stopped = rule.definition->stop;
    }
    trace.sample_count = samples.size() - trace.first_sample;
    state_->describe(rule, pass, trace.outcome);
  }
  state_->stats.rules_matched += matched.size();
  return matched.size();
}

std::string Matcher::State::describe_unmet(const CompiledCondition& condition,
                                           const Context* context, const Pass& pass) {
  if (!condition.is_of_line) return describe_condition(condition, context);
  return "its condition on \"value\" does not hold: expected " +
         spell_wanted(*condition.condition) + ", found " + spell(pass.input.line->value);
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
  switch (outcome) {
    case Outcome::kMatched: {
      const auto names = rule.pattern.group_names();
      for (const std::string& name : names) {
        const auto number = static_cast<std::size_t>(rule.pattern.group_number(name));
        trace.captures.emplace_back(name, groups[number]);
      }
      break;
    }
    case Outcome::kApp:
      trace.detail = "reads APP-NAME " + join(rule.definition->apps);
      break;
    case Outcome::kFacility:
      trace.detail = "reads other facilities";
      break;
    case Outcome::kSeverity:
      trace.detail = "reads other severities";
      break;
    case Outcome::kInput:
      trace.detail = rule.reads_graphite ? "reads graphite input" : "reads syslog input";
      break;
    case Outcome::kWhere:
      for (const CompiledCondition& condition : rule.where) {
        const Context* context = context_of(rule, pass);
        if (!is_met(condition, context, pass)) {
          trace.detail = describe_unmet(condition, context, pass);
        }
      }
      break;
    case Outcome::kLiteral:
      trace.detail = searched_text(pass.input).starts_with(rule.literals.prefix)
                         ? "the text lacks \"" + rule.literals.inside + '"'
                         : "the text does not begin with \"" + rule.literals.prefix + '"';
      break;
    case Outcome::kPattern:
      trace.detail = "the pattern does not match: " + rule.definition->match;
      break;
    case Outcome::kStopped:
      trace.detail = "not tried: an earlier rule has \"stop\"";
      break;
  }
  const bool is_searched = outcome == Outcome::kMatched || outcome == Outcome::kWhere;
  if (!rule.uses_context || outcome == Outcome::kApp || outcome == Outcome::kInput) return;
  if (rule.reads_graphite && !is_searched) return;  // Whose context is not known.
  if (const Context* context = context_of(rule, pass)) {
    for (const auto& [variable, value] : context->variables()) {
      trace.context.emplace_back(compiled.variables[variable], spell(value));
    }
  }
}

}  // namespace sluice
