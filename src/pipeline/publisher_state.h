#pragma once

#include <absl/container/flat_hash_map.h>

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/blame.h"
#include "pipeline/checkpoint.h"
#include "pipeline/corrections.h"
#include "pipeline/gatherer.h"
#include "pipeline/knowledge.h"
#include "pipeline/placement.h"
#include "pipeline/series_table.h"
#include "pipeline/window_view.h"
#include "pipeline/window_writer.h"
#include "sluice/pipeline/publisher.h"

namespace sluice {

// How a window stands with the outside world.
struct Publication {
  std::shared_ptr<Placement> placement;
  bool is_published = false;
  Timestamp published{};  // When, as a whole; the epoch for one that was opened late.
  Corrections hosts;      // By (host, metric).
  Corrections rollups;    // By (scope, track): metrics and presences.
};

// publisher_merge.cc takes deltas in, publisher_tick.cc gives datapoints out.
struct Publisher::State {
  State(const PublisherOptions& chosen, Paths chosen_paths,
        std::shared_ptr<const ClusterMap> clusters, Timestamp now);

  void set_presences(const std::vector<PresenceDefinition>& chosen, Timestamp since);
  // Start of the oldest window that is not due at `now`.
  [[nodiscard]] Seconds first_open(Timestamp now) const {
    return window_start(now - options.store.grace, options.store.window);
  }
  // To be called with every `now`, before anything else.
  void watch_clock(Timestamp now);
  void note_gap(Timestamp from, Timestamp to);
  void resume(Timestamp now);
  void change_window(std::chrono::seconds length);
  Publication& publication_of(Seconds start);

  // Merging.
  void merge(Delta& delta, Timestamp now);
  std::vector<std::optional<MetricId>> intern_metrics(const Delta& delta);
  void change_states(MetricId metric, const std::vector<std::string>& before);
  void merge_host(const Delta& delta, Delta::Host& host,
                  const std::vector<std::optional<MetricId>>& metric_ids, Timestamp now);
  void note_crowd(std::string_view rule, std::string_view host, std::uint64_t count, Timestamp now);
  std::optional<HostId> admit(const Delta::Host& host, Timestamp now);
  // Of an entry that comes through the bounds on hosts, metrics and time.
  void merge_entry(HostId host, MetricId metric, std::string_view rule, Delta::Entry& entry,
                   Timestamp now);
  [[nodiscard]] bool is_store_full(Seconds window, HostId host, MetricId metric) const;
  void note_last(HostId host, MetricId metric, const LastEvent& event);
  void note_counter(const std::vector<ScopeId>& scopes, MetricId metric, Seconds window);
  void note_signs(const Delta& delta, const Delta::Host& host, HostId id);
  void note_sign(HostId host, std::size_t presence, Timestamp time);

  // Marking for correction.
  void mark_scopes(Publication& publication, HostId host, std::uint32_t track);
  // In all published windows from `from` on, up to `to`.
  void mark_scopes(HostId host, std::uint32_t track, Seconds from, std::optional<Seconds> to);
  void mark_all_scopes(std::uint32_t track, Seconds from, Seconds to);
  // Calls use(start, publication) for every published window from `from` on, up to `to`.
  template <typename Use>
  void for_published(Seconds from, std::optional<Seconds> to, Use&& use) {
    for (auto it = publications.lower_bound(from);
         it != publications.end() && (!to || it->first < *to); ++it) {
      if (it->second.is_published) use(it->first, it->second);
    }
  }

  // Publishing.
  void publish_due(Timestamp now);
  void publish_window(Seconds start, Timestamp now);
  // What may be corrected in one tick.
  struct Budget {
    std::size_t hosts = 0;    // Series of hosts that are published.
    std::size_t rollups = 0;  // Values of hosts that are gone through for those of scopes.
  };
  void correct(Timestamp now, std::chrono::seconds interval, Budget budget);
  // Takes what it costs from the budget.
  void correct_window(Seconds start, Publication& publication, Timestamp now,
                      std::chrono::seconds interval, Budget& budget);
  void correct_rollups(const WindowView& view, Publication& publication, Timestamp now,
                       std::chrono::seconds interval, Budget& budget);
  [[nodiscard]] WindowView view_of(Seconds start, Publication& publication);
  void expire(Timestamp now);
  // Start of the oldest window that can still be corrected.
  [[nodiscard]] Seconds first_publication(Timestamp now) const;
  void prune_last(Timestamp now);
  void sweep(Timestamp now);
  // publisher_release.cc
  void release_names();
  [[nodiscard]] std::vector<HostId> forgotten_hosts() const;
  [[nodiscard]] std::vector<MetricId> forgotten_metrics() const;
  [[nodiscard]] bool is_last_worthless(std::uint32_t track) const;

  // Checkpoints.
  void encode(ByteWriter& bytes) const;
  // Of a state that was just made, with windows of the checkpoint's length.
  [[nodiscard]] Expected<void> decode(ByteReader& reader);
  void encode_publications(CheckpointWriter& tables, ByteWriter& bytes) const;
  [[nodiscard]] Expected<void> decode_publications(CheckpointReader& tables, ByteReader& reader);
  [[nodiscard]] std::shared_ptr<Placement> placement_by(std::shared_ptr<const ClusterMap> clusters);

  PublisherOptions options;
  Paths paths;
  Stats stats;
  Knowledge knowledge;
  std::shared_ptr<Placement> placement;  // Of the windows opened from now on.
  WindowStore store;
  SeriesTable series;
  Gatherer gatherer;
  WindowWriter writer;
  std::map<Seconds, Publication> publications;
  Blame refused;   // Samples refused by a bound on series.
  Blame late;      // Samples that came too late.
  Blame collided;  // Samples of hosts that would share the path of another.
  Blame crowd;     // Samples of hosts and metrics for whose names there was no place.
  std::optional<Timestamp> crowded;  // When the last of them came.
  Timestamp last_tick;
  Seconds next_due;    // Windows before it have been published, if there was anything to publish.
  Seconds last_sweep;  // When what is old was last looked for.
  // What mark_scopes() has marked since the merge began: by set of scopes and track, windows from
  // and to. Only while all windows have the same cluster map.
  absl::flat_hash_map<SeriesKey, std::pair<Seconds, Seconds>> marked_in_this_merge;
  bool has_one_placement = false;
  std::uint64_t version = 0;
  bool is_silent = false;
};

}  // namespace sluice
