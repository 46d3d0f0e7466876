#pragma once

#include <string>
#include <string_view>

#include "sluice/base/error.h"
#include "sluice/values/cluster_map.h"

namespace sluice {

// Decodes a cluster map that was read from `file`:
//
//   {"hosts": {"web01.example.com": "web",
//              "db*.example.com": {"cluster": "db", "environment": "prod"}},
//    "aliases": {"old-name": "web01.example.com"}}
//
// A map without a host is refused: it would move every host to the default cluster.
[[nodiscard]] Expected<ClusterMapDefinition> decode_cluster_map(std::string_view text,
                                                                std::string_view file);

[[nodiscard]] Expected<ClusterMapDefinition> load_cluster_map(const std::string& file);

}  // namespace sluice
