#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "pipeline/age_book.h"
#include "pipeline/name_tables.h"
#include "pipeline/placement.h"
#include "pipeline/series_key.h"
#include "sluice/aggregate/rollup.h"
#include "sluice/aggregate/window_store.h"
#include "sluice/base/stats.h"
#include "sluice/values/datapoint.h"

namespace sluice {

// What is to be written of one window, and from what.
struct WindowView {
  Seconds start{};
  Seconds end{};
  const Window* window = nullptr;  // Null when the store holds no sample of it.
  Placement* placement = nullptr;
};

// Turns windows into datapoints: host leaves, and the rollups of clusters and fleet over the hosts
// in sorted order. Knows nothing of when.
class WindowWriter {
 public:
  // Everything referred to must outlive the writer.
  WindowWriter(HostTable& hosts, const MetricTable& metrics, const AgeBook& ages,
               const ScopeTable& scopes, Stats& stats);

  // The datapoints that the next calls append get this version and go here.
  void begin(std::uint64_t version, std::vector<Datapoint>& datapoints);

  // Every host series of the window and the age of every host.
  void write_hosts(const WindowView& view);
  // One host series; writes nothing if the window has none.
  void write_host(const WindowView& view, const SeriesKey& host_metric);

  // Rollups by (scope, metric).
  using Rollups = absl::flat_hash_map<SeriesKey, Rollup>;
  using Wanted = std::function<bool(const SeriesKey& scope_metric)>;
  // Gathers those of the fleet and of every cluster that `is_wanted` asks for; looking through the
  // ages costs as much as all else, so the caller says whether one may be wanted.
  [[nodiscard]] Rollups gather(const WindowView& view, const Wanted& is_wanted, bool with_ages);
  // In the order of scope and metric, so that the same rollups give the same lines.
  void write_rollups(const WindowView& view, const Rollups& rollups);

  // Host ages at the end of the window, hosts in sorted order, refused hosts left out.
  struct Age {
    SeriesKey host_metric;
    Timestamp last;
  };
  [[nodiscard]] std::vector<Age> ages_at(const WindowView& view);

 private:
  void write_leaves(const std::string& scope_path, MetricId metric, Seconds time, Scope scope);
  void add_to(Rollups& rollups, ScopeId cluster, MetricId metric, const Wanted& is_wanted,
              const std::function<void(Rollup&)>& add);
  [[nodiscard]] std::vector<const Window::Host*> sorted_hosts(const Window& window);

  HostTable& hosts_;
  const MetricTable& metrics_;
  const AgeBook& ages_;
  const ScopeTable& scopes_;
  Stats& stats_;
  std::uint64_t version_ = 0;
  std::vector<Datapoint>* datapoints_ = nullptr;
  std::vector<Leaf> leaves_;  // Scratch.
};

}  // namespace sluice
