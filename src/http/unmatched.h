#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "http/list_query.h"
#include "sluice/base/time.h"
#include "sluice/pipeline/unmatched.h"

namespace sluice {

// {"program", "shape", "count", "sample", "host", "last"}.
[[nodiscard]] nlohmann::ordered_json as_json(const UnmatchedReport::Row& row);

// /api/v1/unmatched: shapes of messages that no rule matched, most frequent first. The filter
// `program` keeps those of one APP-NAME.
[[nodiscard]] std::string render_unmatched(const UnmatchedReport& report, Timestamp since,
                                           const ListQuery& query);

}  // namespace sluice
