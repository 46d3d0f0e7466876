#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "pipeline/series_key.h"
#include "sluice/base/time.h"

namespace sluice {

// When things last happened, per host and age metric. Keeps the last event of each recent window,
// so that the age as of the end of any window that can still be corrected is known.
class AgeBook {
 public:
  // Notes an event. Returns the start of the next later window that has one of its own: the windows
  // from `window` up to that one have a new age. Nothing: all later windows do.
  std::optional<Seconds> note(const SeriesKey& host_metric, Seconds window, Timestamp event);

  // The last event before the window that ends at `end` was over; nothing when there was none.
  [[nodiscard]] std::optional<Timestamp> last_before(const SeriesKey& host_metric,
                                                     Seconds end) const;

  // Calls for every (host, metric) that has an event before `end`.
  void for_each(Seconds end,
                const std::function<void(const SeriesKey&, Timestamp last)>& use) const;

  // Forgets what no window from `oldest` on needs, and hosts for which `is_gone` holds.
  void prune(Seconds oldest, const std::function<bool(HostId)>& is_gone);

 private:
  struct Event {
    Seconds window;
    Timestamp last;
  };
  using History = std::vector<Event>;  // By window; rarely more than two.

  static const Event* last_of(const History& history, Seconds end);

  absl::flat_hash_map<SeriesKey, History> histories_;
};

}  // namespace sluice
