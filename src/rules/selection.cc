#include "rules/selection.h"

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

// Of more loose rules than this, one that may match is worth another pass of the automaton, which
// names those that do. (That pass allocates; a few patterns that fail are as quick.)
constexpr std::size_t kTriedOneByOne = 6;

}  // namespace

Selection::Selection(const CompiledRules& compiled, std::vector<std::uint32_t> rules)
    : rules_(std::move(rules)), groups_(1) {
  group_of_octet_.fill(0);
  const auto prefix_of = [&compiled](std::uint32_t rule) -> const std::string& {
    return compiled.rules[rule].literals.prefix;
  };
  for (const std::uint32_t rule : rules_) {
    if (prefix_of(rule).empty()) {
      if (!loose_) loose_ = std::make_unique<PatternSet>();
      loose_->add(compiled.rules[rule].pattern, static_cast<int>(rule));
      ++loose_count_;
      continue;
    }
    std::uint8_t& group = group_of_octet_[static_cast<unsigned char>(prefix_of(rule).front())];
    if (group != 0) continue;
    group = static_cast<std::uint8_t>(groups_.size());
    groups_.emplace_back();
  }
  if (loose_) loose_->compile();
  for (const std::uint32_t rule : rules_) {
    const std::string& prefix = prefix_of(rule);
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      const bool is_loose = prefix.empty();
      const bool is_sure =
          !is_loose && group_of_octet_[static_cast<unsigned char>(prefix.front())] == i;
      if (is_sure) groups_[i].sure.push_back(rule);
      if (is_sure || is_loose) groups_[i].and_loose.push_back(rule);
    }
  }
}

std::span<const std::uint32_t> Selection::narrow(std::string_view text) {
  if (text.empty()) return rules_;
  const Group& group = groups_[group_of_octet_[static_cast<unsigned char>(text.front())]];
  if (!loose_ || !loose_->may_match(text)) return group.sure;
  return loose_count_ > kTriedOneByOne ? with_matching(text, group.sure) : group.and_loose;
}

// `sure` and the loose rules that match, in order.
std::span<const std::uint32_t> Selection::with_matching(std::string_view text,
                                                        const std::vector<std::uint32_t>& sure) {
  if (!loose_->find(text, numbers_)) return rules_;
  narrowed_.assign(sure.begin(), sure.end());
  for (const int number : numbers_) narrowed_.push_back(static_cast<std::uint32_t>(number));
  std::ranges::sort(narrowed_);  // Rules are numbered in the order in which they are tried.
  return narrowed_;
}

}  // namespace sluice
