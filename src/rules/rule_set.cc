#include "sluice/rules/rule_set.h"

#include <algorithm>
#include <utility>

#include "base/nearest.h"
#include "base/string_map.h"
#include "rules/compiled_rules.h"
#include "rules/metric_table.h"
#include "sluice/rules/source.h"

namespace sluice {
namespace {

std::string unknown_capture(const std::vector<std::string>& names, std::string_view capture) {
  std::string known;
  for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  return "expected a capture of the pattern (" + (known.empty() ? "it has none" : known) +
         "), found \"" + std::string(capture) + '"' + did_you_mean(capture, candidates);
}

// Compiles packs one rule after the other; keeps what rules share: metrics and variables.
class Compiler {
 public:
  explicit Compiler(CompiledRules& out) : out_(out), metrics_(out.metrics) {}

  Expected<void> compile() {
    for (std::uint32_t pack = 0; pack < out_.packs.size(); ++pack) {
      for (const RuleDefinition& rule : out_.packs[pack].rules) {
        if (auto done = compile_rule(pack, rule); !done) {
          return at(out_.packs[pack].file,
                    at("rule " + rule.name, std::move(done).error()).error());
        }
      }
    }
    for (CompiledRule& rule : out_.rules) {
      rule.has_context =
          std::ranges::find(out_.variable_packs, rule.pack) != out_.variable_packs.end();
    }
    index_apps();
    return {};
  }

 private:
  Expected<void> compile_rule(std::uint32_t pack, const RuleDefinition& definition) {
    auto pattern = Pattern::compile(definition.match);
    if (!pattern) return at("match", std::move(pattern).error());
    CompiledRule rule{.definition = &definition,
                      .full_name = out_.packs[pack].name + '/' + definition.name,
                      .pack = pack,
                      .pattern = std::move(*pattern),
                      .literals = required_literals(definition.match)};
    rule.beginning = beginning_of(definition.match);
    rule.first_octets = first_octets_.of(definition.match);
    for (const std::uint8_t facility : definition.facilities) rule.facility_mask |= 1U << facility;
    for (const std::uint8_t severity : definition.severities) rule.severity_mask |= 1U << severity;
    if (auto done = compile_input(rule); !done) return done;
    if (auto done = compile_fields(rule); !done) return done;
    if (auto done = compile_where(rule); !done) return done;
    if (auto done = compile_emits(rule); !done) return done;
    if (auto done = compile_notes(rule); !done) return done;
    if (auto done = compile_context(rule); !done) return done;
    compile_end(rule);
    rule.uses_context = !rule.where.empty() || definition.context.has_value() ||
                        std::ranges::any_of(rule.emits, reads_context) ||
                        std::ranges::any_of(rule.notes, &CompiledNote::reads_context);
    out_.rules.push_back(std::move(rule));
    return {};
  }

  static std::string beginning_of(std::string_view pattern) {
    if (pattern.starts_with("(?s)")) pattern.remove_prefix(4);
    return required_literals(pattern).prefix;
  }

  // When all that needs groups has been compiled.
  static void compile_end(CompiledRule& rule) {
    if (rule.group_count == 0) return;
    auto end = end_with_groups(rule.definition->match);
    if (!end) return;
    if (auto pattern = Pattern::compile(end->pattern)) {
      rule.end = {.literal = std::move(end->literal), .pattern = std::move(*pattern)};
    }
  }

  static Expected<void> compile_input(CompiledRule& rule) {
    const RuleDefinition& definition = *rule.definition;
    rule.reads_graphite =
        std::ranges::find(definition.inputs, "graphite") != definition.inputs.end();
    if (!rule.reads_graphite) return {};
    if (rule.pattern.group_number("value") != 0) {
      return fail("match: \"value\" is the number of a Graphite line; name the capture otherwise");
    }
    if (definition.host.empty()) return {};
    auto group = compile_group(rule, definition.host);
    if (!group) return at("host", std::move(group).error());
    rule.host_group = *group;
    return {};
  }

  static bool reads_context(const CompiledEmit& emit) {
    return emit.value.source.kind == ValueSource::Kind::kContext ||
           std::ranges::any_of(emit.when, [](const auto& condition) { return !condition.field; });
  }

  static Expected<void> compile_fields(CompiledRule& rule) {
    const auto& fields = rule.definition->fields;
    if (!fields || fields->from.empty()) return {};
    auto group = compile_group(rule, fields->from);
    if (!group) return at("fields", std::move(group).error());
    rule.fields_group = *group;
    return {};
  }

  // Conditions on fields are told apart from those on the context, which cost less than the pattern
  // and come before it.
  Expected<void> compile_where(CompiledRule& rule) {
    auto conditions = compile_conditions(rule, rule.definition->where);
    if (!conditions) return at("where", std::move(conditions).error());
    for (CompiledCondition& condition : *conditions) {
      (condition.field ? rule.where_fields : rule.where).push_back(std::move(condition));
    }
    return {};
  }

  Expected<void> compile_emits(CompiledRule& rule) {
    for (std::size_t i = 0; i < rule.definition->emits.size(); ++i) {
      if (auto done = compile_emit(rule, rule.definition->emits[i]); !done) {
        return at("emit " + std::to_string(i), std::move(done).error());
      }
    }
    return {};
  }

  Expected<void> compile_emit(CompiledRule& rule, const EmitDefinition& definition) {
    CompiledEmit emit{.definition = &definition};
    auto value = compile_value(rule, definition.value);
    if (!value) return std::unexpected(std::move(value).error());
    emit.value = std::move(*value);
    if (auto done = compile_each(rule, emit); !done) return at("each", std::move(done).error());
    auto name = compile_template(rule, definition.metric.name, emit.each.has_value());
    if (!name) return at("metric", std::move(name).error());
    emit.name = std::move(*name);
    if (emit.each && std::ranges::none_of(emit.name.pieces, &Template::Piece::is_each)) {
      return fail("metric: expected {each} in the name, so that each field has one of its own");
    }
    if (auto done = compile_host(rule, emit); !done) return at("host", std::move(done).error());
    auto metric = complete_metric(out_.packs[rule.pack], definition);
    if (!metric) return std::unexpected(std::move(metric).error());
    auto id = metrics_.intern(std::move(*metric), rule.full_name, emit.name.is_constant());
    if (!id) return std::unexpected(std::move(id).error());
    emit.metric = *id;
    auto when = compile_conditions(rule, definition.when);
    if (!when) return at("when", std::move(when).error());
    emit.when = std::move(*when);
    rule.emits.push_back(std::move(emit));
    return {};
  }

  static Expected<void> compile_host(CompiledRule& rule, CompiledEmit& emit) {
    if (emit.definition->host.empty()) {
      if (rule.host_group != 0) emit.host = CompiledValue{.source = {}, .group = rule.host_group};
      if (emit.host) emit.host->source.kind = ValueSource::Kind::kCapture;
      return {};
    }
    auto host = compile_text_field(rule, emit.definition->host);
    if (!host) return std::unexpected(std::move(host).error());
    emit.host = std::move(*host);
    return {};
  }

  // What "each" names, cut at its '*'.
  static Expected<void> compile_each(CompiledRule& rule, CompiledEmit& emit) {
    if (emit.definition->each.empty()) return {};
    auto source = parse_value_source(emit.definition->each);
    if (!source) return std::unexpected(std::move(source).error());
    const bool is_sd = source->kind == ValueSource::Kind::kStructuredData;
    const std::string& name = is_sd ? source->param : source->name;
    const std::size_t star = name.find('*');
    if (star == std::string::npos || name.find('*', star + 1) != std::string::npos) {
      return fail("expected one '*', such as \"field.resources_*\", got \"" +
                  emit.definition->each + '"');
    }
    CompiledEach each{.kind = source->kind,
                      .sd_id = is_sd ? source->name : "",
                      .prefix = name.substr(0, star),
                      .suffix = name.substr(star + 1)};
    if (auto done = check_source(rule, *source); !done) return done;
    if (source->kind == ValueSource::Kind::kCapture) {
      if (auto done = compile_each_group(rule, each); !done) return done;
    }
    emit.each = std::move(each);
    return {};
  }

  static Expected<void> compile_each_group(CompiledRule& rule, CompiledEach& each) {
    for (const std::string& name : rule.pattern.group_names()) {
      const auto star = between(name, each.prefix, each.suffix);
      if (!star) continue;
      auto group = compile_group(rule, name);
      if (!group) return std::unexpected(std::move(group).error());
      each.groups.emplace_back(*group, std::string(*star));
    }
    if (!each.groups.empty()) return {};
    return fail("no capture of the pattern is called \"" + each.prefix + '*' + each.suffix + '"');
  }

  Expected<void> compile_notes(CompiledRule& rule) {
    for (const NoteDefinition& definition : rule.definition->notes) {
      CompiledNote note{.definition = &definition,
                        .host_group = rule.host_group,
                        .ttl = reporting_time(out_.packs[rule.pack])};
      auto text = compile_note_text(rule, definition.text);
      if (!text) return at("note: text", std::move(text).error());
      note.text = std::move(*text);
      if (!definition.host.empty()) {
        auto group = compile_group(rule, definition.host);
        if (!group) return at("note: host", std::move(group).error());
        note.host_group = *group;
      }
      auto when = compile_conditions(rule, definition.when);
      if (!when) return at("note: when", std::move(when).error());
      note.when = std::move(*when);
      rule.notes.push_back(std::move(note));
    }
    return {};
  }

  // A template in which {message} stands for the whole text, unless a capture has this name, and
  // {context.NAME} for what the context says.
  Expected<Template> compile_note_text(CompiledRule& rule, std::string_view text) {
    const auto own = find_own_piece(rule, text);
    auto compiled = compile_template(rule, text.substr(0, own.place));
    if (!compiled || own.place == std::string_view::npos) return compiled;
    if (own.variable.empty()) {
      compiled->pieces.push_back({.is_message = true});
    } else {
      CompiledValue value{.source = {.kind = ValueSource::Kind::kContext},
                          .variable = intern_variable(rule.pack, own.variable)};
      compiled->pieces.push_back({.field = std::move(value)});
    }
    auto rest = compile_note_text(rule, text.substr(own.place + own.length));
    if (!rest) return rest;
    for (Template::Piece& piece : rest->pieces) compiled->pieces.push_back(std::move(piece));
    return compiled;
  }

  // The first "{message}" or "{context.NAME}" of a note's text.
  struct OwnPiece {
    std::size_t place = std::string_view::npos;
    std::size_t length = 0;
    std::string variable;  // Empty: the message.
  };

  static OwnPiece find_own_piece(const CompiledRule& rule, std::string_view text) {
    constexpr std::string_view kMessage = "{message}";
    constexpr std::string_view kContext = "{context.";
    OwnPiece found;
    if (rule.pattern.group_number("message") == 0)
      found = {.place = text.find(kMessage), .length = kMessage.size(), .variable = {}};
    const std::size_t open = text.find(kContext);
    const std::size_t close = text.find('}', open);
    if (open >= found.place || close == std::string_view::npos) return found;
    const std::size_t name = open + kContext.size();
    if (name == close) return found;
    return {.place = open,
            .length = close + 1 - open,
            .variable = std::string(text.substr(name, close - name))};
  }

  // How long a host counts as reporting after a sign of life; it may miss one before anybody calls
  // it gone.
  static std::chrono::seconds reporting_time(const PackDefinition& pack) {
    constexpr std::chrono::seconds kDefaultTtl{3600};
    return pack.presence ? 2 * pack.presence->every : kDefaultTtl;
  }

  Expected<void> compile_context(CompiledRule& rule) {
    if (!rule.definition->context) return {};
    const auto is_value = [](const auto& change) { return change.first == "value"; };
    if (rule.reads_graphite && (std::ranges::any_of(rule.definition->context->set, is_value) ||
                                std::ranges::any_of(rule.definition->context->add, is_value))) {
      return fail(
          "context: \"value\" is the number of a Graphite line; name the variable otherwise");
    }
    for (const auto& [name, value] : rule.definition->context->set) {
      CompiledSet set{.variable = intern_variable(rule.pack, name)};
      if (const auto* text = std::get_if<std::string>(&value)) {
        auto compiled = compile_template(rule, *text);
        if (!compiled) return at("context: set: " + name, std::move(compiled).error());
        set.is_text = true;
        set.text = std::move(*compiled);
      } else {
        set.number = std::get<double>(value);
      }
      rule.sets.push_back(std::move(set));
    }
    for (const auto& [name, source] : rule.definition->context->add) {
      auto value = compile_value(rule, source);
      if (!value) return at("context: add: " + name, std::move(value).error());
      rule.adds.push_back(
          {.variable = intern_variable(rule.pack, name), .value = std::move(*value)});
    }
    return {};
  }

  Expected<std::vector<CompiledCondition>> compile_conditions(
      CompiledRule& rule, const std::vector<Condition>& conditions) {
    std::vector<CompiledCondition> compiled;
    for (const Condition& condition : conditions) {
      CompiledCondition& one = compiled.emplace_back();
      one.condition = &condition;
      one.is_of_line = rule.reads_graphite && condition.variable == "value";
      if (one.is_of_line) continue;
      if (condition.variable.find('.') == std::string::npos) {
        one.variable = intern_variable(rule.pack, condition.variable);
        continue;
      }
      auto field = compile_text_field(rule, condition.variable);
      if (!field) return std::unexpected(std::move(field).error());
      one.field = std::move(*field);
    }
    return compiled;
  }

  // Whether the rule has what `source` speaks of at all.
  static Expected<void> check_source(const CompiledRule& rule, const ValueSource& source) {
    if (rule.reads_graphite && source.kind == ValueSource::Kind::kStructuredData) {
      return fail("a Graphite line has no structured data");
    }
    if (source.kind == ValueSource::Kind::kField && !rule.definition->fields) {
      return fail('"' + spell(source) +
                  "\" needs \"fields\": \"json\" or \"fields\": \"kv\" in the rule");
    }
    return {};
  }

  Expected<CompiledValue> compile_value(CompiledRule& rule, const ValueSource& source) {
    if (auto done = check_source(rule, source); !done) {
      return at("value", std::move(done).error());
    }
    CompiledValue value{.source = source};
    value.is_of_line =
        rule.reads_graphite && source.kind == ValueSource::Kind::kCapture && source.name == "value";
    if (value.is_of_line) return value;
    if (source.kind == ValueSource::Kind::kCapture) {
      auto group = compile_group(rule, source.name);
      if (!group) return at("value", std::move(group).error());
      value.group = *group;
    } else if (source.kind == ValueSource::Kind::kContext) {
      value.variable = intern_variable(rule.pack, source.name);
    }
    return value;
  }

  // A capture, "field.PATH" or "sd.ID.NAME", for its text.
  static Expected<CompiledValue> compile_text_field(CompiledRule& rule, std::string_view text) {
    auto source = parse_value_source(text);
    if (!source) return std::unexpected(std::move(source).error());
    if (source->kind == ValueSource::Kind::kContext) {
      return fail("expected a capture, \"field.PATH\" or \"sd.SD-ID.PARAM-NAME\", found \"" +
                  std::string(text) + '"');
    }
    if (auto done = check_source(rule, *source); !done) {
      return std::unexpected(std::move(done).error());
    }
    CompiledValue value{.source = std::move(*source)};
    if (value.source.kind == ValueSource::Kind::kCapture) {
      auto group = compile_group(rule, value.source.name);
      if (!group) return std::unexpected(std::move(group).error());
      value.group = *group;
    }
    return value;
  }

  static Expected<int> compile_group(CompiledRule& rule, const std::string& capture) {
    const int group = rule.pattern.group_number(capture);
    if (group == 0) return fail(unknown_capture(rule.pattern.group_names(), capture));
    rule.group_count = std::max(rule.group_count, static_cast<std::size_t>(group) + 1);
    return group;
  }

  static Expected<Template> compile_template(CompiledRule& rule, std::string_view text,
                                             bool has_each = false) {
    Template compiled;
    while (!text.empty()) {
      const std::size_t open = text.find('{');
      if (open > 0) compiled.pieces.push_back({.text = std::string(text.substr(0, open))});
      if (open == std::string_view::npos) break;
      const std::size_t close = text.find('}', open);
      if (close == std::string_view::npos) return fail("expected a '}' after '{'");
      const std::string_view name = text.substr(open + 1, close - open - 1);
      if (has_each && name == "each") {
        compiled.pieces.push_back({.is_each = true});
      } else {
        auto field = compile_text_field(rule, name);
        if (!field) return std::unexpected(std::move(field).error());
        compiled.pieces.push_back({.field = std::move(*field)});
      }
      text.remove_prefix(close + 1);
    }
    return compiled;
  }

  VariableId intern_variable(std::uint32_t pack, const std::string& name) {
    const auto [known, is_new] = variable_ids_.try_emplace(
        std::pair(pack, name), static_cast<VariableId>(out_.variables.size()));
    if (is_new) {
      out_.variables.push_back(name);
      out_.variable_packs.push_back(pack);
    }
    return known->second;
  }

  void index_apps() {
    for (std::uint32_t rule = 0; rule < out_.rules.size(); ++rule) {
      const auto& apps = out_.rules[rule].definition->apps;
      if (out_.rules[rule].reads_graphite) {
        out_.for_graphite.push_back(rule);
      } else if (apps.empty()) {
        out_.for_any_app.push_back(rule);
      }
      for (const std::string& app : apps) {
        if (app.ends_with('*')) {
          out_.has_app_prefixes = true;
        } else {
          out_.by_app.try_emplace(app);
        }
      }
    }
    for (auto& [app, rules] : out_.by_app) rules = out_.rules_for(app);
  }

  CompiledRules& out_;
  MetricTable metrics_;
  FirstOctets first_octets_;
  absl::flat_hash_map<std::pair<std::uint32_t, std::string>, VariableId> variable_ids_;
};

}  // namespace

bool app_matches(const std::vector<std::string>& apps, std::string_view app_name) {
  return apps.empty() || std::ranges::any_of(apps, [&](std::string_view app) {
           if (!app.ends_with('*')) return app == app_name;
           app.remove_suffix(1);
           return app_name.starts_with(app);
         });
}

std::optional<std::string_view> between(std::string_view name, std::string_view prefix,
                                        std::string_view suffix) noexcept {
  const bool is_there = name.size() > prefix.size() + suffix.size() && name.starts_with(prefix) &&
                        name.ends_with(suffix);
  if (!is_there) return std::nullopt;
  return name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
}

std::vector<std::uint32_t> CompiledRules::rules_for(std::string_view app_name) const {
  std::vector<std::uint32_t> found;
  for (std::uint32_t rule = 0; rule < rules.size(); ++rule) {
    if (rules[rule].reads_graphite) continue;
    if (app_matches(rules[rule].definition->apps, app_name)) found.push_back(rule);
  }
  return found;
}

Expected<std::shared_ptr<const RuleSet>> RuleSet::compile(
    const std::vector<PackDefinition>& packs) {
  auto compiled = std::make_unique<CompiledRules>();
  compiled->packs = packs;
  if (auto done = Compiler(*compiled).compile(); !done)
    return std::unexpected(std::move(done).error());
  return std::make_shared<const RuleSet>(std::move(compiled));
}

RuleSet::RuleSet(std::unique_ptr<const CompiledRules> compiled) : compiled_(std::move(compiled)) {}
RuleSet::~RuleSet() = default;

std::size_t RuleSet::size() const noexcept { return compiled_->rules.size(); }
const std::string& RuleSet::name(std::uint32_t rule) const {
  return compiled_->rules[rule].full_name;
}
const std::string& RuleSet::match_text(std::uint32_t rule) const {
  return compiled_->rules[rule].definition->match;
}
const std::vector<std::string>& RuleSet::apps(std::uint32_t rule) const {
  return compiled_->rules[rule].definition->apps;
}
std::string_view RuleSet::presence(std::uint32_t rule) const {
  const PackDefinition& pack = compiled_->packs[compiled_->rules[rule].pack];
  return pack.presence ? std::string_view(pack.presence->name) : std::string_view();
}

std::vector<std::string> RuleSet::note_kinds() const {
  std::vector<std::string> kinds;
  for (const CompiledRule& rule : compiled_->rules) {
    for (const NoteDefinition& note : rule.definition->notes) kinds.push_back(note.kind);
  }
  return kinds;
}

}  // namespace sluice
