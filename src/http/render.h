#pragma once

#include <string>
#include <string_view>

#include "http/snapshot.h"

namespace sluice {

// /api/v1/ledger: the account as JSON, docs/api.md.
[[nodiscard]] std::string render_ledger(const Snapshot& snapshot);

// /healthz: {"status": "ok" | "degraded", "reasons": [..]}.
[[nodiscard]] std::string render_health(const Snapshot& snapshot);

// /metrics: Prometheus text format 0.0.4.
[[nodiscard]] std::string render_prometheus(const Snapshot& snapshot);

// An error as problem JSON (RFC 9457).
[[nodiscard]] std::string render_problem(int status, std::string_view title,
                                         std::string_view detail);

}  // namespace sluice
