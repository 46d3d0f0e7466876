#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice {

// The points of the block of now, of the series of one tier: a column for each window and each 64
// series that are neighbours, made when one of them has a point. So a point takes 8 bytes where
// neighbours have points in the same windows, as the series of a host do.
class OpenBlock {
 public:
  static constexpr std::size_t kWindows = 16;
  static constexpr std::uint32_t kGroupSeries = 64;

  // Replaces what the series has in that window. `window`: of the block, from 0 on.
  void put(std::uint32_t series, std::size_t window, double value);
  void clear() { groups_.clear(); }
  // Lets the older half go of the windows that have points, or the only one; how many points went.
  std::uint64_t cut();

  // 64 series each.
  [[nodiscard]] std::uint32_t group_count() const noexcept {
    return static_cast<std::uint32_t>(groups_.size());
  }
  // Calls use(window, value) for each point of the series, in order of time.
  template <typename Use>
  void for_each(std::uint32_t series, Use&& use) const {
    if (series / kGroupSeries >= groups_.size()) return;
    const Group& group = groups_[series / kGroupSeries];
    for (std::size_t window = 0; window < kWindows; ++window) {
      const Column* const column = group[window].get();
      const std::uint32_t slot = series % kGroupSeries;
      if (column != nullptr && (column->known >> slot & 1) != 0) use(window, column->values[slot]);
    }
  }

 private:
  struct Column {
    std::uint64_t known = 0;  // A bit for each series that has a point.
    std::array<double, kGroupSeries> values;
  };
  using Group = std::array<std::unique_ptr<Column>, kWindows>;

  std::vector<Group> groups_;
};

}  // namespace sluice
