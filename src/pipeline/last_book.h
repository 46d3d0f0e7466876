#pragma once

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "sluice/base/time.h"

namespace sluice {

// Something that happened, and with which value.
struct LastEvent {
  Timestamp time{};
  double value = 0;
};

// What is last known as of the end of a window: ages, states, held values, signs of life. Per track
// (a metric, a presence) and owner (a host, a scope) it keeps the last event of each recent window,
// so that the answer is known for every window that can still be corrected. Of one window the event
// with the greatest time counts, then the one with the greatest value, whatever came first.
//
// Costs about 90 bytes per track and owner, and 16 for each further recent window that had an
// event.
class LastBook {
 public:
  using TrackId = std::uint32_t;
  using OwnerId = std::uint32_t;

  explicit LastBook(std::chrono::seconds window) : window_(window) {}

  // What noting an event changed.
  struct Noted {
    // False: a later event of the same window was known, so nothing looks different.
    bool is_change = false;
    // Start of the next later window that has an event of the owner: the windows from the event's
    // own up to that one have a new last event. Nothing: all later windows do.
    std::optional<Seconds> next;
    // The track's first event of all was later, or there was none (Seconds::max()): set only when
    // this one is earlier.
    std::optional<Seconds> first_before;
  };
  Noted note(TrackId track, OwnerId owner, const LastEvent& event);

  // The last event before `end`; null when there was none.
  [[nodiscard]] const LastEvent* last_before(TrackId track, OwnerId owner, Seconds end) const;

  // Start of the window of the first event that the track ever had.
  [[nodiscard]] std::optional<Seconds> first_window(TrackId track) const;

  // How many owners ever had an event of the track, and are not forgotten.
  [[nodiscard]] std::size_t owner_count(TrackId track) const;

  // Bytes of the events that only windows before the last ones need.
  [[nodiscard]] std::size_t bytes_of_windows() const noexcept {
    return older_count_ * sizeof(LastEvent) * 5 / 4;
  }

  // Calls use(owner, event) for every owner that has an event before `end`, in no order.
  template <typename Use>
  void for_each(TrackId track, Seconds end, Use&& use) const;

  // The same in the order of `ranks` (by OwnerId), which is kept until an owner comes or
  // `ranks_version` changes: publishing a window sorts nothing.
  template <typename Use>
  void for_each_in_order(TrackId track, Seconds end, std::span<const std::uint32_t> ranks,
                         std::uint64_t ranks_version, Use&& use) const;

  // Forgets what no window from `oldest` on needs, and the rows for which `is_gone(owner, last)`
  // holds; `last` is the row's last event.
  void prune(Seconds oldest, const std::function<bool(OwnerId, const LastEvent& last)>& is_gone);
  void erase(OwnerId owner);
  // Of the track everything, also that it ever had an event.
  void erase_track(TrackId track);
  // Calls use(track, owner) for every row, in no order.
  template <typename Use>
  void for_each_row(Use&& use) const {
    for (const auto& [id, track] : tracks_) {
      for (const Row& row : track.rows) use(id, row.owner);
    }
  }
  // From now on windows are `window` long: what is not the last event of one is forgotten.
  void change_window(std::chrono::seconds window);
  // Puts another value in place of each of the track's values.
  void change_values(TrackId track, const std::function<double(double)>& changed);

 private:
  friend class CheckpointWriter;
  friend class CheckpointReader;

  struct Row {
    OwnerId owner = 0;
    LastEvent last;
    std::vector<LastEvent> older;  // One a window, oldest first; all before the window of `last`.
  };
  struct Track {
    std::vector<Row> rows;
    absl::flat_hash_map<OwnerId, std::uint32_t> places;
    Seconds first = Seconds::max();
    // Rows in rank order, for the ranks of this version.
    mutable std::vector<std::uint32_t> order;
    mutable std::uint64_t order_version = std::numeric_limits<std::uint64_t>::max();
  };

  [[nodiscard]] Seconds window_of(const LastEvent& event) const {
    return window_start(event.time, window_);
  }
  Noted note_in(Row& row, const LastEvent& event);
  void insert_older(Row& row, std::vector<LastEvent>::const_iterator place, const LastEvent& event);
  void drop_older(Row& row, std::size_t count);  // The oldest ones.
  static const LastEvent* last_of(const Row& row, Seconds end);
  void erase_row(Track& track, std::uint32_t place);
  static void sort(const Track& track, std::span<const std::uint32_t> ranks, std::uint64_t version);

  std::chrono::seconds window_;
  std::map<TrackId, Track> tracks_;
  std::size_t older_count_ = 0;  // Events in Row::older, of all rows.
};

template <typename Use>
void LastBook::for_each(TrackId track, Seconds end, Use&& use) const {
  const auto found = tracks_.find(track);
  if (found == tracks_.end()) return;
  for (const Row& row : found->second.rows) {
    if (const LastEvent* event = last_of(row, end)) use(row.owner, *event);
  }
}

template <typename Use>
void LastBook::for_each_in_order(TrackId track, Seconds end, std::span<const std::uint32_t> ranks,
                                 std::uint64_t ranks_version, Use&& use) const {
  const auto found = tracks_.find(track);
  if (found == tracks_.end()) return;
  if (found->second.order_version != ranks_version) sort(found->second, ranks, ranks_version);
  for (const std::uint32_t place : found->second.order) {
    const Row& row = found->second.rows[place];
    if (const LastEvent* event = last_of(row, end)) use(row.owner, *event);
  }
}

}  // namespace sluice
