// What a Matcher does with a rule that matched: the context, the samples.

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/context.h"
#include "rules/matcher_state.h"
#include "rules/number.h"
#include "sluice/values/path_node.h"
#include "sluice/values/structured_data.h"

namespace sluice {
namespace {

// Values of {capture} per rule that get a name of their own; the rest share "other".
constexpr std::size_t kNamesPerRuleMax = 200;

}  // namespace

void Matcher::State::apply(std::uint32_t index, const Pass& pass) {
  const CompiledRule& rule = compiled.rules[index];
  if (!rule.sets.empty() || !rule.adds.empty()) change_context(rule, pass);
  for (const CompiledEmit& one : rule.emits) emit(index, one, pass);
  for (const CompiledNote& one : rule.notes) note(index, one, pass);
  if (rule.definition->context && rule.definition->context->end) {
    contexts.end(context_key(rule, pass));
    keep_context(rule, nullptr);
  }
}

void Matcher::State::change_context(const CompiledRule& rule, const Pass& pass) {
  Context& context = contexts.make(context_key(rule, pass), pass.input.now);
  keep_context(rule, &context);
  for (const CompiledSet& set : rule.sets) {
    if (set.is_text) {
      context.set(set.variable, render(rule, set.text, pass));
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

// A match emits several samples, most of them a number under a name that never changes: what else
// there may be stands in functions of its own, whose registers and stack these samples do not pay.
void Matcher::State::emit(std::uint32_t index, const CompiledEmit& emit, const Pass& pass) {
  const CompiledRule& rule = compiled.rules[index];
  if (!emit.when.empty() && !is_wanted(rule, emit, pass)) return;
  if (emit.each) return emit_each(index, emit, pass);
  const bool is_state = emit.definition->metric.type == MetricType::kState;
  emit_number(index, emit, is_state ? read_state(rule, emit, pass) : read(rule, emit.value, pass),
              {}, pass);
}

bool Matcher::State::is_wanted(const CompiledRule& rule, const CompiledEmit& emit,
                               const Pass& pass) {
  const Context* context = context_of(rule, pass);
  const auto unmet = std::ranges::find_if_not(emit.when, [&](const CompiledCondition& condition) {
    return is_met(rule, condition, context, pass);
  });
  if (unmet == emit.when.end()) return true;
  if (pass.trace != nullptr) {
    pass.trace->notes.push_back(emit.definition->metric.name + ": " +
                                describe_unmet(rule, *unmet, context, pass));
  }
  return false;
}

// Fields that are no numbers are none of those meant, and no mistake.
void Matcher::State::emit_each(std::uint32_t index, const CompiledEmit& emit, const Pass& pass) {
  const CompiledEach& each = *emit.each;
  const auto emit_one = [&](std::string_view name, std::string_view value) {
    if (const auto number = parse_number(value)) emit_number(index, emit, number, name, pass);
  };
  if (each.kind == ValueSource::Kind::kCapture) {
    for (const auto& [group, name] : each.groups) {
      emit_one(name, groups[static_cast<std::size_t>(group)]);
    }
  } else if (each.kind == ValueSource::Kind::kField) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const FieldTable::Field field = fields.at(i);
      if (const auto name = between(field.name, each.prefix, each.suffix)) {
        emit_one(*name, field.value);
      }
    }
  } else {
    StructuredDataReader reader(pass.input.record.structured_data);
    for (StructuredParam param; reader.next(param);) {
      const auto name = between(param.name, each.prefix, each.suffix);
      if (name && param.id == each.sd_id) emit_one(*name, param.value);
    }
  }
}

void Matcher::State::emit_number(std::uint32_t index, const CompiledEmit& emit,
                                 std::optional<double> number, std::string_view each,
                                 const Pass& pass) {
  const double value = number.value_or(0) * emit.definition->scale + emit.definition->offset;
  if (!number || !std::isfinite(value)) return count_bad_value(compiled.rules[index], emit, pass);
  const Metric* const metric = emit.name.is_constant() ? &compiled.metrics[emit.metric]
                                                       : named_metric(index, emit, each, pass);
  Sample& sample = pass.samples.emplace_back();  // Filled in its place: a copy costs as much again.
  sample.metric = metric;
  sample.value = value;
  sample.time = pass.input.time;
  sample.weight = pass.input.weight;
  sample.rule = index;
  sample.host = pass.input.host;
  if (emit.host) name_host(sample, compiled.rules[index], emit, pass);
}

void Matcher::State::count_bad_value(const CompiledRule& rule, const CompiledEmit& emit,
                                     const Pass& pass) {
  ++stats.bad_values;
  if (pass.trace != nullptr) pass.trace->notes.push_back(describe_bad_value(rule, emit, pass));
}

void Matcher::State::name_host(Sample& sample, const CompiledRule& rule, const CompiledEmit& emit,
                               const Pass& pass) {
  sample.host = host_of(rule, emit, pass);
  // A path is all the identity that Graphite's protocol has, so its host is the line's own.
  sample.is_claimed = pass.input.line == nullptr;
  sample.is_path_node = !sample.is_claimed && sample.host.find('.') == std::string_view::npos;
}

// Captures point into the record; what else names a host is gone when the next rule is tried.
std::string_view Matcher::State::host_of(const CompiledRule& rule, const CompiledEmit& emit,
                                         const Pass& pass) {
  const std::string_view host = read_text(rule, *emit.host, pass);
  if (emit.host->source.kind == ValueSource::Kind::kCapture) return host;
  return kept_hosts.emplace_back(host);
}

std::optional<double> Matcher::State::read(const CompiledRule& rule, const CompiledValue& value,
                                           const Pass& pass) {
  if (value.is_of_line) return pass.input.line->value;
  if (value.source.kind == ValueSource::Kind::kConstant) return value.source.constant;
  if (value.source.kind == ValueSource::Kind::kContext) {
    const Context* context = context_of(rule, pass);
    return context == nullptr ? 0 : context->number(value.variable);
  }
  return parse_number(read_text(rule, value, pass));
}

// The index of the state that the field names.
std::optional<double> Matcher::State::read_state(const CompiledRule& rule, const CompiledEmit& emit,
                                                 const Pass& pass) {
  if (emit.value.source.kind == ValueSource::Kind::kConstant) return emit.value.source.constant;
  const std::vector<std::string>& states = emit.definition->metric.states;
  const auto found = std::ranges::find(states, read_text(rule, emit.value, pass));
  if (found == states.end()) return std::nullopt;
  return static_cast<double>(found - states.begin());
}

std::optional<std::string_view> Matcher::State::read_field(const CompiledRule& rule,
                                                           const CompiledValue& value,
                                                           const Pass& pass) {
  const ValueSource& source = value.source;
  switch (source.kind) {
    case ValueSource::Kind::kConstant:
      return std::nullopt;
    case ValueSource::Kind::kCapture:
      return groups[static_cast<std::size_t>(value.group)];
    case ValueSource::Kind::kField:
      return fields.find(source.name);
    case ValueSource::Kind::kContext: {
      const Context* context = context_of(rule, pass);
      const ContextValue* found = context == nullptr ? nullptr : context->find(value.variable);
      const auto* text = found == nullptr ? nullptr : std::get_if<std::string>(found);
      return text == nullptr ? std::nullopt : std::optional<std::string_view>(*text);
    }
    case ValueSource::Kind::kStructuredData: {
      const auto param = find_param(pass.input.record.structured_data, source.name, source.param);
      if (!param) return std::nullopt;
      if (!param->has_escapes) return param->value;
      unescape_param_value(param->value, unescaped);
      return unescaped;
    }
  }
  return std::nullopt;
}

// Of a name that holds captures.
const Metric* Matcher::State::named_metric(std::uint32_t index, const CompiledEmit& emit,
                                           std::string_view each, const Pass& pass) {
  const Metric& prototype = compiled.metrics[emit.metric];
  const CompiledRule& rule = compiled.rules[index];
  std::string name;
  for (const Template::Piece& piece : emit.name.pieces) {
    if (!piece.field && !piece.is_each) {
      name += piece.text;
      continue;
    }
    // Metric names are snake_case, and Puppet's report writes its resource types in lower case.
    std::string node = to_path_node(piece.is_each ? each : read_text(rule, *piece.field, pass));
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
      name += piece.field || piece.is_each ? "other" : piece.text;
    if (const auto found = names.find(name); found != names.end()) return found->second;
  }
  Metric& metric = named_metrics.emplace_back(prototype);
  metric.name = name;
  names.emplace(std::move(name), &metric);
  return &metric;
}

std::string Matcher::State::render(const CompiledRule& rule, const Template& text,
                                   const Pass& pass) {
  std::string rendered;
  for (const Template::Piece& piece : text.pieces) {
    rendered += piece.field ? read_text(rule, *piece.field, pass) : std::string_view(piece.text);
  }
  return rendered;
}

}  // namespace sluice
