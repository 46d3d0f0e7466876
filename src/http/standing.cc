#include "http/standing.h"

#include <array>

#include "http/ledger.h"

namespace sluice {
namespace {

std::int64_t signed_of(std::uint64_t value) noexcept { return static_cast<std::int64_t>(value); }

std::int64_t all_uncounted_loss(const Snapshot& snapshot) {
  const UncountedLoss loss = uncounted_loss(snapshot);
  return loss.messages + loss.samples + loss.datapoints + loss.not_taken;
}

constexpr std::array kRelayRows{
    RelayRow{"samples_pending", "samples in deltas on their way to the store",
             [](const Snapshot& one) { return signed_of(one.samples_pending); }},
    RelayRow{"store_bytes", "memory that open and correctable windows take",
             [](const Snapshot& one) { return signed_of(one.store_bytes); }},
    RelayRow{"store_windows", "windows that can be corrected",
             [](const Snapshot& one) { return signed_of(one.store_windows); }},
    RelayRow{"horizon_seconds", "how far back a sample is taken in",
             [](const Snapshot& one) { return one.horizon_seconds; }},
    RelayRow{"hosts", "hosts that were heard",
             [](const Snapshot& one) { return signed_of(one.hosts); }},
    RelayRow{"hosts_unmapped", "hosts that no cluster map or pattern names",
             [](const Snapshot& one) { return signed_of(one.hosts_unmapped); }},
    RelayRow{"history_series", "series that the history has",
             [](const Snapshot& one) { return signed_of(one.history_series); }},
    RelayRow{"history_bytes", "size of the history",
             [](const Snapshot& one) { return signed_of(one.history_bytes); }},
    RelayRow{"history_on_disk", "1 when the history outlives the relay",
             [](const Snapshot& one) { return std::int64_t{one.is_history_on_disk}; }},
    RelayRow{
        "datapoints_removed",
        "datapoints dropped with destinations that a reload took away, whose spools were in memory",
        [](const Snapshot& one) { return signed_of(one.datapoints_removed); }},
    RelayRow{"config_stale", "1 when the last reload was refused",
             [](const Snapshot& one) { return std::int64_t{!one.config_error.empty()}; }},
    RelayRow{"uncounted_loss",
             "messages, samples and datapoints that no counter explains; always 0",
             all_uncounted_loss},
};

using Destination = DestinationSnapshot;

constexpr std::array kDestinationRows{
    DestinationRow{"published_total", "datapoints published to it",
                   [](const Destination& one) { return signed_of(one.published); }},
    DestinationRow{"acknowledged_total", "datapoints that it acknowledged",
                   [](const Destination& one) { return signed_of(one.acknowledged); }},
    DestinationRow{"unconfirmed_total", "datapoints sent to it without an acknowledgement",
                   [](const Destination& one) { return signed_of(one.unconfirmed); }},
    DestinationRow{"superseded_total", "datapoints replaced by a newer version before",
                   [](const Destination& one) { return signed_of(one.superseded); }},
    DestinationRow{"dropped_total", "datapoints dropped from its spool",
                   [](const Destination& one) { return signed_of(datapoints_dropped(one)); }},
    DestinationRow{"replayed_total", "datapoints sent once more because it may have died",
                   [](const Destination& one) { return signed_of(one.replayed); }},
    DestinationRow{"batches_acknowledged_total", "batches that it acknowledged",
                   [](const Destination& one) { return signed_of(one.batches_acknowledged); }},
    DestinationRow{"batches_failed_total", "batches that were not acknowledged",
                   [](const Destination& one) { return signed_of(one.batches_failed); }},
    DestinationRow{"waiting", "datapoints that wait for it, in flight included",
                   [](const Destination& one) { return signed_of(one.waiting + one.in_flight); }},
    DestinationRow{"held_series", "new series that wait for their turn to be created",
                   [](const Destination& one) { return signed_of(one.held_series); }},
    DestinationRow{"lag_seconds", "since nothing waited but what is held; 0 when nothing does",
                   [](const Destination& one) { return signed_of(one.lag_seconds); }},
    DestinationRow{"spool_bytes", "size of its spool",
                   [](const Destination& one) { return signed_of(one.spool_bytes); }},
    DestinationRow{"spool_on_disk", "1 when what waits outlives the relay",
                   [](const Destination& one) { return std::int64_t{one.is_spool_on_disk}; }},
    DestinationRow{"never_confirms", "1 while it is sent to without acknowledgements",
                   [](const Destination& one) { return std::int64_t{one.is_unconfirmed}; }},
    DestinationRow{"down", "1 while its last batch was not acknowledged",
                   [](const Destination& one) { return std::int64_t{one.is_down}; }},
};

}  // namespace

std::span<const RelayRow> relay_rows() noexcept { return kRelayRows; }
std::span<const DestinationRow> destination_rows() noexcept { return kDestinationRows; }

}  // namespace sluice
