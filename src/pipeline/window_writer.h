#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/gatherer.h"
#include "pipeline/knowledge.h"
#include "pipeline/series_key.h"
#include "pipeline/window_view.h"
#include "sluice/aggregate/rollup.h"
#include "sluice/base/stats.h"
#include "sluice/values/datapoint.h"

namespace sluice {

// Turns windows into datapoints: host leaves, and the values of fleet, clusters and groups. Knows
// nothing of when.
class WindowWriter {
 public:
  // Everything referred to must outlive the writer.
  WindowWriter(Knowledge& knowledge, Gatherer& gatherer, Stats& stats);

  // The datapoints that the next calls append get this version and go here.
  void begin(std::uint64_t version, std::vector<Datapoint>& datapoints);

  // Every host series of the window, the age of every host, and the zeros of those that are idle.
  void write_hosts(const WindowView& view);
  // Some host series; writes nothing of those that the window does not have.
  void write_hosts(const WindowView& view, std::span<const SeriesKey> host_metrics);

  // In the order of scope and metric, so that the same rollups give the same lines.
  void write_rollups(const WindowView& view, const Rollups& rollups);

 private:
  // The series' samples; null when there is nothing to write of them.
  [[nodiscard]] const StoredSeries* samples_of(const WindowView& view,
                                               const SeriesKey& host_metric) const;
  void write_host(const WindowView& view, const SeriesKey& host_metric,
                  const StoredSeries* samples);
  void write_series(const WindowView& view, HostId host, const StoredSeries& series);
  void make_room(std::size_t series_count);
  void write_age(const WindowView& view, const SeriesKey& host_metric, const LastEvent& event);
  void write_zero(const WindowView& view, const SeriesKey& host_metric, const LastEvent& event);
  void write_last(const WindowView& view, MetricId metric);
  void write_host_leaves(const WindowView& view, const SeriesKey& host_metric);
  void write_value(const WindowView& view, ScopeId scope, MetricId metric, const ScopeValue& value);
  // What the next leaves have in common: all of their paths but the last node, and whether that is
  // a metric path. Put together and looked at once, and not for each datapoint.
  void begin_leaves(Scope scope, std::string_view scope_path, std::string_view metric,
                    bool is_sound);
  // The leaf is a path node.
  void write_leaf(std::string_view leaf, double value, Seconds time);
  [[nodiscard]] bool has_sound_name(MetricId metric);

  Knowledge& knowledge_;
  Gatherer& gatherer_;
  Stats& stats_;
  std::uint64_t version_ = 0;
  std::vector<Datapoint>* datapoints_ = nullptr;
  Scope scope_ = Scope::kHost;
  std::string stem_;  // Ends with a dot.
  bool is_stem_sound_ = false;
  std::vector<std::optional<bool>> sound_names_;  // By MetricId, since begin().
  std::vector<Leaf> leaves_;                      // Scratch.
};

}  // namespace sluice
