#include "sluice/rules/rule_set.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/string_map.h"
#include "rules/compiled_rules.h"
#include "sluice/values/path_node.h"

namespace sluice {
namespace {

// How long a state counts where no sign of life says how often a host speaks.
constexpr std::chrono::seconds kDefaultTtl{3600};

std::string in_words(std::chrono::seconds time) {
  return time.count() == 0 ? "none" : std::to_string(time.count()) + " s";
}

std::string in_words(const std::string& text) { return text.empty() ? "none" : '"' + text + '"'; }

std::string in_words(const std::vector<std::string>& names) {
  std::string words;
  for (const std::string& name : names) words += (words.empty() ? "" : ", ") + name;
  return '[' + words + ']';
}

std::string in_words(const std::vector<Stat>& stats) {
  std::vector<std::string> names;
  for (const Stat stat : stats) names.emplace_back(name_of(stat));
  return in_words(names);
}

std::string in_words(Idle idle) {
  switch (idle) {
    case Idle::kDefault:
      return "default";
    case Idle::kGap:
      return "gap";
    case Idle::kZero:
      return "zero";
  }
  return "unknown";
}

// The first thing in which two metrics of one name differ: "ttl 60 s here, 3600 s".
std::string difference(const Metric& first, const Metric& other) {
  const auto tell = [](std::string_view key, const auto& there, const auto& here) {
    return std::string(key) + ' ' + in_words(here) + " here, " + in_words(there);
  };
  if (first.type != other.type) {
    return tell("type", std::string(name_of(first.type)), std::string(name_of(other.type)));
  }
  if (first.unit != other.unit) return tell("unit", first.unit, other.unit);
  if (first.states != other.states) return tell("values", first.states, other.states);
  if (first.ttl != other.ttl) return tell("ttl", first.ttl, other.ttl);
  if (first.hold != other.hold) return tell("hold", first.hold, other.hold);
  if (first.idle != other.idle) return tell("idle", first.idle, other.idle);
  if (first.limit != other.limit) return tell("limit", first.limit, other.limit);
  if (first.presence != other.presence) return tell("presence", first.presence, other.presence);
  if (first.host_stats != other.host_stats) {
    return tell("stats of hosts", first.host_stats, other.host_stats);
  }
  return tell("stats of clusters", first.cluster_stats, other.cluster_stats);
}

// Compiles packs one rule after the other; keeps what rules share: metrics and variables.
class Compiler {
 public:
  explicit Compiler(CompiledRules& out) : out_(out) {}

  Expected<void> compile() {
    for (std::uint32_t pack = 0; pack < out_.packs.size(); ++pack) {
      for (const RuleDefinition& rule : out_.packs[pack].rules) {
        if (auto done = compile_rule(pack, rule); !done) {
          return at(out_.packs[pack].file,
                    at("rule " + rule.name, std::move(done).error()).error());
        }
      }
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
    for (const std::uint8_t facility : definition.facilities) rule.facility_mask |= 1U << facility;
    for (const std::uint8_t severity : definition.severities) rule.severity_mask |= 1U << severity;
    if (auto done = compile_input(rule); !done) return done;
    rule.where = compile_conditions(rule, definition.where);
    if (auto done = compile_emits(rule); !done) return done;
    if (auto done = compile_context(rule); !done) return done;
    rule.uses_context = !rule.where.empty() || definition.context.has_value() ||
                        std::ranges::any_of(rule.emits, reads_context);
    out_.rules.push_back(std::move(rule));
    return {};
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
    return !emit.when.empty() || emit.value.source->kind == ValueSource::Kind::kContext;
  }

  Expected<void> compile_emits(CompiledRule& rule) {
    for (std::size_t i = 0; i < rule.definition->emits.size(); ++i) {
      const EmitDefinition& definition = rule.definition->emits[i];
      const std::string place = "emit " + std::to_string(i);
      CompiledEmit emit{.definition = &definition, .host_group = rule.host_group};
      auto value = compile_value(rule, definition.value);
      if (!value) return at(place, std::move(value).error());
      emit.value = *value;
      auto name = compile_template(rule, definition.metric.name);
      if (!name) return at(place + ": metric", std::move(name).error());
      emit.name = std::move(*name);
      if (!definition.host.empty()) {
        auto group = compile_group(rule, definition.host);
        if (!group) return at(place + ": host", std::move(group).error());
        emit.host_group = *group;
      }
      auto metric = complete_metric(out_.packs[rule.pack], definition);
      if (!metric) return at(place, std::move(metric).error());
      auto id = intern_metric(std::move(*metric), rule.full_name, emit.name.is_constant());
      if (!id) return at(place, std::move(id).error());
      emit.metric = *id;
      emit.when = compile_conditions(rule, definition.when);
      rule.emits.push_back(std::move(emit));
    }
    return {};
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
      rule.adds.push_back({.variable = intern_variable(rule.pack, name), .value = *value});
    }
    return {};
  }

  std::vector<CompiledCondition> compile_conditions(const CompiledRule& rule,
                                                    const std::vector<Condition>& conditions) {
    std::vector<CompiledCondition> compiled;
    for (const Condition& condition : conditions) {
      const bool is_of_line = rule.reads_graphite && condition.variable == "value";
      compiled.push_back({intern_variable(rule.pack, condition.variable), &condition, is_of_line});
    }
    return compiled;
  }

  Expected<CompiledValue> compile_value(CompiledRule& rule, const ValueSource& source) {
    CompiledValue value{.source = &source};
    if (rule.reads_graphite && source.kind == ValueSource::Kind::kStructuredData) {
      return fail("value: a Graphite line has no structured data");
    }
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

  static Expected<int> compile_group(CompiledRule& rule, const std::string& capture) {
    const int group = rule.pattern.group_number(capture);
    if (group == 0) {
      std::string known;
      for (const std::string& name : rule.pattern.group_names())
        known += (known.empty() ? "" : ", ") + name;
      return fail("expected a capture of the pattern (" + (known.empty() ? "it has none" : known) +
                  "), found \"" + capture + '"');
    }
    rule.group_count = std::max(rule.group_count, static_cast<std::size_t>(group) + 1);
    return group;
  }

  static Expected<Template> compile_template(CompiledRule& rule, std::string_view text) {
    Template compiled;
    while (!text.empty()) {
      const std::size_t open = text.find('{');
      if (open > 0) compiled.pieces.push_back({std::string(text.substr(0, open)), 0});
      if (open == std::string_view::npos) break;
      const std::size_t close = text.find('}', open);
      if (close == std::string_view::npos) return fail("expected a '}' after '{'");
      auto group = compile_group(rule, std::string(text.substr(open + 1, close - open - 1)));
      if (!group) return std::unexpected(std::move(group).error());
      compiled.pieces.push_back({{}, *group});
      text.remove_prefix(close + 1);
    }
    return compiled;
  }

  // The metric of an emit with what its type and its pack add.
  static Expected<Metric> complete_metric(const PackDefinition& pack,
                                          const EmitDefinition& definition) {
    Metric metric = definition.metric;
    // A host shows a sign of life by one sample; it may miss one before anybody calls it gone.
    const std::chrono::seconds reporting = pack.presence ? 2 * pack.presence->every : kDefaultTtl;
    if (definition.holds_as_presence) {
      if (!pack.presence) {
        return fail(
            "metric \"" + metric.name +
            "\": \"hold\": \"presence\" needs the \"presence\" of the pack; add it there, or "
            "give a duration here");
      }
      metric.hold = reporting;
    }
    if (metric.type == MetricType::kState) {
      if (metric.ttl.count() == 0) metric.ttl = reporting;
      if (pack.presence) metric.presence = pack.presence->name;
    }
    if (metric.host_stats.empty()) metric.host_stats = default_host_stats(metric.type);
    if (metric.cluster_stats.empty()) metric.cluster_stats = default_cluster_stats(metric.type);
    return metric;
  }

  Expected<std::uint32_t> intern_metric(Metric metric, const std::string& rule, bool is_constant) {
    if (is_constant && !is_metric_path(metric.name)) {
      return fail("expected a metric name of nodes [A-Za-z0-9_-] joined by dots, found \"" +
                  metric.name + '"');
    }
    const auto [known, is_new] =
        metric_ids_.try_emplace(metric.name, static_cast<std::uint32_t>(out_.metrics.size()));
    if (is_new) {
      out_.metrics.push_back(std::move(metric));
      first_rules_.push_back(rule);
    } else if (const Metric& first = out_.metrics[known->second]; first != metric) {
      return fail("metric \"" + metric.name + "\": " + difference(first, metric) + " in rule " +
                  first_rules_[known->second] +
                  "; both must say the same (in one pack, once under \"metrics\")");
    }
    return known->second;
  }

  VariableId intern_variable(std::uint32_t pack, const std::string& name) {
    const auto [known, is_new] = variable_ids_.try_emplace(
        std::pair(pack, name), static_cast<VariableId>(out_.variables.size()));
    if (is_new) out_.variables.push_back(name);
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
  StringMap<std::uint32_t> metric_ids_;
  std::vector<std::string> first_rules_;  // Of each metric, the rule that came first.
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

}  // namespace sluice
