#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sluice/base/time.h"

namespace sluice {

// What is known of every host at one moment, in a form that is cheap to make: a fleet of 20,000
// costs some milliseconds. Rows of hosts are in order of their names.
struct FleetView {
  struct Scope {
    std::string name;   // Of the cluster, or of the group ("environment").
    std::string value;  // Of the group; empty for a cluster.
    std::string path;   // "sluice.clusters.web".
    bool is_cluster = false;
  };
  struct StateMetric {
    std::string name;                 // "puppet.nodes".
    std::vector<std::string> states;  // Names by index; the last two are "stale" and "never".
  };
  struct State {
    std::int32_t index = -1;  // Into StateMetric::states; -1: the metric has nothing to say of it.
    std::optional<Timestamp> since;  // When it was last reported; nothing: never.
  };
  struct Sign {
    std::optional<Timestamp> last;
    bool is_expected = false;
    bool is_missing = false;
  };
  struct Host {
    std::string name;
    std::string path;                   // "sluice.hosts.web.web01".
    std::optional<Timestamp> heard;     // Nothing: the map names it, and it was never heard.
    std::vector<std::uint32_t> scopes;  // Its cluster, then its groups: places in `scopes`.
  };

  Timestamp taken{};
  std::string all_path;  // "sluice.all".
  std::vector<Scope> scopes;
  std::vector<StateMetric> metrics;
  std::vector<std::string> presences;
  std::vector<Host> hosts;
  std::vector<State> states;  // Of host h and metric m: h * metrics.size() + m.
  std::vector<Sign> signs;    // Of host h and presence p: h * presences.size() + p.
};

}  // namespace sluice
