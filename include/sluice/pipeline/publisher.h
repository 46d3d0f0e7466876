#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/aggregate/window_store.h"
#include "sluice/base/error.h"
#include "sluice/base/stats.h"
#include "sluice/base/time.h"
#include "sluice/graphite/paths.h"
#include "sluice/pipeline/cluster_map.h"
#include "sluice/pipeline/fleet_view.h"
#include "sluice/pipeline/offenders.h"
#include "sluice/rules/definition.h"
#include "sluice/values/byte_encoding.h"
#include "sluice/values/datapoint.h"
#include "sluice/values/delta.h"

namespace sluice {

struct PublisherOptions {
  WindowStoreOptions store;
  bool rollups = true;                           // Publish clusters and the fleet.
  std::chrono::seconds host_ttl{7 * 24 * 3600};  // A host unheard for longer is forgotten.
  // A series is not published again sooner than this after its last publication: a backlog that
  // trickles in would otherwise send each value once a tick.
  std::chrono::seconds correction_interval{2};
  // Host series corrected in one tick, so that a backlog never delays what is live.
  std::size_t corrections_max = 20'000;
  // The same of fleet, clusters and groups: values of hosts gone through in one tick for their
  // sake. Of a window whose turn comes before that all are, so that its values fit each other.
  std::size_t rollup_corrections_max = 500'000;
  // Names beyond these are refused, and their samples counted. A name costs about 300 bytes. A host
  // that is neither expected nor was heard within host_ttl gives its place to another when no
  // window holds a sample of it any more; so does a metric without a sample within host_ttl.
  std::size_t hosts_max = 500'000;
  std::size_t metrics_max = 20'000;
  // Series (host and metric) with a sample within host_ttl: in all, of one host, and of one rule. A
  // new one beyond is refused, counted (samples_dropped_series_limit) and told by offenders(). A
  // series costs about 30 bytes here; where its last event is kept (ages, states, held values, zero
  // when idle) 90 more, and 20 for each window within the horizon that had an event. In each window
  // of the store it takes 16 bytes when it has one sample, and its host 66. Of several samples it
  // takes 128; of a timing or distribution 216, and 8 for each sample up to 64, beyond that 16 for
  // each bucket of 2 % that has one (values from 1 to 10 fill 116).
  std::size_t series_max = 2'000'000;
  std::size_t series_per_host_max = 2'000;
  std::size_t series_per_rule_max = 500'000;
  // The signs of life that packs declare, each name once.
  std::vector<PresenceDefinition> presences;
};

// A host that is expected and has given no sign of life for twice as long as it should take.
struct MissingHost {
  std::string host;
  std::optional<Timestamp> last_sign;  // Nothing: never heard.

  friend bool operator==(const MissingHost&, const MissingHost&) = default;
};

// The second half of the pipeline: deltas in, datapoints out. Owns all windows, knows every host.
// Time is an argument, so the same deltas and ticks always give the same datapoints.
class Publisher {
 public:
  Publisher(const PublisherOptions& options, Paths paths,
            std::shared_ptr<const ClusterMap> clusters, Timestamp now);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // Takes in what a worker saw. What cannot be taken in is counted, sample by sample.
  void merge(Delta delta, Timestamp now);

  // Appends what is due at `now`: windows that have ended and waited for the grace, then
  // corrections of published ones, newest window first. To be called about once a second.
  void tick(Timestamp now, std::vector<Datapoint>& datapoints);

  // Appends everything, windows that have not ended included: the relay stops.
  void flush(Timestamp now, std::vector<Datapoint>& datapoints);

  // While it is silent nothing is appended, and not worked out either: for ticks that are made once
  // more and whose datapoints are known. All else changes as ever.
  void set_silent(bool is_silent) noexcept;

  // A new map takes effect for windows that are opened from now on.
  void set_clusters(std::shared_ptr<const ClusterMap> clusters);
  // The one for windows that are opened from now on.
  [[nodiscard]] const ClusterMap& clusters() const noexcept;

  // The relay begins anew at `now`: since the last delta or tick nobody watched, however short that
  // was. To be called before the first of them after restore().
  void resume(Timestamp now);

  // From now on windows are `length` long. What the others hold is let go: flush() first. No window
  // is opened that begins before the last of the others, or before the last tick: it would be
  // published as a part over what they were published with.
  void change_window(std::chrono::seconds length);
  [[nodiscard]] std::chrono::seconds window() const noexcept;
  // Of the last delta or tick.
  [[nodiscard]] Timestamp last_change() const noexcept;

  // Checkpoints. What encode_state() wrote, with what encode_window() wrote last of every window of
  // windows(), is the whole publisher: restored, and given the deltas and ticks that came after, it
  // publishes what this one does, to the last bit and version. A window needs to be written anew
  // only when take_changed_windows() names it.
  //
  // A restored publisher goes on at the time of its last tick: resume() tells it how long nobody
  // watched. Windows that had ended before are published then, windows of that time are not
  // published as quiet ones, and samples of them are taken in up to catch_up back.
  void encode_state(ByteWriter& writer) const;
  void encode_window(Seconds start, ByteWriter& writer) const;
  // Starts of the windows that hold samples, oldest first.
  [[nodiscard]] std::vector<Seconds> windows() const;
  // Those of them that have changed since the last call.
  [[nodiscard]] std::vector<Seconds> take_changed_windows();
  // Refuses bytes that are no checkpoint, or that are damaged. Windows are as long as they were
  // when the checkpoint was written, and have the cluster maps that they were opened with; so will
  // those to come, until change_window() and set_clusters() say else. All other options, paths and
  // presences may be others than before. Counters and offenders begin at 0.
  [[nodiscard]] static Expected<std::unique_ptr<Publisher>> restore(
      const PublisherOptions& options, Paths paths, std::string_view state,
      std::span<const std::string> windows);

  // What packs declare after a reload.
  void set_presences(const std::vector<PresenceDefinition>& presences);

  // Who is missing as of the last tick: those never heard first, then those silent for longest; at
  // most `limit`. Nobody while the relay has not watched for twice `every`.
  [[nodiscard]] std::vector<MissingHost> missing_hosts(std::string_view presence,
                                                       std::size_t limit) const;

  // What is known of every host as of the last tick.
  [[nodiscard]] FleetView fleet() const;

  // Known hosts that neither the cluster map nor a pattern names, sorted, at most `limit`.
  [[nodiscard]] std::vector<std::string> unmapped_hosts(std::size_t limit) const;

  // The rules and hosts whose samples a bound on series refused, those whose samples came too late,
  // and hosts that would share the path of another, since the start.
  [[nodiscard]] Offenders offenders() const;
  [[nodiscard]] Offenders too_late() const;
  [[nodiscard]] Offenders collided() const;
  // The same of samples whose host or metric has no place among the names (hosts_max, metrics_max),
  // while the last of them came within two minutes before the last tick.
  [[nodiscard]] std::optional<Offenders> crowding() const;

  // Removes what is known of a host: that it was heard, its last states, ages, values and signs,
  // its place among the series. What windows hold stays until they go. False for an unknown name.
  bool forget(std::string_view host);

  [[nodiscard]] const Stats& stats() const noexcept;
  [[nodiscard]] const WindowStore& store() const noexcept;
  [[nodiscard]] std::size_t host_count() const noexcept;
  [[nodiscard]] std::size_t unmapped_host_count() const;
  [[nodiscard]] std::size_t series_count() const noexcept;

 private:
  struct State;
  explicit Publisher(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace sluice
