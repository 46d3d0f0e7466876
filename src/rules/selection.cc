#include "rules/selection.h"

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

// Of more rules than this that their literals do not rule out, one pass of an automaton that names
// those that match is quicker than trying each: a third of a microsecond, for a change of Puppet's
// against three by nineteen patterns one by one. (The pass allocates.)
constexpr std::size_t kTriedOneByOne = 3;

}  // namespace

Selection::Selection(const CompiledRules& compiled, std::vector<std::uint32_t> rules)
    : compiled_(compiled), rules_(std::move(rules)) {
  make_groups();
  for (std::size_t i = 0; i < groups_.size(); ++i) fill(groups_[i], static_cast<std::uint8_t>(i));
  if (!groups_[0].and_loose.empty()) loose_ = make_set(groups_[0].and_loose);
}

// One for each octet that a literal begins with.
void Selection::make_groups() {
  groups_.emplace_back();
  group_of_octet_.fill(0);
  for (const std::uint32_t rule : rules_) {
    if (prefix_of(rule).empty()) continue;
    std::uint8_t& group = group_of_octet_[static_cast<unsigned char>(prefix_of(rule).front())];
    if (group != 0) continue;
    group = static_cast<std::uint8_t>(groups_.size());
    groups_.emplace_back();
  }
}

void Selection::fill(Group& group, std::uint8_t number) {
  for (const std::uint32_t rule : rules_) {
    const std::string& prefix = prefix_of(rule);
    const bool is_loose = prefix.empty();
    const bool is_sure =
        !is_loose && group_of_octet_[static_cast<unsigned char>(prefix.front())] == number;
    if (is_sure) group.sure.push_back(rule);
    if (is_sure || is_loose) group.and_loose.push_back(rule);
  }
}

std::unique_ptr<PatternSet> Selection::make_set(const std::vector<std::uint32_t>& rules) const {
  auto set = std::make_unique<PatternSet>();
  for (const std::uint32_t rule : rules)
    set->add(compiled_.rules[rule].pattern, static_cast<int>(rule));
  set->compile();
  return set;
}

Selection::Candidates Selection::narrow(std::string_view text) {
  if (text.empty()) return {rules_};
  Group& group = groups_[group_of_octet_[static_cast<unsigned char>(text.front())]];
  const bool may_be_loose = loose_ && loose_->may_match(text);
  const bool are_sure_many = are_many_possible(text, group.sure);
  if (!are_sure_many && !may_be_loose) return {group.sure};
  if (!are_sure_many && groups_[0].and_loose.size() <= kTriedOneByOne) return {group.and_loose};
  narrowed_.clear();
  const bool are_sure_matching = add_sure(text, group);
  const bool are_loose_matching = !may_be_loose || add_loose(text);
  std::ranges::sort(narrowed_);  // Rules are numbered in the order in which they are tried.
  return {narrowed_, are_sure_matching && are_loose_matching};
}

// Whether their literals leave so many of the rules that an automaton is quicker.
bool Selection::are_many_possible(std::string_view text,
                                  const std::vector<std::uint32_t>& rules) const {
  if (rules.size() <= kTriedOneByOne) return false;
  std::size_t count = 0;
  for (const std::uint32_t rule : rules) {
    count += text.starts_with(prefix_of(rule)) ? 1 : 0;
    if (count > kTriedOneByOne) return true;
  }
  return false;
}

// Adds those of the group's own rules that may match; true when all of them do.
bool Selection::add_sure(std::string_view text, Group& group) {
  if (group.sure.empty()) return true;
  if (are_many_possible(text, group.sure)) {
    if (!group.set) group.set = make_set(group.sure);
    if (add_matching(text, *group.set)) return true;
  }
  narrowed_.insert(narrowed_.end(), group.sure.begin(), group.sure.end());
  return false;
}

// The same of the rules that are in no group.
bool Selection::add_loose(std::string_view text) {
  const std::vector<std::uint32_t>& rules = groups_[0].and_loose;
  if (rules.size() > kTriedOneByOne && add_matching(text, *loose_)) return true;
  narrowed_.insert(narrowed_.end(), rules.begin(), rules.end());
  return false;
}

bool Selection::add_matching(std::string_view text, PatternSet& set) {
  if (!set.find(text, numbers_)) return false;
  for (const int number : numbers_) narrowed_.push_back(static_cast<std::uint32_t>(number));
  return true;
}

}  // namespace sluice
