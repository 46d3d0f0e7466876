#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sluice/base/time.h"

namespace sluice {

// What one rule did.
struct RuleCounts {
  std::uint64_t matches = 0;
  std::uint64_t samples = 0;
  Timestamp last_match{};  // Arrival.

  void add(const RuleCounts& more) noexcept;
};

struct RuleReport {
  struct Row {
    std::string rule;  // "puppet-agent/applied".
    RuleCounts counts;
  };
  std::vector<Row> rows;
};

// The counts of all workers by rule. A rule is its name, so its counts outlive a reload, also one
// that leaves it out for a while.
class RuleTable {
 public:
  RuleTable();
  ~RuleTable();
  RuleTable(const RuleTable&) = delete;
  RuleTable& operator=(const RuleTable&) = delete;

  // The rules in force, in their order; only they are reported.
  void set_rules(std::vector<std::string> names);

  // Adds what came since the worker's last report.
  void add(const RuleReport& report);

  // A row for each rule in force, those that never matched too.
  [[nodiscard]] RuleReport snapshot() const;
  // The same, made anew when something came and the last one is 2 s old by the caller's clock.
  // Never null; never changes, so other threads may read it.
  [[nodiscard]] std::shared_ptr<const RuleReport> shared_snapshot(Timestamp now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
