#pragma once

#include <cstdio>
#include <span>

#include "sluice/values/datapoint.h"

namespace sluice {

// Writes published datapoints for people, one line per series: the leaves of one metric of one
// host, cluster or the fleet behind each other. Series whose leaves are all 0 are left out: quiet
// counters are for graphs, not for eyes.
void print_datapoints(std::FILE* out, std::span<const Datapoint> datapoints);

}  // namespace sluice
