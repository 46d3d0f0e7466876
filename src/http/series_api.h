#pragma once

#include <functional>
#include <vector>

#include "http/router.h"
#include "store/history.h"

namespace sluice {

// The history as of now; null while it is not open yet. Empty where there is none.
using HistorySource = std::function<const History*()>;

// /api/v1/series and /api/v1/metrics.
void add_series_routes(std::vector<Route>& routes, const HistorySource& history);

}  // namespace sluice
