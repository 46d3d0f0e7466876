#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "http/list_query.h"
#include "sluice/base/time.h"
#include "sluice/pipeline/event_log.h"
#include "sluice/pipeline/failures.h"

namespace sluice {

// {"text", "hosts", "count", "clusters", "sample", "host", "first", "last"}.
[[nodiscard]] nlohmann::ordered_json as_json(const FailureReport::Reason& reason);
// {"time", "host", "cluster", "kind", "rule", "text"}.
[[nodiscard]] nlohmann::ordered_json as_json(const EventReport::Event& event);

// /api/v1/failures: why hosts fail now, most hosts first. The filter `cluster` counts the hosts of
// one cluster alone.
[[nodiscard]] std::string render_failures(const FailureReport& report, Timestamp now,
                                          const ListQuery& query);

// /api/v1/events: what happened lately, newest first; filters `cluster`, `host`, `kind`.
[[nodiscard]] std::string render_events(const EventReport& report, Timestamp now,
                                        const ListQuery& query);

}  // namespace sluice
