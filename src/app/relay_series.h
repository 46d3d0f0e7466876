#pragma once

#include <string_view>
#include <vector>

#include "http/snapshot.h"
#include "sluice/base/time.h"
#include "sluice/values/datapoint.h"

namespace sluice {

// The relay's own series, as of `snapshot`, stamped with `time`: every counter of kCounters (a
// total since the relay started, `_total` left out), the numbers of relay_rows(), and for each
// destination those of destination_rows():
//   {relay}.syslog_messages_received
//   {relay}.store_bytes
//   {relay}.destinations.NAME.waiting
// `relay` is Paths::relay(). Each path and time is published once in a relay's life, so the version
// is always 1.
[[nodiscard]] std::vector<Datapoint> relay_series(const Snapshot& snapshot, std::string_view relay,
                                                  Seconds time);

}  // namespace sluice
