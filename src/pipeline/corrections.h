#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pipeline/series_key.h"
#include "sluice/base/time.h"

namespace sluice {

// Which series of one published window have changed since they were last published, and when that
// was. A backlog marks whole windows, so a mark is a bit: 64 owners of a metric share 24 bytes.
class Corrections {
 public:
  void mark(const SeriesKey& key);

  // Takes up to `most` marked series whose last publication is at least `interval` old, and counts
  // them as published at `now`. The others stay marked. `published`: when the window was published
  // as a whole. By metric and owner, from a place on that moves with `now`: each has its turn, and
  // the same calls give the same answer, from a checkpoint on too.
  [[nodiscard]] std::vector<SeriesKey> take(Timestamp now, std::chrono::seconds interval,
                                            std::size_t most, Timestamp published);

  // Gives back the memory of publications that are older than `interval`: take() does, but is not
  // called for as long as nothing is marked.
  void forget_old(Timestamp now, std::chrono::seconds interval);

  // Nothing is marked.
  [[nodiscard]] bool is_empty() const noexcept { return marked_.empty(); }
  // Calls use(key) for every series that is marked or was published of late, in no order; for one
  // that is both, twice.
  template <typename Use>
  void for_each(Use&& use) const {
    for_each_marked(use);
    for (const auto& [key, published] : recent_) use(key);
  }

 private:
  friend class CheckpointWriter;
  friend class CheckpointReader;

  // The metric, and the number of the 64 owners.
  using Block = std::uint64_t;
  static constexpr std::uint32_t kBlockOwners = 64;

  static Block block_of(const SeriesKey& key) {
    return Block{key.metric} << 32 | key.owner / kBlockOwners;
  }
  static std::uint64_t bit_of(const SeriesKey& key) {
    return std::uint64_t{1} << key.owner % kBlockOwners;
  }
  static SeriesKey key_of(Block block, std::uint32_t bit) {
    return {static_cast<std::uint32_t>(block) * kBlockOwners + bit,
            static_cast<MetricId>(block >> 32)};
  }
  [[nodiscard]] bool is_marked(const SeriesKey& key) const;
  template <typename Use>
  void for_each_marked(Use&& use) const {
    for (const auto& [block, bits] : marked_) {
      for (std::uint32_t bit = 0; bit < kBlockOwners; ++bit) {
        if ((bits >> bit & 1) != 0) use(key_of(block, bit));
      }
    }
  }
  void note_recent(const SeriesKey& key, Timestamp published);
  void clear_recent();
  // Of one block, from the bit `first` on; clears what it takes. False once `most` are taken.
  bool take_block(Block block, std::uint64_t& bits, std::uint32_t first, std::size_t most,
                  std::vector<SeriesKey>& taken) const;

  absl::btree_map<Block, std::uint64_t> marked_;  // A bit for each owner; never 0.
  // When series were published that were so within `interval` before the last take(), beside the
  // window as a whole.
  absl::flat_hash_map<SeriesKey, Timestamp> recent_;
  // None of them was published before or after these.
  Timestamp recent_from_ = Timestamp::max();
  Timestamp recent_to_ = Timestamp::min();
};

}  // namespace sluice
