#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/string_map.h"
#include "base/text_cache.h"
#include "rules/app_memo.h"
#include "rules/closeness.h"
#include "rules/compiled_rules.h"
#include "rules/context.h"
#include "rules/fields.h"
#include "rules/path_memo.h"
#include "rules/pattern_progress.h"
#include "rules/selection.h"
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

  static constexpr std::size_t kAppsHeard = 512;
  static constexpr std::uint32_t kNoPack = std::numeric_limits<std::uint32_t>::max();

  // One record on its way through the rules.
  struct Pass {
    const Input& input;
    std::vector<Sample>& samples;
    std::string_view text;       // What patterns are searched in.
    RuleTrace* trace = nullptr;  // Null unless explaining.
    bool is_matching = false;    // The patterns that are tried are known to match `text`.
  };

  bool may_match(std::string_view app_name, std::string_view text);
  [[gnu::noinline]] bool may_match(Selection& selection, std::string_view text);
  void match_text(const Input& input, std::vector<Sample>& samples, std::string_view text);
  void match_path(const Pass& pass);
  PathMatches search_path(const Pass& pass);
  bool take_match(std::uint32_t index, const Pass& pass);
  Selection::Candidates candidates(const Input& input, std::string_view text);
  Selection& selection_of(std::string_view app_name) {
    Selection* const known = apps.find(app_name);
    return known != nullptr ? *known : remembered_selection(app_name);
  }
  [[gnu::noinline]] Selection& remembered_selection(std::string_view app_name);
  [[gnu::noinline]] std::uint32_t find_selection(std::string_view app_name);
  std::uint32_t intern_selection(const std::vector<std::uint32_t>& rules_to_try);
  Outcome try_rule(std::uint32_t index, const Pass& pass);
  [[nodiscard]] Outcome check_header(const CompiledRule& rule, const Record& record) const;
  bool check_where(const CompiledRule& rule, const Pass& pass);
  Outcome search(const CompiledRule& rule, const Pass& pass);
  Outcome search_text(const CompiledRule& rule, std::string_view text, const Pass& pass);
  Outcome search_pattern(const CompiledRule& rule, std::string_view text, const Pass& pass);
  bool search_directly(const CompiledRule& rule, std::string_view text, const Pass& pass);
  bool finds_groups(const CompiledRule& rule, std::string_view text, const Pass& pass);
  bool finds_groups_in_end(const CompiledEnd& end, std::string_view text);
  Outcome read_fields(const CompiledRule& rule, std::string_view text);
  // What was kept of the record before: call it once per record.
  void begin_record() {
    fields_text = {};
    if (!kept_hosts.empty()) kept_hosts.clear();
    context_pack = kNoPack;
    key_pack = kNoPack;
  }
  // `found` is the context that the record has with the rule's pack now.
  void keep_context(const CompiledRule& rule, Context* found) {
    context_pack = rule.host_group == 0 ? rule.pack : kNoPack;
    context_found = found;
  }
  void apply(std::uint32_t index, const Pass& pass);
  void change_context(const CompiledRule& rule, const Pass& pass);
  void emit(std::uint32_t index, const CompiledEmit& emit, const Pass& pass);
  [[gnu::noinline]] bool is_wanted(const CompiledRule& rule, const CompiledEmit& emit,
                                   const Pass& pass);
  [[gnu::noinline]] void emit_each(std::uint32_t index, const CompiledEmit& emit, const Pass& pass);
  // `each` is what the '*' of the emit's "each" stands for.
  void emit_number(std::uint32_t index, const CompiledEmit& emit, std::optional<double> number,
                   std::string_view each, const Pass& pass);
  [[gnu::noinline]] void count_bad_value(const CompiledRule& rule, const CompiledEmit& emit,
                                         const Pass& pass);
  [[gnu::noinline]] void name_host(Sample& sample, const CompiledRule& rule,
                                   const CompiledEmit& emit, const Pass& pass);
  std::string_view host_of(const CompiledRule& rule, const CompiledEmit& emit, const Pass& pass);
  void note(std::uint32_t index, const CompiledNote& note, const Pass& pass);
  std::optional<double> read(const CompiledRule& rule, const CompiledValue& value,
                             const Pass& pass);
  std::optional<double> read_state(const CompiledRule& rule, const CompiledEmit& emit,
                                   const Pass& pass);
  // The field's text; nothing when it is not set, or no text. Lives until the next call.
  std::optional<std::string_view> read_field(const CompiledRule& rule, const CompiledValue& value,
                                             const Pass& pass);
  std::string_view read_text(const CompiledRule& rule, const CompiledValue& value,
                             const Pass& pass) {
    return read_field(rule, value, pass).value_or(std::string_view());
  }
  [[gnu::noinline]] const Metric* named_metric(std::uint32_t index, const CompiledEmit& emit,
                                               std::string_view each, const Pass& pass);
  std::string render(const CompiledRule& rule, const Template& text, const Pass& pass);
  std::string context_text(const CompiledRule& rule, VariableId variable, const Pass& pass);
  Context* context_of(const CompiledRule& rule, const Pass& pass);
  std::string_view context_key(const CompiledRule& rule, const Pass& pass);
  std::string describe_bad_value(const CompiledRule& rule, const CompiledEmit& emit,
                                 const Pass& pass);
  static std::string_view searched_text(const Input& input);
  bool is_met(const CompiledRule& rule, const CompiledCondition& condition, const Context* context,
              const Pass& pass);
  bool are_fields_met(const CompiledRule& rule, const Pass& pass);
  bool are_all_met(const CompiledRule& rule, const Pass& pass);
  std::string describe_unmet(const CompiledRule& rule, const CompiledCondition& condition,
                             const Context* context, const Pass& pass);
  void explain_rule(const Pass& pass, bool is_stopped);
  void describe(const CompiledRule& rule, const Pass& pass, Outcome outcome);
  bool would_match(std::uint32_t index, const Pass& pass);
  std::string describe_miss(const CompiledRule& rule, const Pass& pass, Outcome outcome,
                            const PatternProgress& progress);
  static std::string describe_literal(const CompiledRule& rule, const Pass& pass,
                                      const PatternProgress& progress);
  static std::string describe_pattern(const CompiledRule& rule, const PatternProgress& progress);
  std::string describe_where(const CompiledRule& rule, const Pass& pass);
  [[nodiscard]] std::string describe_fields(const CompiledRule& rule) const;
  std::vector<std::pair<std::string, std::string>> spell_context(const CompiledRule& rule,
                                                                 const Pass& pass);

  std::shared_ptr<const RuleSet> rules;
  const CompiledRules& compiled;
  ContextTable contexts;
  MatcherStats stats;
  // Names made from captures, per rule: bounded, and never moved, since samples point to them.
  std::vector<StringMap<const Metric*>> names_by_rule;
  std::deque<Metric> named_metrics;
  // Each list of rules has one, made when a record first needs it. By APP-NAME: those heard of
  // late, and those that no pack names in full.
  std::vector<std::unique_ptr<Selection>> selections;
  std::map<std::vector<std::uint32_t>, std::uint32_t> selection_numbers;
  AppMemo apps;
  TextCache selections_by_app{kAppsHeard};
  // What the last may_match() found out.
  struct {
    Selection::Candidates candidates;
    std::string_view text;
    // The first of the candidates, if it matches; its groups are in `groups`.
    const CompiledRule* found = nullptr;
  } asked;
  StringMap<std::uint32_t> selections_by_prefix_app;
  PathMemo paths;
  PatternBeginnings beginnings;  // For explanations.
  Closeness closeness;           // The same.
  // Scratch, reused from record to record.
  std::vector<std::string_view> groups;
  // The fields of `fields_text`, read as `fields_kind`, with `fields_found`: rules that read one
  // text the same way share them.
  FieldTable fields;
  std::string_view fields_text;
  FieldsDefinition::Kind fields_kind{};
  FieldsFound fields_found{};
  std::string unescaped;               // Of a parameter of structured data.
  std::deque<std::string> kept_hosts;  // Named by fields, which other rules read over.
  std::vector<std::uint32_t> matched;
  std::vector<MatchedNote> notes;
  std::string key;
  std::uint32_t key_pack = kNoPack;  // Whose the key is, for this record.
  // The context that the record has with a pack, found last; null: none. kNoPack: not known.
  std::uint32_t context_pack = kNoPack;
  Context* context_found = nullptr;
};

}  // namespace sluice
