#include "store/history_open.h"

#include <algorithm>

namespace sluice {

void OpenBlock::put(std::uint32_t series, std::size_t window, double value) {
  const std::size_t number = series / kGroupSeries;
  if (number >= groups_.size()) groups_.resize(number + 1);
  std::unique_ptr<Column>& column = groups_[number][window];
  if (!column) column = std::make_unique<Column>();
  const std::uint32_t slot = series % kGroupSeries;
  column->known |= std::uint64_t{1} << slot;
  column->values[slot] = value;
}

std::uint64_t OpenBlock::cut() {
  std::size_t first = kWindows;
  std::size_t last = 0;
  for (const Group& group : groups_) {
    for (std::size_t window = 0; window < kWindows; ++window) {
      if (!group[window]) continue;
      first = std::min(first, window);
      last = std::max(last, window);
    }
  }
  if (first == kWindows) return 0;
  std::uint64_t points = 0;
  for (Group& group : groups_) {
    for (std::size_t window = first; window <= first + (last - first) / 2; ++window) {
      if (!group[window]) continue;
      points += static_cast<std::uint64_t>(std::popcount(group[window]->known));
      group[window].reset();
    }
  }
  return points;
}

}  // namespace sluice
