#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "http/router.h"
#include "http/series_api.h"
#include "http/snapshot.h"
#include "sluice/pipeline/fleet_view.h"

namespace sluice {

// A view that is a second or so old at most; null while there is none. May wait for it.
using FleetSource = std::function<std::shared_ptr<const FleetView>()>;

// The last snapshot; never null.
using SnapshotSource = std::function<std::shared_ptr<const Snapshot>()>;

// /api/v1/fleet, /api/v1/clusters, /api/v1/hosts, and one of each by name. Hosts come from the
// fleet's view; counts and values of clusters are those of the last published window, as the
// history has them, and null without a history. Failures and events are those of the snapshot.
void add_fleet_routes(std::vector<Route>& routes, const FleetSource& fleet,
                      const HistorySource& history, const SnapshotSource& snapshot);

}  // namespace sluice
