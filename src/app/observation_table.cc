#include "app/observation_table.h"

#include <array>
#include <string>
#include <utility>

namespace sluice {
namespace {

// It looks through all failing hosts.
constexpr std::chrono::seconds kExpireEvery{10};
// What packs that we ship give, and the page asks for: whoever asks a relay that has not loaded
// them is not wrong.
constexpr std::array<const char*, 2> kShippedKinds{"deploy", "event"};

}  // namespace

void ObservationTable::set_rules(const RuleSet& rules) {
  std::vector<std::string> names;
  for (std::uint32_t rule = 0; rule < rules.size(); ++rule) names.push_back(rules.name(rule));
  rules_.set_rules(std::move(names));
  std::vector<std::string> kinds(kShippedKinds.begin(), kShippedKinds.end());
  for (const std::string& kind : rules.note_kinds()) {
    if (kind != kFailureKind) kinds.push_back(kind);
  }
  events_.set_kinds(std::move(kinds));
}

void ObservationTable::add(Observations observations, const ClusterMap& clusters,
                           const SenderTable& senders) {
  unmatched_.add(std::move(observations.unmatched));
  rules_.add(observations.rules);
  for (Note& note : observations.notes) {
    if (!add_note(std::move(note), clusters, senders)) ++notes_dropped_;
  }
}

bool ObservationTable::add_note(Note note, const ClusterMap& clusters, const SenderTable& senders) {
  const bool is_known =
      !note.is_claimed || clusters.is_mapped(note.host) || senders.knows(note.host);
  if (!is_known) return false;
  note.host = clusters.resolve_alias(note.host);
  if (note.clears) return failures_.add(note, {});
  const std::string cluster = clusters.cluster_of(note.host).cluster;
  if (note.kind == kFailureKind) return failures_.add(note, cluster);
  return events_.add(std::move(note), cluster);
}

void ObservationTable::expire(Timestamp now) {
  if (now >= expired_ && now < expired_ + kExpireEvery) return;
  expired_ = now;
  failures_.expire(now);
}

Observed ObservationTable::shared(Timestamp now) {
  return {.unmatched = unmatched_.shared_snapshot(now),
          .rules = rules_.shared_snapshot(now),
          .failures = failures_.shared_snapshot(now),
          .events = events_.shared_snapshot(now)};
}

}  // namespace sluice
