#pragma once

#include <string>
#include <string_view>

#include "sluice/base/stats.h"
#include "sluice/pipeline/ingest.h"

namespace sluice {

// Reads and counts a line of Graphite plaintext and fills all of `trace` but its host and what the
// rules say. False when there is nothing for rules to try: the line is malformed, or has no number.
[[nodiscard]] bool read_line(const Message& line, Timestamp now, Stats& stats, MessageTrace& trace);

// The canonical name of the host that a path names. Where dots were replaced, the name can be had
// back if it ends in the relay's own domain ("web01_example_com"), and if it is a short one; then
// `is_path_node` becomes false. The result points into `host` or `scratch`, which is overwritten.
[[nodiscard]] std::string_view canonical_line_host(std::string_view host, bool& is_path_node,
                                                   const HostNameOptions& options,
                                                   std::string& scratch);

}  // namespace sluice
