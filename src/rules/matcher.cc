#include "sluice/rules/matcher.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

#include "rules/compiled_rules.h"
#include "rules/context.h"
#include "rules/matcher_state.h"

namespace sluice {
namespace {

using Outcome = RuleTrace::Outcome;

// RFC 3164 section 4.3.3: without a PRI a message counts as user.notice.
constexpr std::uint8_t kAssumedFacility = 1;
constexpr std::uint8_t kAssumedSeverity = 5;

// APP-NAMEs whose rules are remembered beside those that packs name in full.
constexpr std::size_t kAppCacheMax = 4096;

bool has_literals(const CompiledRule& rule, std::string_view text) {
  const auto& [prefix, inside] = rule.literals;
  return text.starts_with(prefix) &&
         (inside.empty() || text.find(inside) != std::string_view::npos);
}

}  // namespace

Matcher::Matcher(std::shared_ptr<const RuleSet> rules, const MatcherOptions& options)
    : state_(std::make_unique<State>(std::move(rules), options)) {}
Matcher::~Matcher() = default;

std::size_t Matcher::match(const Input& input, std::vector<Sample>& samples) {
  auto& matched = state_->matched;
  matched.clear();
  state_->begin_record();
  state_->notes.clear();
  const std::string_view text = State::searched_text(input);
  if (input.line != nullptr) {
    state_->match_path({input, samples, text});
  } else {
    state_->match_text(input, samples, text);
  }
  state_->stats.rules_matched += matched.size();
  return matched.size();
}

bool Matcher::may_begin(std::string_view app_name, std::string_view text) {
  return state_->selection_of(app_name).may_begin(text);
}

bool Matcher::may_match(std::string_view app_name, std::string_view text) {
  return state_->may_match(app_name, text);
}

const MatcherStats& Matcher::stats() const noexcept {
  state_->stats.contexts_evicted = state_->contexts.evicted();
  state_->stats.contexts_expired = state_->contexts.expired();
  return state_->stats;
}

const std::vector<MatchedNote>& Matcher::notes() const noexcept { return state_->notes; }
const std::vector<std::uint32_t>& Matcher::matched() const noexcept { return state_->matched; }
const RuleSet& Matcher::rules() const noexcept { return *state_->rules; }
std::size_t Matcher::context_count() const noexcept { return state_->contexts.size(); }

// Most lines end here.
bool Matcher::State::may_match(std::string_view app_name, std::string_view text) {
  Selection& selection = selection_of(app_name);
  asked.found = nullptr;
  asked.candidates.rules = {};
  return selection.may_begin(text) && may_match(selection, text);
}

// The first rule whose pattern matches answers the question, those before it are out. What a direct
// pattern found is kept: to search twice would cost each line that matches what others save.
bool Matcher::State::may_match(Selection& selection, std::string_view text) {
  asked.text = text;
  asked.candidates = selection.narrow(text);
  if (asked.candidates.are_matching) return !asked.candidates.rules.empty();
  for (std::span rules_left = asked.candidates.rules; !rules_left.empty();
       rules_left = rules_left.subspan(1)) {
    const CompiledRule& rule = compiled.rules[rules_left.front()];
    asked.candidates.rules = rules_left;
    if (!rule.pattern.is_direct()) {
      if (has_literals(rule, text) && rule.pattern.matches(text)) return true;
      continue;
    }
    groups.resize(rule.group_count);
    if (!rule.pattern.search(text, groups)) continue;
    asked.found = &rule;
    return true;
  }
  asked.candidates.rules = {};
  return false;
}

void Matcher::State::match_text(const Input& input, std::vector<Sample>& samples,
                                std::string_view text) {
  const Selection::Candidates candidates = this->candidates(input, text);
  const Pass pass{input, samples, text, nullptr, candidates.are_matching};
  for (const std::uint32_t index : candidates.rules) {
    if (try_rule(index, pass) == Outcome::kMatched && take_match(index, pass)) break;
  }
}

// The rule matched. True when it is the last one to be tried.
bool Matcher::State::take_match(std::uint32_t index, const Pass& pass) {
  matched.push_back(index);
  apply(index, pass);
  return compiled.rules[index].definition->stop;
}

// The same of a Graphite line. What patterns find in a path is remembered, all else is not.
void Matcher::State::match_path(const Pass& pass) {
  const PathMatches* known = paths.find(pass.text);
  if (known == nullptr) known = &paths.put(pass.text, search_path(pass));
  for (const PathMatch& match : *known) {
    groups.clear();
    for (const PathMatch::Group& group : match.groups) {
      groups.push_back(group.start == PathMatch::Group::kNone
                           ? std::string_view()
                           : pass.text.substr(group.start, group.size));
    }
    const CompiledRule& rule = compiled.rules[match.rule];
    if (rule.definition->fields && read_fields(rule, pass.text) != Outcome::kMatched) continue;
    if (are_all_met(rule, pass) && take_match(match.rule, pass)) break;
  }
}

// The rules whose pattern matches the path, in order.
PathMatches Matcher::State::search_path(const Pass& pass) {
  PathMatches found;
  for (const std::uint32_t index : compiled.for_graphite) {
    const CompiledRule& rule = compiled.rules[index];
    const bool is_found = check_header(rule, pass.input.record) == Outcome::kMatched &&
                          search_pattern(rule, pass.text, pass) == Outcome::kMatched;
    if (!is_found) continue;
    PathMatch& match = found.emplace_back();
    match.rule = index;
    for (const std::string_view group : groups) {
      PathMatch::Group& place = match.groups.emplace_back();
      if (group.data() == nullptr) continue;
      place.start = static_cast<std::uint16_t>(group.data() - pass.text.data());
      place.size = static_cast<std::uint16_t>(group.size());
    }
  }
  return found;
}

// With two readings of a text each rule knows itself which it takes.
Selection::Candidates Matcher::State::candidates(const Input& input, std::string_view text) {
  if (input.is_asked) return asked.candidates;
  Selection& selection = selection_of(input.record.app_name);
  if (!input.record.full_text.empty()) return {selection.rules()};
  return selection.narrow(text);
}

Selection& Matcher::State::remembered_selection(std::string_view app_name) {
  std::uint32_t number = selections_by_app.find(app_name);
  if (number == TextCache::kNone) {
    number = find_selection(app_name);
    selections_by_app.put(app_name, number);
  }
  apps.put(app_name, *selections[number]);
  return *selections[number];
}

std::uint32_t Matcher::State::find_selection(std::string_view app_name) {
  if (const auto found = compiled.by_app.find(app_name); found != compiled.by_app.end()) {
    return intern_selection(found->second);
  }
  if (!compiled.has_app_prefixes) return intern_selection(compiled.for_any_app);
  const auto cached = selections_by_prefix_app.find(app_name);
  if (cached != selections_by_prefix_app.end()) return cached->second;
  if (selections_by_prefix_app.size() >= kAppCacheMax) selections_by_prefix_app.clear();
  const std::uint32_t number = intern_selection(compiled.rules_for(app_name));
  selections_by_prefix_app.emplace(app_name, number);
  return number;
}

// However many names a program has, its rules are one list.
std::uint32_t Matcher::State::intern_selection(const std::vector<std::uint32_t>& rules_to_try) {
  const auto [known, is_new] =
      selection_numbers.try_emplace(rules_to_try, static_cast<std::uint32_t>(selections.size()));
  if (is_new) selections.push_back(std::make_unique<Selection>(compiled, rules_to_try));
  return known->second;
}

Outcome Matcher::State::try_rule(std::uint32_t index, const Pass& pass) {
  const CompiledRule& rule = compiled.rules[index];
  if (const Outcome header = check_header(rule, pass.input.record); header != Outcome::kMatched)
    return header;
  // Of a Graphite line the pattern finds the host, whose context is meant.
  if (rule.reads_graphite) {
    const Outcome found = search(rule, pass);
    if (found != Outcome::kMatched) return found;
    return are_all_met(rule, pass) ? found : Outcome::kWhere;
  }
  if (!rule.where.empty() && !check_where(rule, pass)) return Outcome::kWhere;
  const Outcome found = search(rule, pass);
  if (rule.where_fields.empty() || found != Outcome::kMatched) return found;
  return are_fields_met(rule, pass) ? found : Outcome::kWhere;
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
    return is_met(rule, condition, context, pass);
  });
}

bool Matcher::State::are_all_met(const CompiledRule& rule, const Pass& pass) {
  if (!rule.where.empty() && !check_where(rule, pass)) return false;
  return are_fields_met(rule, pass);
}

bool Matcher::State::are_fields_met(const CompiledRule& rule, const Pass& pass) {
  return std::ranges::all_of(rule.where_fields, [&](const CompiledCondition& condition) {
    return is_met(rule, condition, nullptr, pass);
  });
}

bool Matcher::State::is_met(const CompiledRule& rule, const CompiledCondition& condition,
                            const Context* context, const Pass& pass) {
  if (condition.is_of_line) return holds(*condition.condition, pass.input.line->value);
  if (condition.field) {
    return holds(*condition.condition, read_field(rule, *condition.field, pass));
  }
  return holds(condition, context);
}

// Tries the text, then, where the tag may have been a part of it, the two together.
Outcome Matcher::State::search(const CompiledRule& rule, const Pass& pass) {
  const Outcome outcome = search_text(rule, pass.text, pass);
  if (outcome == Outcome::kMatched || pass.input.record.full_text.empty()) return outcome;
  return rule.definition->apps.empty() ? search_text(rule, pass.input.record.full_text, pass)
                                       : outcome;
}

Outcome Matcher::State::search_text(const CompiledRule& rule, std::string_view text,
                                    const Pass& pass) {
  const Outcome found = search_pattern(rule, text, pass);
  if (found != Outcome::kMatched || !rule.definition->fields) return found;
  return read_fields(rule, text);
}

Outcome Matcher::State::search_pattern(const CompiledRule& rule, std::string_view text,
                                       const Pass& pass) {
  if (pass.trace == nullptr && rule.pattern.is_direct()) {
    return search_directly(rule, text, pass) ? Outcome::kMatched : Outcome::kPattern;
  }
  if (!has_literals(rule, text)) return Outcome::kLiteral;
  groups.assign(pass.trace == nullptr ? rule.group_count : rule.pattern.group_count(), {});
  return finds_groups(rule, text, pass) ? Outcome::kMatched : Outcome::kPattern;
}

// Its literals are what such a pattern looks at first anyway.
bool Matcher::State::search_directly(const CompiledRule& rule, std::string_view text,
                                     const Pass& pass) {
  if (pass.input.is_asked && asked.found == &rule && asked.text.data() == text.data() &&
      asked.text.size() == text.size()) {
    asked.found = nullptr;  // The next rule overwrites its groups.
    return true;
  }
  groups.resize(rule.group_count);
  return (pass.is_matching && groups.empty()) || rule.pattern.search(text, groups);
}

// To find groups RE2 tries an anchored pattern by backtracking, which costs ten times what its
// automaton takes to say that there is no match. Behind a long literal there nearly always is one,
// and so in a Graphite path that has a rule's literal.
bool Matcher::State::finds_groups(const CompiledRule& rule, std::string_view text,
                                  const Pass& pass) {
  constexpr std::size_t kTellingOctets = 8;
  if (groups.empty()) return pass.is_matching || rule.pattern.search(text, groups);
  const bool has_end = rule.end && pass.trace == nullptr;
  const bool is_likely =
      rule.reads_graphite || (!has_end && rule.literals.prefix.size() >= kTellingOctets);
  if (!pass.is_matching && !is_likely && !rule.pattern.matches(text)) return false;
  return (has_end && !is_likely && finds_groups_in_end(*rule.end, text)) ||
         rule.pattern.search(text, groups);
}

// Of a text that the whole pattern matches: a quarter of the way, and nearly always without
// backtracking.
bool Matcher::State::finds_groups_in_end(const CompiledEnd& end, std::string_view text) {
  const std::size_t start = text.find(end.literal);
  if (start == std::string_view::npos) return false;
  if (text.find(end.literal, start + 1) != std::string_view::npos) return false;
  return end.pattern.search(text.substr(start), groups);
}

Outcome Matcher::State::read_fields(const CompiledRule& rule, std::string_view text) {
  const FieldsDefinition& wanted = *rule.definition->fields;
  if (rule.fields_group != 0) text = groups[static_cast<std::size_t>(rule.fields_group)];
  const bool is_read = fields_text.data() == text.data() && fields_text.size() == text.size() &&
                       fields_text.data() != nullptr && fields_kind == wanted.kind;
  if (!is_read) {
    fields_found = wanted.kind == FieldsDefinition::Kind::kJson ? fields.read_json(text)
                                                                : fields.read_pairs(text);
    fields_text = text;
    fields_kind = wanted.kind;
    if (fields_found == FieldsFound::kBroken) ++stats.fields_broken;
  }
  return fields_found == FieldsFound::kSome ? Outcome::kMatched : Outcome::kFields;
}

// One record's rules of a pack ask for the same context a dozen times. Where the pattern finds the
// host, each match may mean another one.
Context* Matcher::State::context_of(const CompiledRule& rule, const Pass& pass) {
  if (!rule.has_context) return nullptr;
  if (context_pack != rule.pack || rule.host_group != 0) {
    keep_context(rule, contexts.find(context_key(rule, pass), pass.input.now));
  }
  return context_found;
}

// What patterns are searched in.
std::string_view Matcher::State::searched_text(const Input& input) {
  return input.line != nullptr ? input.line->path : text_of(input.record);
}

// With a host in the pattern only after it has matched. One record's rules of a pack ask for the
// same key again and again.
std::string_view Matcher::State::context_key(const CompiledRule& rule, const Pass& pass) {
  if (rule.host_group == 0 && key_pack == rule.pack) return key;
  std::array<char, 10> digits;  // Of any pack's number.
  const char* const end =
      std::to_chars(digits.data(), digits.data() + digits.size(), rule.pack).ptr;
  key.assign(digits.data(), static_cast<std::size_t>(end - digits.data()));
  const std::string_view host =
      rule.host_group == 0 ? pass.input.host : groups[static_cast<std::size_t>(rule.host_group)];
  for (const std::string_view part : {host, pass.input.record.app_name, pass.input.record.procid}) {
    key += '\0';  // Stands in none of the parts: the parser ends fields at control octets.
    key += part;
  }
  key_pack = rule.host_group == 0 ? rule.pack : kNoPack;
  return key;
}

}  // namespace sluice
