#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/string_map.h"
#include "rules/first_octets.h"
#include "rules/literal.h"
#include "sluice/rules/definition.h"
#include "sluice/rules/pattern.h"
#include "sluice/values/metric.h"

namespace sluice {

// A variable of the context, numbered within all packs so that packs never meet in one.
using VariableId = std::uint32_t;

struct CompiledValue {
  ValueSource source;
  int group = 0;            // kCapture
  VariableId variable = 0;  // kContext
  bool is_of_line = false;  // The number of a Graphite line, instead of all else.
};

// Text with {field} in it, cut into pieces once.
struct Template {
  struct Piece {
    std::string text;
    std::optional<CompiledValue> field;  // Whose text stands here instead.
    bool is_each = false;                // What the '*' of "each" stands for, instead.
    bool is_message = false;             // Of a note: the text that was searched stands here.
  };
  std::vector<Piece> pieces;

  [[nodiscard]] bool is_constant() const noexcept {
    return pieces.empty() || (pieces.size() == 1 && !pieces[0].field && !pieces[0].is_each);
  }
};

struct CompiledCondition {
  VariableId variable = 0;
  const Condition* condition = nullptr;
  bool is_of_line = false;             // On the number of a Graphite line, not on the context.
  std::optional<CompiledValue> field;  // On a field, not on the context.
};

// The fields that an emit has one sample each of: those named PREFIX, something, SUFFIX.
struct CompiledEach {
  ValueSource::Kind kind = ValueSource::Kind::kField;
  std::string sd_id;
  std::string prefix;
  std::string suffix;
  std::vector<std::pair<int, std::string>> groups;  // kCapture: what '*' stands for, by group.
};

struct CompiledEmit {
  const EmitDefinition* definition = nullptr;
  CompiledValue value;
  std::optional<CompiledValue> host;
  std::optional<CompiledEach> each;
  std::uint32_t metric = 0;  // Index of the metric; with a template, of its prototype.
  Template name;             // Used when the name holds captures.
  std::vector<CompiledCondition> when;
};

struct CompiledNote {
  const NoteDefinition* definition = nullptr;
  Template text;
  int host_group = 0;
  std::chrono::seconds ttl{0};
  std::vector<CompiledCondition> when;

  [[nodiscard]] bool reads_context() const noexcept {
    return !when.empty() || std::ranges::any_of(text.pieces, [](const Template::Piece& piece) {
      return piece.field && piece.field->source.kind == ValueSource::Kind::kContext;
    });
  }
};

struct CompiledSet {
  VariableId variable = 0;
  double number = 0;
  bool is_text = false;
  Template text;
};

struct CompiledAdd {
  VariableId variable = 0;
  CompiledValue value;
};

// A pattern's end behind which all its groups stand: see end_with_groups().
struct CompiledEnd {
  std::string literal;
  Pattern pattern;
};

struct CompiledRule {
  const RuleDefinition* definition = nullptr;
  std::string full_name;  // "pack/rule"
  std::uint32_t pack = 0;
  Pattern pattern;
  RequiredLiterals literals;
  std::string beginning;            // As literals.prefix, of patterns that begin with (?s), too.
  OctetSet first_octets;            // What a text that matches may begin with.
  std::optional<CompiledEnd> end;   // Quicker than `pattern` to find groups in a text that matches.
  std::size_t group_count = 0;      // How many groups match() must find, the whole match included.
  std::uint32_t facility_mask = 0;  // A bit per facility; 0: any.
  std::uint32_t severity_mask = 0;
  std::vector<CompiledCondition> where;         // On the context; tested before the pattern.
  std::vector<CompiledCondition> where_fields;  // Tested after it.
  int fields_group = 0;                         // The capture to read fields from; 0: all the text.
  std::vector<CompiledEmit> emits;
  std::vector<CompiledNote> notes;
  std::vector<CompiledSet> sets;
  std::vector<CompiledAdd> adds;
  bool uses_context = false;
  bool has_context = false;     // Its pack has variables; without any there never is a context.
  bool reads_graphite = false;  // And no syslog.
  int host_group = 0;           // Graphite input: the group that names the host.
};

// What RuleSet owns. `packs` is kept because the compiled rules point into it.
struct CompiledRules {
  std::vector<PackDefinition> packs;
  std::vector<CompiledRule> rules;
  std::vector<Metric> metrics;
  std::vector<std::string> variables;         // Name by VariableId, as the pack says it.
  std::vector<std::uint32_t> variable_packs;  // Whose it is, by VariableId.
  // Rules to try by APP-NAME, in order; the programs no rule names get `for_any_app`.
  StringMap<std::vector<std::uint32_t>> by_app;
  std::vector<std::uint32_t> for_any_app;
  std::vector<std::uint32_t> for_graphite;  // Those that read Graphite lines.
  bool has_app_prefixes = false;

  // The rules of syslog that an APP-NAME's records are tried on, found the slow way.
  [[nodiscard]] std::vector<std::uint32_t> rules_for(std::string_view app_name) const;
};

// True if `app_name` is one of `apps` (exact, or a prefix that ends in '*'), or `apps` is empty.
[[nodiscard]] bool app_matches(const std::vector<std::string>& apps, std::string_view app_name);

// What stands in `name` between `prefix` and `suffix`: one octet at least.
[[nodiscard]] std::optional<std::string_view> between(std::string_view name,
                                                      std::string_view prefix,
                                                      std::string_view suffix) noexcept;

}  // namespace sluice
