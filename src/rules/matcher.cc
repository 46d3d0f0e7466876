#include "sluice/rules/matcher.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>

#include "base/string_map.h"
#include "rules/compiled_rules.h"
#include "rules/context.h"
#include "rules/number.h"
#include "sluice/values/path_node.h"
#include "sluice/values/structured_data.h"

namespace sluice {
namespace {

using Outcome = RuleTrace::Outcome;

// RFC 3164 section 4.3.3: without a PRI a message counts as user.notice.
constexpr std::uint8_t kAssumedFacility = 1;
constexpr std::uint8_t kAssumedSeverity = 5;

// Values of {capture} per rule that get a name of their own; the rest share "other".
constexpr std::size_t kNamesPerRuleMax = 200;
// APP-NAMEs whose rules are remembered beside those that packs name in full.
constexpr std::size_t kAppCacheMax = 4096;

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

struct Matcher::State {
  State(std::shared_ptr<const RuleSet> set, const MatcherOptions& options)
      : rules(std::move(set)),
        compiled(rules->compiled()),
        contexts(options.contexts_max, options.context_ttl),
        names_by_rule(compiled.rules.size()) {}

  // One record on its way through the rules.
  struct Pass {
    const Input& input;
    std::vector<Sample>& samples;
    RuleTrace* trace = nullptr;  // Null unless explaining.
  };

  const std::vector<std::uint32_t>& candidates(std::string_view app_name);
  Outcome try_rule(std::uint32_t index, const Pass& pass);
  [[nodiscard]] Outcome check_header(const CompiledRule& rule, const Record& record) const;
  bool check_where(const CompiledRule& rule, const Pass& pass);
  Outcome search(const CompiledRule& rule, const Pass& pass);
  void apply(std::uint32_t index, const Pass& pass);
  void change_context(const CompiledRule& rule, const Pass& pass);
  void emit(std::uint32_t index, const CompiledEmit& emit, const Pass& pass);
  std::optional<double> read(const CompiledRule& rule, const CompiledValue& value,
                             const Pass& pass);
  std::optional<double> read_state(const CompiledRule& rule, const CompiledEmit& emit,
                                   const Pass& pass);
  std::string_view read_text(const CompiledRule& rule, const CompiledValue& value,
                             const Pass& pass);
  const Metric* metric_of(std::uint32_t index, const CompiledEmit& emit);
  std::string render(const Template& text) const;
  Context* context_of(const CompiledRule& rule, const Pass& pass);
  std::string_view context_key(const CompiledRule& rule, const Pass& pass);
  std::string describe_bad_value(const CompiledRule& rule, const CompiledEmit& emit,
                                 const Pass& pass);
  static std::string_view searched_text(const Input& input);
  static bool is_met(const CompiledCondition& condition, const Context* context, const Pass& pass);
  static std::string describe_unmet(const CompiledCondition& condition, const Context* context,
                                    const Pass& pass);
  void describe(const CompiledRule& rule, const Pass& pass, Outcome outcome);

  std::shared_ptr<const RuleSet> rules;
  const CompiledRules& compiled;
  ContextTable contexts;
  MatcherStats stats;
  // Names made from captures, per rule: bounded, and never moved, since samples point to them.
  std::vector<StringMap<const Metric*>> names_by_rule;
  std::deque<Metric> named_metrics;
  StringMap<std::vector<std::uint32_t>> rules_by_prefix_app;
  // Scratch, reused from record to record.
  std::vector<std::string_view> groups;
  std::vector<std::uint32_t> matched;
  std::string key;
};

Matcher::Matcher(std::shared_ptr<const RuleSet> rules, const MatcherOptions& options)
    : state_(std::make_unique<State>(std::move(rules), options)) {}
Matcher::~Matcher() = default;

std::size_t Matcher::match(const Input& input, std::vector<Sample>& samples) {
  auto& matched = state_->matched;
  matched.clear();
  const State::Pass pass{input, samples, nullptr};
  const auto& candidates = input.line != nullptr ? state_->compiled.for_graphite
                                                 : state_->candidates(input.record.app_name);
  for (const std::uint32_t index : candidates) {
    if (state_->try_rule(index, pass) != Outcome::kMatched) continue;
    matched.push_back(index);
    state_->apply(index, pass);
    if (state_->compiled.rules[index].definition->stop) break;
  }
  state_->stats.rules_matched += matched.size();
  return matched.size();
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

const MatcherStats& Matcher::stats() const noexcept {
  state_->stats.contexts_evicted = state_->contexts.evicted();
  state_->stats.contexts_expired = state_->contexts.expired();
  return state_->stats;
}

const std::vector<std::uint32_t>& Matcher::matched() const noexcept { return state_->matched; }
const RuleSet& Matcher::rules() const noexcept { return *state_->rules; }
std::size_t Matcher::context_count() const noexcept { return state_->contexts.size(); }

const std::vector<std::uint32_t>& Matcher::State::candidates(std::string_view app_name) {
  if (const auto found = compiled.by_app.find(app_name); found != compiled.by_app.end())
    return found->second;
  if (!compiled.has_app_prefixes) return compiled.for_any_app;
  const auto cached = rules_by_prefix_app.find(app_name);
  if (cached != rules_by_prefix_app.end()) return cached->second;
  if (rules_by_prefix_app.size() >= kAppCacheMax) rules_by_prefix_app.clear();
  return rules_by_prefix_app.emplace(app_name, compiled.rules_for(app_name)).first->second;
}

Outcome Matcher::State::try_rule(std::uint32_t index, const Pass& pass) {
  const CompiledRule& rule = compiled.rules[index];
  if (const Outcome header = check_header(rule, pass.input.record); header != Outcome::kMatched)
    return header;
  // Of a Graphite line the pattern finds the host, whose context is meant.
  if (rule.reads_graphite) {
    const Outcome found = search(rule, pass);
    if (found != Outcome::kMatched || rule.where.empty()) return found;
    return check_where(rule, pass) ? found : Outcome::kWhere;
  }
  if (!rule.where.empty() && !check_where(rule, pass)) return Outcome::kWhere;
  return search(rule, pass);
}

Outcome Matcher::State::check_header(const CompiledRule& rule, const Record& record) const {
  const auto bit = [](std::uint8_t value) { return std::uint32_t{1} << value; };
  if (rule.facility_mask != 0 &&
      !(rule.facility_mask & bit(record.facility.value_or(kAssumedFacility)))) {
    return Outcome::kFacility;
  }
  if (rule.severity_mask != 0 &&
      !(rule.severity_mask & bit(record.severity.value_or(kAssumedSeverity)))) {
    return Outcome::kSeverity;
  }
  return Outcome::kMatched;
}

bool Matcher::State::check_where(const CompiledRule& rule, const Pass& pass) {
  const Context* context = context_of(rule, pass);
  return std::ranges::all_of(rule.where, [&](const CompiledCondition& condition) {
    return is_met(condition, context, pass);
  });
}

bool Matcher::State::is_met(const CompiledCondition& condition, const Context* context,
                            const Pass& pass) {
  if (condition.is_of_line) return holds(*condition.condition, pass.input.line->value);
  return holds(condition, context);
}

std::string Matcher::State::describe_unmet(const CompiledCondition& condition,
                                           const Context* context, const Pass& pass) {
  if (!condition.is_of_line) return describe_condition(condition, context);
  return "its condition on \"value\" does not hold: expected " +
         spell_wanted(*condition.condition) + ", found " + spell(pass.input.line->value);
}

// Tries the text, then, where the tag may have been a part of it, the two together.
Outcome Matcher::State::search(const CompiledRule& rule, const Pass& pass) {
  const auto try_text = [&](std::string_view text) {
    if (!text.starts_with(rule.literals.prefix)) return Outcome::kLiteral;
    if (!rule.literals.inside.empty() &&
        text.find(rule.literals.inside) == std::string_view::npos) {
      return Outcome::kLiteral;
    }
    groups.assign(pass.trace == nullptr ? rule.group_count : rule.pattern.group_count(), {});
    return rule.pattern.search(text, groups) ? Outcome::kMatched : Outcome::kPattern;
  };
  const Outcome outcome = try_text(searched_text(pass.input));
  if (outcome == Outcome::kMatched || pass.input.record.full_text.empty()) return outcome;
  return rule.definition->apps.empty() ? try_text(pass.input.record.full_text) : outcome;
}

void Matcher::State::apply(std::uint32_t index, const Pass& pass) {
  const CompiledRule& rule = compiled.rules[index];
  if (!rule.sets.empty() || !rule.adds.empty()) change_context(rule, pass);
  for (const CompiledEmit& one : rule.emits) emit(index, one, pass);
  if (rule.definition->context && rule.definition->context->end)
    contexts.end(context_key(rule, pass));
}

void Matcher::State::change_context(const CompiledRule& rule, const Pass& pass) {
  Context& context = contexts.make(context_key(rule, pass), pass.input.now);
  for (const CompiledSet& set : rule.sets) {
    if (set.is_text) {
      context.set(set.variable, render(set.text));
    } else {
      context.set(set.variable, set.number);
    }
  }
  for (const CompiledAdd& add : rule.adds) {
    if (const auto amount = read(rule, add.value, pass)) {
      context.add(add.variable, *amount * pass.input.weight);
    } else {
      ++stats.bad_values;
    }
  }
}

void Matcher::State::emit(std::uint32_t index, const CompiledEmit& emit, const Pass& pass) {
  const CompiledRule& rule = compiled.rules[index];
  const Context* context = emit.when.empty() ? nullptr : context_of(rule, pass);
  const auto unmet = std::ranges::find_if_not(emit.when, [&](const CompiledCondition& condition) {
    return is_met(condition, context, pass);
  });
  if (unmet != emit.when.end()) {
    if (pass.trace != nullptr) {
      pass.trace->notes.push_back(emit.definition->metric.name + ": " +
                                  describe_unmet(*unmet, context, pass));
    }
    return;
  }
  const bool is_state = emit.definition->metric.type == MetricType::kState;
  const auto number = is_state ? read_state(rule, emit, pass) : read(rule, emit.value, pass);
  const double value = number.value_or(0) * emit.definition->scale + emit.definition->offset;
  if (!number || !std::isfinite(value)) {
    ++stats.bad_values;
    if (pass.trace != nullptr) pass.trace->notes.push_back(describe_bad_value(rule, emit, pass));
    return;
  }
  Sample sample{.metric = metric_of(index, emit),
                .host = pass.input.host,
                .value = value,
                .time = pass.input.time,
                .weight = pass.input.weight,
                .rule = index};
  if (emit.host_group != 0) {
    sample.host = groups[static_cast<std::size_t>(emit.host_group)];
    // A path is all the identity that Graphite's protocol has, so its host is the line's own.
    sample.is_claimed = pass.input.line == nullptr;
    sample.is_path_node = !sample.is_claimed && sample.host.find('.') == std::string_view::npos;
  }
  pass.samples.push_back(sample);
}

std::optional<double> Matcher::State::read(const CompiledRule& rule, const CompiledValue& value,
                                           const Pass& pass) {
  if (value.is_of_line) return pass.input.line->value;
  switch (value.source->kind) {
    case ValueSource::Kind::kConstant:
      return value.source->constant;
    case ValueSource::Kind::kCapture:
      return parse_number(groups[static_cast<std::size_t>(value.group)]);
    case ValueSource::Kind::kContext: {
      const Context* context = context_of(rule, pass);
      return context == nullptr ? 0 : context->number(value.variable);
    }
    case ValueSource::Kind::kStructuredData: {
      const auto param =
          find_param(pass.input.record.structured_data, value.source->name, value.source->param);
      return param ? parse_number(param->value) : std::nullopt;
    }
  }
  return std::nullopt;
}

// The index of the state that the field names.
std::optional<double> Matcher::State::read_state(const CompiledRule& rule, const CompiledEmit& emit,
                                                 const Pass& pass) {
  if (emit.value.source->kind == ValueSource::Kind::kConstant) return emit.value.source->constant;
  const std::vector<std::string>& states = emit.definition->metric.states;
  const auto found = std::ranges::find(states, read_text(rule, emit.value, pass));
  if (found == states.end()) return std::nullopt;
  return static_cast<double>(found - states.begin());
}

// The field as it is; empty where it is not set, or no text.
std::string_view Matcher::State::read_text(const CompiledRule& rule, const CompiledValue& value,
                                           const Pass& pass) {
  switch (value.source->kind) {
    case ValueSource::Kind::kConstant:
      return {};
    case ValueSource::Kind::kCapture:
      return groups[static_cast<std::size_t>(value.group)];
    case ValueSource::Kind::kContext: {
      const Context* context = context_of(rule, pass);
      const ContextValue* found = context == nullptr ? nullptr : context->find(value.variable);
      const auto* text = found == nullptr ? nullptr : std::get_if<std::string>(found);
      return text == nullptr ? std::string_view() : *text;
    }
    case ValueSource::Kind::kStructuredData: {
      const auto param =
          find_param(pass.input.record.structured_data, value.source->name, value.source->param);
      return param ? param->value : std::string_view();
    }
  }
  return {};
}

const Metric* Matcher::State::metric_of(std::uint32_t index, const CompiledEmit& emit) {
  const Metric& prototype = compiled.metrics[emit.metric];
  if (emit.name.is_constant()) return &prototype;
  std::string name;
  for (const Template::Piece& piece : emit.name.pieces) {
    if (piece.group == 0) {
      name += piece.text;
      continue;
    }
    // Metric names are snake_case, and Puppet's report writes its resource types in lower case.
    std::string node = to_path_node(groups[static_cast<std::size_t>(piece.group)]);
    std::ranges::transform(node, node.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    name += node;
  }
  auto& names = names_by_rule[index];
  if (const auto found = names.find(name); found != names.end()) return found->second;
  if (names.size() >= kNamesPerRuleMax) {
    ++stats.names_folded;
    name.clear();
    for (const Template::Piece& piece : emit.name.pieces)
      name += piece.group == 0 ? piece.text : "other";
    if (const auto found = names.find(name); found != names.end()) return found->second;
  }
  Metric& metric = named_metrics.emplace_back(prototype);
  metric.name = name;
  names.emplace(std::move(name), &metric);
  return &metric;
}

std::string Matcher::State::render(const Template& text) const {
  std::string rendered;
  for (const Template::Piece& piece : text.pieces) {
    rendered += piece.group == 0 ? std::string_view(piece.text)
                                 : groups[static_cast<std::size_t>(piece.group)];
  }
  return rendered;
}

Context* Matcher::State::context_of(const CompiledRule& rule, const Pass& pass) {
  return contexts.find(context_key(rule, pass), pass.input.now);
}

// What patterns are searched in.
std::string_view Matcher::State::searched_text(const Input& input) {
  return input.line != nullptr ? input.line->path : text_of(input.record);
}

// With a host in the pattern only after it has matched.
std::string_view Matcher::State::context_key(const CompiledRule& rule, const Pass& pass) {
  key.assign(std::to_string(rule.pack));
  const std::string_view host =
      rule.host_group == 0 ? pass.input.host : groups[static_cast<std::size_t>(rule.host_group)];
  for (const std::string_view part : {host, pass.input.record.app_name, pass.input.record.procid}) {
    key += '\0';  // Stands in none of the parts: the parser ends fields at control octets.
    key += part;
  }
  return key;
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
