#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/pipeline/rule_counts.h"

namespace sluice {

// What the rules of one worker did since its last report, by number.
class RuleTally {
 public:
  // Begins anew with these rules; what was counted goes into the next report.
  void set_rules(std::vector<std::string> names) {
    collect();
    names_ = std::move(names);
    counts_.assign(names_.size(), {});
  }

  void count_match(std::uint32_t rule, Timestamp now) noexcept {
    ++counts_[rule].matches;
    counts_[rule].last_match = now;
  }
  void count_samples(std::uint32_t rule, std::uint32_t weight) noexcept {
    counts_[rule].samples += weight;
  }

  // The rules that matched since the last call.
  [[nodiscard]] RuleReport take() {
    collect();
    return std::exchange(report_, {});
  }

 private:
  void collect() {
    for (std::size_t rule = 0; rule < counts_.size(); ++rule) {
      if (counts_[rule].matches == 0) continue;
      report_.rows.push_back({names_[rule], std::exchange(counts_[rule], {})});
    }
  }

  std::vector<std::string> names_;
  std::vector<RuleCounts> counts_;
  RuleReport report_;
};

}  // namespace sluice
