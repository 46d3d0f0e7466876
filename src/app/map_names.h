#pragma once

#include "sluice/base/error.h"
#include "sluice/pipeline/host_name.h"
#include "sluice/values/cluster_map.h"

namespace sluice {

// The map with its hosts and aliases called as hosts are called here: a map of whole names serves a
// relay that cuts them at the first dot. Patterns stay as they are. An alias that is its host's
// name then is left out. Fails when two hosts become one that would be in two clusters or groups,
// or an alias becomes the name of a host or another's alias.
[[nodiscard]] Expected<ClusterMapDefinition> with_host_names(ClusterMapDefinition map,
                                                             const HostNameOptions& names);

}  // namespace sluice
