#include "sluice/rules/cost.h"

#include <cstdint>
#include <string>
#include <vector>

#include "rules/compiled_rules.h"

namespace sluice {
namespace {

// Patterns of people have some tens of instructions, long ones some hundreds. From here on the
// automaton of one pattern takes megabytes and is thrown away and built again while it runs.
constexpr int kProgramSizeMax = 5000;
// Rules that every message of some program is tried on. Each costs a search for its literal, or a
// run of its pattern where it has none.
constexpr std::size_t kRulesPerMessageMax = 500;
constexpr std::size_t kPatternsPerMessageMax = 50;
// Warnings of one kind; a pack that was generated would give thousands.
constexpr std::size_t kWarningsMax = 10;

void warn_of_patterns(const CompiledRules& compiled, std::vector<std::string>& warnings) {
  std::size_t found = 0;
  for (const CompiledRule& rule : compiled.rules) {
    const int size = rule.pattern.program_size();
    if (size <= kProgramSizeMax || ++found > kWarningsMax) continue;
    warnings.push_back("rule " + rule.full_name + ": the pattern is heavy (" +
                       std::to_string(size) + " instructions, more than " +
                       std::to_string(kProgramSizeMax) +
                       "): shorten its repetitions and alternatives, or make rules of them");
  }
  if (found > kWarningsMax) {
    warnings.push_back(std::to_string(found - kWarningsMax) + " more rules have heavy patterns");
  }
}

bool has_literal(const CompiledRule& rule) {
  return !rule.literals.prefix.empty() || !rule.literals.inside.empty();
}

// Of the messages of `program`, which is as people call it.
void warn_of_rules(const CompiledRules& compiled, const std::vector<std::uint32_t>& rules,
                   const std::string& program, std::vector<std::string>& warnings) {
  std::size_t patterns = 0;
  for (const std::uint32_t rule : rules) {
    if (!has_literal(compiled.rules[rule])) ++patterns;
  }
  if (rules.size() > kRulesPerMessageMax) {
    warnings.push_back("every message of " + program + " is tried on " +
                       std::to_string(rules.size()) + " rules, more than " +
                       std::to_string(kRulesPerMessageMax) +
                       ": name the programs of more rules in \"app\", or join rules");
  }
  if (patterns > kPatternsPerMessageMax) {
    warnings.push_back("on every message of " + program + " " + std::to_string(patterns) +
                       " patterns are run, more than " + std::to_string(kPatternsPerMessageMax) +
                       ": begin them with ^ and constant text, which is looked for first");
  }
}

}  // namespace

std::vector<std::string> cost_warnings(const RuleSet& rules) {
  const CompiledRules& compiled = rules.compiled();
  std::vector<std::string> warnings;
  warn_of_patterns(compiled, warnings);
  warn_of_rules(compiled, compiled.for_any_app, "a program that no rule names", warnings);
  const std::size_t known = warnings.size();
  for (const auto& [app, indices] : compiled.by_app) {
    if (indices.size() == compiled.for_any_app.size()) continue;  // Said already.
    if (warnings.size() >= known + kWarningsMax) break;
    warn_of_rules(compiled, indices, '"' + app + '"', warnings);
  }
  return warnings;
}

}  // namespace sluice
