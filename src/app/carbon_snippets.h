#pragma once

#include <chrono>
#include <string>

#include "config/config.h"
#include "sluice/graphite/paths.h"

namespace sluice {

// Ready sections of carbon's storage-schemas.conf and storage-aggregation.conf for what a relay
// with these paths and this window publishes. For the default configuration they are the files in
// packaging/carbon.
[[nodiscard]] std::string storage_schemas_snippet(const Paths& paths, std::chrono::seconds window);
[[nodiscard]] std::string storage_aggregation_snippet(const Paths& paths);

}  // namespace sluice
