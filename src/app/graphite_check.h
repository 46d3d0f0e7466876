#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/setup.h"
#include "app/storage_rules.h"

namespace sluice {

// What Graphite would do with what a configuration publishes.

struct Finding {
  enum class Kind : std::uint8_t {
    kWarning,  // Numbers would be lost or wrong.
    kNote,     // Worth knowing.
  } kind = Kind::kWarning;
  std::string text;  // One line.
};

// The series that `setup` can give: every metric of every pack, for every host that the map names.
struct SeriesEstimate {
  std::uint64_t hosts = 0;            // Named by the map; its patterns stand for none.
  std::uint64_t rollups = 0;          // Clusters, groups' values, and the fleet.
  std::uint64_t series_per_host = 0;  // If every pack's programs run there.
  std::uint64_t series_per_rollup = 0;
  std::uint64_t open_names = 0;  // Metrics with a capture in their name: each counted as one.
  std::uint64_t bytes = 0;       // On carbon's disk; 0 without storage rules.

  [[nodiscard]] std::uint64_t series() const noexcept {
    return hosts * series_per_host + rollups * series_per_rollup;
  }
};

// `rules` may be null. Paths are tried with the first host of the map, or an invented one.
[[nodiscard]] std::vector<Finding> check_storage(const Setup& setup, const Paths& paths,
                                                 const StorageRules& rules);
[[nodiscard]] SeriesEstimate estimate_series(const Setup& setup, const Paths& paths,
                                             const StorageRules* rules);

}  // namespace sluice
