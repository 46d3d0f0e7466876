#include "sluice/pipeline/rule_counts.h"

#include <algorithm>
#include <utility>

#include "base/string_map.h"
#include "pipeline/shared_report.h"

namespace sluice {

void RuleCounts::add(const RuleCounts& more) noexcept {
  matches += more.matches;
  samples += more.samples;
  last_match = std::max(last_match, more.last_match);
}

struct RuleTable::State {
  std::vector<std::string> names;
  StringMap<RuleCounts> counts;  // As many as packs have ever had rules.
  SharedReport<RuleReport> shared;
};

RuleTable::RuleTable() : state_(std::make_unique<State>()) {}
RuleTable::~RuleTable() = default;

void RuleTable::set_rules(std::vector<std::string> names) {
  state_->names = std::move(names);
  state_->shared.touch();
}

void RuleTable::add(const RuleReport& report) {
  if (report.rows.empty()) return;
  for (const RuleReport::Row& row : report.rows) state_->counts[row.rule].add(row.counts);
  state_->shared.touch();
}

RuleReport RuleTable::snapshot() const {
  RuleReport report;
  report.rows.reserve(state_->names.size());
  for (const std::string& name : state_->names) {
    const auto known = state_->counts.find(name);
    report.rows.push_back({name, known == state_->counts.end() ? RuleCounts{} : known->second});
  }
  return report;
}

std::shared_ptr<const RuleReport> RuleTable::shared_snapshot(Timestamp now) {
  return state_->shared.at(now, [this] { return snapshot(); });
}

}  // namespace sluice
