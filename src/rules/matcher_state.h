#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/string_map.h"
#include "rules/compiled_rules.h"
#include "rules/context.h"
#include "sluice/rules/matcher.h"

namespace sluice {

// What a Matcher keeps, and the work it does on a record: finding the rules that match
// (matcher.cc), doing what they say (matcher_emit.cc), and telling people about it
// (matcher_trace.cc).
struct Matcher::State {
  using Outcome = RuleTrace::Outcome;

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

}  // namespace sluice
