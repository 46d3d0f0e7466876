#pragma once

#include <cstdio>
#include <span>
#include <string_view>

#include "sluice/values/datapoint.h"

namespace sluice {

// True for a terminal that shows colours and whose owner did not say NO_COLOR.
[[nodiscard]] bool wants_color(int fd);

// Writes `text` to `out` and flushes. False when that failed: the reader went away, the disk is
// full.
[[nodiscard]] bool write_out(std::FILE* out, std::string_view text);

// Writes published datapoints for people, one line per series: the leaves of one metric of one
// host, cluster or the fleet behind each other. Series whose leaves are all 0 are left out: quiet
// counters are for graphs, not for eyes. False when `out` takes no more.
[[nodiscard]] bool print_datapoints(std::FILE* out, std::span<const Datapoint> datapoints);

}  // namespace sluice
