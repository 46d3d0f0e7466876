#pragma once

#include <memory>

#include "sluice/pipeline/event_log.h"
#include "sluice/pipeline/failures.h"
#include "sluice/pipeline/rule_counts.h"
#include "sluice/pipeline/unmatched.h"

namespace sluice {

// What people look at beside the ledger. Nothing here is null, and nothing that is pointed to
// changes: snapshots of several ticks share it.
struct Observed {
  std::shared_ptr<const UnmatchedReport> unmatched = std::make_shared<const UnmatchedReport>();
  std::shared_ptr<const RuleReport> rules = std::make_shared<const RuleReport>();
  std::shared_ptr<const FailureReport> failures = std::make_shared<const FailureReport>();
  std::shared_ptr<const EventReport> events = std::make_shared<const EventReport>();
};

}  // namespace sluice
