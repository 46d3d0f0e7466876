#include "rules/selection.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <map>
#include <utility>

#include "base/octet_words.h"
#include "rules/needed_octets.h"

namespace sluice {
namespace {

// Of more rules than this that RE2 must try and that their beginnings do not rule out, one pass of
// an automaton that names those that match is quicker than trying each: a third of a microsecond,
// for a change of Puppet's against three by nineteen patterns one by one. (The pass allocates.)
// Patterns that are walked along directly do not count: most of them stop soon.
constexpr std::size_t kTriedOneByOne = 3;
// The same of all that are left together: a direct pattern that goes far costs as an automaton
// does.
constexpr std::size_t kTriedDirectly = 12;

// So many rules must need an octet: one or two are tried as quickly as the octet is looked for.
constexpr std::size_t kWorthLooking = 2;

constexpr std::size_t kBeginnings = 64;  // Of a program's lines that are remembered.

}  // namespace

Selection::Selection(const CompiledRules& compiled, std::vector<std::uint32_t> rules)
    : compiled_(compiled), rules_(std::move(rules)) {
  make_groups();
}

// Octets that the same rules allow share a group.
void Selection::make_groups() {
  groups_.emplace_back();
  std::map<Rules, std::uint16_t> known{{Rules(), kNoRules}};
  for (std::size_t octet = 0; octet < group_of_octet_.size(); ++octet) {
    Rules group;
    std::ranges::copy_if(rules_, std::back_inserter(group), [&](std::uint32_t rule) {
      return compiled_.rules[rule].first_octets.test(octet);
    });
    const auto [place, is_new] =
        known.try_emplace(group, static_cast<std::uint16_t>(groups_.size()));
    if (is_new) groups_.push_back(std::move(group));
    group_of_octet_[octet] = place->second;
  }
}

void Selection::make_set() {
  set_ = std::make_unique<PatternSet>();
  for (const std::uint32_t rule : rules_)
    set_->add(compiled_.rules[rule].pattern, static_cast<int>(rule));
  set_->compile();
}

Selection::Candidates Selection::narrow(std::string_view text, const Rules& group) {
  if (group.size() <= 1) return {group};
  const bool is_short = text.size() < sizeof Beginning::octets;
  const Rules& left = is_short ? group : rules_by_beginning(text, group);
  if (left.size() <= kTriedOneByOne && !is_short) return {left};
  bool is_likely = false;  // A whole beginning tells more than an octet.
  std::size_t of_re2 = 0;
  narrowed_.clear();
  for (const std::uint32_t rule : left) {
    const CompiledRule& one = compiled_.rules[rule];
    if (!text.starts_with(one.beginning)) continue;
    narrowed_.push_back(rule);
    is_likely |= !one.beginning.empty();
    if (!one.pattern.is_direct()) ++of_re2;
  }
  if (of_re2 <= kTriedOneByOne && narrowed_.size() <= kTriedDirectly) return {narrowed_};
  if (!set_) make_set();
  // Most lines match no rule, and for those nothing shall be allocated.
  if (!is_likely && !set_->may_match(text)) return {};
  const bool are_matching = find_matching(text);
  return {narrowed_, are_matching};
}

const Selection::Rules& Selection::rules_by_beginning(std::string_view text, const Rules& group) {
  if (beginnings_.empty()) beginnings_.resize(kBeginnings);
  const auto octets = load_word<decltype(Beginning::octets)>(text.data());
  constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15;
  Beginning& known = beginnings_[(octets * kFactor >> 32) % kBeginnings];
  if (known.octets != octets) {
    known.octets = octets;
    known.is_known = false;
    return group;
  }
  if (!known.is_known) work_out(known, text.substr(0, sizeof octets), group);
  return known.left_for(text);
}

const Selection::Rules& Selection::Beginning::left_for(std::string_view text) const {
  const bool lacks_it = needed && text.find(*needed, sizeof octets) == std::string_view::npos;
  return lacks_it ? others : rules;
}

void Selection::work_out(Beginning& beginning, std::string_view text, const Rules& group) {
  beginning.is_known = true;
  beginning.rules.clear();
  beginning.others.clear();
  beginning.needed.reset();
  needed_.clear();
  std::array<std::size_t, kNeededOctets> counts{};
  for (const std::uint32_t rule : group) {
    const auto needed = compiled_.rules[rule].pattern.needed_behind(text);
    if (!needed) continue;
    beginning.rules.push_back(rule);
    needed_.push_back(*needed);
    for (NeededOctets left = *needed; left != 0; left &= left - 1) ++counts[std::countr_zero(left)];
  }
  const auto most = std::ranges::max_element(counts);
  if (*most < kWorthLooking) return;
  const auto bit = most - counts.begin();
  beginning.needed = static_cast<char>(kFirstNeeded + bit);
  for (std::size_t i = 0; i < needed_.size(); ++i) {
    if ((needed_[i] >> bit & 1) == 0) beginning.others.push_back(beginning.rules[i]);
  }
}

// Leaves in `narrowed_` those that match; false, and nothing changed, when it cannot tell.
bool Selection::find_matching(std::string_view text) {
  if (!set_->find(text, numbers_)) return false;
  narrowed_.assign(numbers_.begin(), numbers_.end());
  std::ranges::sort(narrowed_);  // Rules are numbered in the order in which they are tried.
  return true;
}

}  // namespace sluice
