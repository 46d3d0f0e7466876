#include "sluice/rules/overlaps.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "sluice/rules/examples.h"

namespace sluice {
namespace {

// Enough to recognise a list by.
constexpr std::size_t kNamesShown = 4;

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kNamesShown); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kNamesShown)
    text += " and " + std::to_string(names.size() - kNamesShown) + " more";
  return text;
}

// True for metrics of which a second sample changes the value: a level or a state that is told
// twice stays what it is.
bool is_counted(const Metric& metric) {
  return metric.type == MetricType::kCounter || metric.type == MetricType::kTiming ||
         metric.type == MetricType::kDistribution;
}

// The rules that made samples of each metric of one line, and how it names its host.
using Makers = std::map<std::pair<std::string, std::string>, std::set<std::uint32_t>>;

class Finder {
 public:
  Finder(const std::shared_ptr<const RuleSet>& rules, RuleOverlaps& found)
      : rules_(rules), reader_(rules), found_(found) {}

  void read(const RuleDefinition& rule, std::uint32_t index) {
    bool is_seen = false;
    bool is_wanted = false;
    for (const ExampleDefinition& example : rule.examples) {
      if (example.gives.empty()) continue;
      is_wanted = true;
      // An example of several lines may count one name in several of them.
      if (example.lines.size() > 1) is_seen = true;
      Makers makers;
      reader_.read(rule, example, [&](const Sample& sample) {
        if (sample.rule == index) is_seen = true;
        if (is_counted(*sample.metric))
          makers[{sample.metric->name, std::string(sample.host)}].insert(sample.rule);
      });
      if (example.lines.size() == 1) note_double_counts(makers, index, example.lines.front());
    }
    if (is_wanted && !is_seen) note_hidden(index);
  }

 private:
  void note_double_counts(const Makers& makers, std::uint32_t index, const std::string& line) {
    for (const auto& [metric, from] : makers) {
      if (from.size() < 2 || !from.contains(index)) continue;
      const std::uint32_t first = *from.begin();
      const std::uint32_t second = *std::next(from.begin());
      if (!told_.emplace(first, second).second) continue;
      found_.double_counts.push_back("rules " + rules_->name(first) + " and " +
                                     rules_->name(second) + " both count " + metric.first +
                                     " for one line, such as \"" + line + '"');
    }
  }

  void note_hidden(std::uint32_t index) {
    found_.hidden_rules.push_back("rule " + rules_->name(index) +
                                  " gives nothing for its own example beside the other packs: an "
                                  "earlier rule with \"stop\" takes the line");
  }

  const std::shared_ptr<const RuleSet>& rules_;
  ExampleReader reader_;
  RuleOverlaps& found_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> told_;
};

std::set<std::string> metrics_of(const PackDefinition& pack) {
  std::set<std::string> metrics;
  for (const RuleDefinition& rule : pack.rules)
    for (const EmitDefinition& emit : rule.emits) metrics.insert(emit.metric.name);
  return metrics;
}

// Packs that say of themselves that they count what another pack counts.
void find_alternatives(const std::vector<PackDefinition>& packs, RuleOverlaps& found) {
  for (const PackDefinition& pack : packs) {
    for (const std::string& name : pack.alternatives) {
      const auto other = std::ranges::find(packs, name, &PackDefinition::name);
      if (other == packs.end()) continue;
      std::vector<std::string> shared;
      std::ranges::set_intersection(metrics_of(pack), metrics_of(*other),
                                    std::back_inserter(shared));
      if (shared.empty()) continue;
      found.alternatives.push_back(
          "packs " + pack.name + " and " + name + " count the same events from different lines (" +
          list_of(shared) +
          "); neither goes first, so that a host whose lines reach both is counted twice: load one "
          "of them, or see that each host logs one kind");
    }
  }
}

// True if it must begin or end where the text does. "(?i)" and the like may stand before.
bool is_anchored(std::string_view pattern) {
  if (pattern.starts_with("(?") && pattern.find(')') < pattern.find_first_of(":<P"))
    pattern.remove_prefix(pattern.find(')') + 1);
  return pattern.starts_with('^') || pattern.starts_with("\\A") ||
         (pattern.ends_with('$') && !pattern.ends_with("\\$"));
}

void find_unanchored(const PackDefinition& pack, RuleOverlaps& found) {
  std::vector<std::string> with_app;
  for (const RuleDefinition& rule : pack.rules) {
    const bool is_for_all = rule.apps.empty() && rule.inputs.empty();
    if (is_for_all && rule.match.empty()) {
      found.forgeable.push_back("rule " + pack.name + '/' + rule.name +
                                " has neither \"app\" nor \"match\", so that every program's "
                                "lines are read; name an \"app\"");
    }
    if (rule.match.empty() || is_anchored(rule.match)) continue;
    if (is_for_all) {
      found.forgeable.push_back("rule " + pack.name + '/' + rule.name +
                                " reads every program's text and its pattern is not anchored, so "
                                "that any line that quotes it counts too; begin it with ^ or name "
                                "an \"app\"");
    } else {
      with_app.push_back(rule.name);
    }
  }
  if (with_app.empty()) return;
  found.unanchored.push_back("pack " + pack.name + ": patterns of " + list_of(with_app) +
                             " are not anchored: a line of the same program that quotes such "
                             "text counts too");
}

std::set<std::string_view> variables_set_by(const PackDefinition& pack) {
  std::set<std::string_view> variables;
  for (const RuleDefinition& rule : pack.rules) {
    if (!rule.context) continue;
    for (const auto& [name, value] : rule.context->set) variables.insert(name);
    for (const auto& [name, value] : rule.context->add) variables.insert(name);
  }
  return variables;
}

// Such a variable is always absent, or 0 in a range: most likely a field was meant.
void find_unset(const PackDefinition& pack, RuleOverlaps& found) {
  const std::set<std::string_view> set = variables_set_by(pack);
  for (const RuleDefinition& rule : pack.rules) {
    std::vector<Condition> conditions = rule.where;
    for (const EmitDefinition& emit : rule.emits)
      conditions.insert(conditions.end(), emit.when.begin(), emit.when.end());
    const bool is_graphite = !rule.inputs.empty();  // Whose lines have a "value".
    for (const Condition& condition : conditions) {
      const std::string& name = condition.variable;
      const bool is_field = name.find('.') != std::string::npos;
      if (is_field || set.contains(name) || (is_graphite && name == "value")) continue;
      found.unset.push_back("rule " + pack.name + '/' + rule.name + ": a condition on \"" + name +
                            "\", a variable that no rule of this pack sets, so that it is never "
                            "there, and 0 in a range; a field of the text is \"field." +
                            name + '"');
    }
  }
}

}  // namespace

RuleOverlaps find_overlaps(const std::vector<PackDefinition>& packs,
                           const std::shared_ptr<const RuleSet>& rules) {
  RuleOverlaps found;
  Finder finder(rules, found);
  std::uint32_t index = 0;
  for (const PackDefinition& pack : packs) {
    for (const RuleDefinition& rule : pack.rules) finder.read(rule, index++);
    find_unanchored(pack, found);
    find_unset(pack, found);
  }
  find_alternatives(packs, found);
  return found;
}

}  // namespace sluice
