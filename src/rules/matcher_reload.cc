#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/matcher_state.h"

namespace sluice {
namespace {

// Where the packs and variables of other rules are in `now`: what has the same names.
class Renumbering {
 public:
  Renumbering(const CompiledRules& before, const CompiledRules& now) {
    for (const PackDefinition& pack : before.packs) packs_.push_back(pack_called(now, pack.name));
    for (VariableId id = 0; id < before.variables.size(); ++id) {
      const auto pack = packs_[before.variable_packs[id]];
      variables_.push_back(pack ? variable_called(now, *pack, before.variables[id]) : std::nullopt);
    }
  }

  // Nothing to do: an edit seldom changes what is remembered, and there may be many contexts.
  [[nodiscard]] bool is_identity() const {
    const auto stays = [](const auto& numbers) {
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (numbers[i] != i) return false;
      }
      return true;
    };
    return stays(packs_) && stays(variables_);
  }

  // The key with the pack's new number; empty when the pack is gone, or nothing of the context is
  // left.
  std::string operator()(std::string_view key, Context& context) const {
    const std::size_t end = key.find('\0');
    const auto pack = packs_[std::stoul(std::string(key.substr(0, end)))];
    context.renumber(variables_);
    if (!pack || context.variables().empty()) return {};
    return std::to_string(*pack).append(key.substr(end));
  }

 private:
  static std::optional<std::uint32_t> pack_called(const CompiledRules& rules,
                                                  std::string_view name) {
    const auto found = std::ranges::find(rules.packs, name, &PackDefinition::name);
    if (found == rules.packs.end()) return std::nullopt;
    return static_cast<std::uint32_t>(found - rules.packs.begin());
  }

  static std::optional<VariableId> variable_called(const CompiledRules& rules, std::uint32_t pack,
                                                   std::string_view name) {
    for (VariableId id = 0; id < rules.variables.size(); ++id) {
      if (rules.variable_packs[id] == pack && rules.variables[id] == name) return id;
    }
    return std::nullopt;
  }

  std::vector<std::optional<std::uint32_t>> packs_;
  std::vector<std::optional<VariableId>> variables_;
};

}  // namespace

void Matcher::take_contexts(Matcher& before) {
  const Renumbering renumbering(before.state_->compiled, state_->compiled);
  if (renumbering.is_identity()) {
    state_->contexts.adopt(std::move(before.state_->contexts));
  } else {
    state_->contexts.adopt(std::move(before.state_->contexts), renumbering);
  }
}

}  // namespace sluice
