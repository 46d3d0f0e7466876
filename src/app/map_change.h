#pragma once

#include <string>

#include "sluice/values/cluster_map.h"

namespace sluice {

// What becomes of which hosts when `after` takes the place of `before`, for the log: "120 hosts; 2
// added (web08, web09); 1 moved (db01 from db to web)". Of each kind the first ten are named. Names
// are those of the map, patterns included.
[[nodiscard]] std::string describe_map_change(const ClusterMapDefinition& before,
                                              const ClusterMapDefinition& after);

// "120 hosts, 3 patterns": how much a map names; wherever that is told, it is told like this.
[[nodiscard]] std::string map_size_in_words(const ClusterMapDefinition& map);

// True if `after` lacks more than a fifth of the hosts: rather a query that failed half-way than a
// decision.
[[nodiscard]] bool has_shrunk(const ClusterMapDefinition& before,
                              const ClusterMapDefinition& after);

}  // namespace sluice
