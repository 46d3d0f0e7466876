#pragma once

#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/knowledge.h"
#include "pipeline/series_key.h"
#include "pipeline/window_view.h"
#include "sluice/aggregate/rollup.h"

namespace sluice {

// The values of one metric, or of a presence, in the fleet, a cluster or a group.
struct ScopeValue {
  std::optional<Rollup> rollup;       // All types but states and presences.
  std::vector<std::uint64_t> counts;  // States: hosts per state, then stale, then never.
                                      // Presences: see PresenceLeaf.
};

enum PresenceLeaf : std::uint8_t { kReporting, kExpected, kMissing };
inline constexpr std::array<std::string_view, 3> kPresenceLeaves{"reporting", "expected",
                                                                 "missing"};

// By track: MetricId, or presence with its bit. Which of them are wanted.
class Wanted {
 public:
  Wanted() = default;  // Everything.
  explicit Wanted(std::span<const SeriesKey> scope_tracks);

  [[nodiscard]] bool has_track(std::uint32_t track) const {
    return is_everything_ || tracks_.contains(track);
  }
  [[nodiscard]] bool has(ScopeId scope, std::uint32_t track) const {
    return is_everything_ || keys_.contains(SeriesKey{scope, track});
  }

 private:
  bool is_everything_ = true;
  absl::flat_hash_set<SeriesKey> keys_;
  absl::flat_hash_set<std::uint32_t> tracks_;
};

// The values of one track by scope; null where nothing is to be published.
using ScopeValues = std::vector<std::unique_ptr<ScopeValue>>;

struct Rollups {
  std::vector<ScopeValues> metrics;    // By MetricId.
  std::vector<ScopeValues> presences;  // By place in Knowledge::presences.
};

// Computes the values of fleet, clusters and groups as of the end of a window: from the samples in
// it, and from what is last known of each host. Hosts are added in sorted order of their names.
class Gatherer {
 public:
  // Whoever goes through sorted_hosts() calls it at each: summaries lie where they were made,
  // mostly in no cache, and the processor fetches those of the next hosts while it is busy with
  // this one. (With WindowWriter, a tenth of what publishing costs.)
  static void expect(std::span<const Window::Host* const> hosts, std::size_t at);

  // `knowledge` must outlive the gatherer.
  explicit Gatherer(Knowledge& knowledge) : knowledge_(knowledge) {}

  [[nodiscard]] Rollups gather(const WindowView& view, const Wanted& wanted);

  // How many values of hosts gather() goes through.
  [[nodiscard]] std::size_t cost_of(const WindowView& view, const Wanted& wanted) const;

  // The window's hosts in sorted order.
  [[nodiscard]] std::vector<const Window::Host*> sorted_hosts(const Window& window);

  // Who is expected to be heard as of `end`, by HostId: hosts that the map names and the presence
  // does not leave out, and those heard with the presence (empty: the map alone) within host_ttl.
  [[nodiscard]] std::vector<std::uint8_t> expected_hosts(Placement& placement,
                                                         std::string_view presence, Seconds end);

 private:
  // One track on its way.
  struct Target {
    const Wanted& wanted;
    std::uint32_t track;
    ScopeValues& values;
  };

  [[nodiscard]] bool needs_samples(const Wanted& wanted) const;
  void add_samples(const WindowView& view, const Wanted& wanted, Rollups& rollups);
  void add_metric(const WindowView& view, MetricId metric, const Target& target);
  void add_ages(const WindowView& view, const Metric& metric, const Target& target);
  void add_held(const WindowView& view, const Metric& metric, const Target& target);
  void add_zeros(const WindowView& view, const Metric& metric, const Target& target);
  void add_quiet(const WindowView& view, const Metric& metric, const Target& target);
  void add_states(const WindowView& view, const Metric& metric, const Target& target);
  void add_presence(const WindowView& view, const Presence& presence, const Target& target);

  // Calls use(ScopeValue&) for every wanted scope of the host; not at all if it is refused.
  template <typename Use>
  void for_scopes(const WindowView& view, HostId host, const Target& target, Use&& use);
  // Calls use(host, event) for every host with an event before the window's end, in sorted order.
  template <typename Use>
  void for_last(const WindowView& view, std::uint32_t track, Use&& use);
  static ScopeValue* value_of(ScopeId scope, const Target& target);
  static Rollup& rollup_of(ScopeValue& value, const Metric& metric);
  [[nodiscard]] std::optional<std::uint32_t> presence_track(std::string_view name) const;

  Knowledge& knowledge_;
};

}  // namespace sluice
