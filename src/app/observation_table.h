#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "http/observed.h"
#include "sluice/base/time.h"
#include "sluice/pipeline/cluster_map.h"
#include "sluice/pipeline/observations.h"
#include "sluice/pipeline/sender_counts.h"
#include "sluice/rules/rule_set.h"

namespace sluice {

// What all workers observed, added up in the control loop. Nothing of it outlives the process.
class ObservationTable {
 public:
  // The rules in force.
  void set_rules(const RuleSet& rules);

  // Adds what came since the worker's last report. Notes of a host that only another one's text
  // spoke of count when `clusters` names it or it is among `senders`.
  void add(Observations observations, const ClusterMap& clusters, const SenderTable& senders);

  // What is over by now; soon enough to be called once a tick.
  void expire(Timestamp now);
  void forget(std::string_view host) { failures_.forget(host); }

  // For the status server, at most 2 s old by the caller's clock.
  [[nodiscard]] Observed shared(Timestamp now);

  // Notes that were not kept, those of unknown hosts included.
  [[nodiscard]] std::uint64_t notes_dropped() const noexcept { return notes_dropped_; }

 private:
  bool add_note(Note note, const ClusterMap& clusters, const SenderTable& senders);

  UnmatchedTable unmatched_;
  RuleTable rules_;
  FailureBook failures_;
  EventLog events_;
  Timestamp expired_{};
  std::uint64_t notes_dropped_ = 0;
};

}  // namespace sluice
