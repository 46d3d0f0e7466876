#pragma once

#include <absl/container/flat_hash_map.h>

#include <chrono>
#include <cstddef>
#include <vector>

#include "pipeline/series_key.h"
#include "sluice/base/time.h"

namespace sluice {

// Which series of one published window have changed since they were last published, and when that
// was.
class Corrections {
 public:
  // `published`: when the window was published as a whole.
  void mark(const SeriesKey& key, Timestamp published);

  // Takes up to `most` marked series whose last publication is at least `interval` old, and counts
  // them as published at `now`. The others stay marked.
  [[nodiscard]] std::vector<SeriesKey> take(Timestamp now, std::chrono::seconds interval,
                                            std::size_t most);

  [[nodiscard]] bool is_empty() const noexcept { return marked_.empty(); }

  // Calls use(key) for every series that is remembered, marked or not, in no order.
  template <typename Use>
  void for_each(Use&& use) const {
    for (const auto& [key, mark] : marks_) use(key);
  }

 private:
  friend class CheckpointWriter;
  friend class CheckpointReader;

  struct Mark {
    Timestamp published;
    bool is_marked = false;
  };
  absl::flat_hash_map<SeriesKey, Mark> marks_;
  std::vector<SeriesKey> marked_;  // In the order they were marked.
};

}  // namespace sluice
