#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "http/router.h"
#include "http/snapshot.h"

namespace sluice {

// Serves what people look at beside the ledger (http/observed.h), each as a list with `limit` and
// `offset`. `snapshot` gives the last one, never null, and is called from the server's threads.
void add_observed_routes(std::vector<Route>& routes,
                         const std::function<std::shared_ptr<const Snapshot>()>& snapshot);

}  // namespace sluice
