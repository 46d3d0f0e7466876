#include "app/change_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>

namespace sluice {
namespace {

constexpr std::size_t kNamesShown = 10;

// By "pack/rule". Rules of one name keep their order.
using Rules = std::multimap<std::string, const RuleDefinition*>;

Rules by_name(const std::vector<PackDefinition>& packs) {
  Rules rules;
  for (const PackDefinition& pack : packs) {
    for (const RuleDefinition& rule : pack.rules) rules.emplace(pack.name + '/' + rule.name, &rule);
  }
  return rules;
}

std::vector<std::string> missing_from(const Rules& there, const Rules& here) {
  std::vector<std::string> names;
  for (const auto& [name, rule] : here) {
    if (!there.contains(name)) names.push_back(name);
  }
  return names;
}

bool is_same(const Rules& before, const Rules& after, const std::string& name) {
  const auto [old_begin, old_end] = before.equal_range(name);
  const auto [new_begin, new_end] = after.equal_range(name);
  return std::equal(old_begin, old_end, new_begin, new_end, [](const auto& one, const auto& other) {
    return *one.second == *other.second;
  });
}

// What a pack says beside its rules.
std::vector<std::string> changed_packs(const std::vector<PackDefinition>& before,
                                       const std::vector<PackDefinition>& after) {
  std::vector<std::string> names;
  for (const PackDefinition& pack : after) {
    const auto old = std::ranges::find(before, pack.name, &PackDefinition::name);
    if (old != before.end() && old->presence != pack.presence) names.push_back(pack.name);
  }
  return names;
}

}  // namespace

std::string told(std::string_view what, const std::vector<std::string>& names) {
  if (names.empty()) return {};
  const std::size_t shown = std::min(names.size(), kNamesShown);
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(shown);
  std::string words =
      fmt::format("; {} {} ({}", names.size(), what, fmt::join(names.begin(), end, ", "));
  if (shown < names.size()) words += fmt::format(" and {} more", names.size() - shown);
  return words + ')';
}

std::string describe_rules_change(const std::vector<PackDefinition>& before,
                                  const std::vector<PackDefinition>& after) {
  const Rules old_rules = by_name(before);
  const Rules new_rules = by_name(after);
  std::vector<std::string> changed;
  for (auto one = new_rules.begin(); one != new_rules.end();
       one = new_rules.upper_bound(one->first)) {
    if (old_rules.contains(one->first) && !is_same(old_rules, new_rules, one->first))
      changed.push_back(one->first);
  }
  const std::string differences = told("added", missing_from(old_rules, new_rules)) +
                                  told("removed", missing_from(new_rules, old_rules)) +
                                  told("changed", changed) +
                                  told("with another presence", changed_packs(before, after));
  return fmt::format("{} rules in {} packs{}", new_rules.size(), after.size(),
                     differences.empty() ? "; none changed" : differences);
}

}  // namespace sluice
