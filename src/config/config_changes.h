#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace sluice {

// The keys that differ and that a running relay does not take: all but those of rules, of the
// cluster map and of destinations.
[[nodiscard]] std::vector<std::string> changes_for_restart(const Config& running,
                                                           const Config& wanted);

}  // namespace sluice
