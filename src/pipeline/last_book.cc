#include "pipeline/last_book.h"

#include <numeric>
#include <tuple>
#include <utility>

namespace sluice {
namespace {

constexpr std::uint64_t kUnsorted = std::numeric_limits<std::uint64_t>::max();

bool is_later(const LastEvent& one, const LastEvent& other) {
  return std::tie(one.time, one.value) > std::tie(other.time, other.value);
}

}  // namespace

LastBook::Noted LastBook::note(TrackId track_id, OwnerId owner, const LastEvent& event) {
  Track& track = tracks_[track_id];
  const auto [place, is_new] =
      track.places.try_emplace(owner, static_cast<std::uint32_t>(track.rows.size()));
  Noted noted{.is_change = true};
  if (is_new) {
    track.rows.push_back({.owner = owner, .last = event});
    track.order_version = kUnsorted;
  } else {
    noted = note_in(track.rows[place->second], event);
  }
  if (const Seconds window = window_of(event); window < track.first) {
    noted.first_before = std::exchange(track.first, window);
  }
  return noted;
}

LastBook::Noted LastBook::note_in(Row& row, const LastEvent& event) {
  const Seconds window = window_of(event);
  const Seconds last_window = window_of(row.last);
  if (window > last_window) {
    insert_older(row, row.older.end(), std::exchange(row.last, event));
    return {.is_change = true};
  }
  if (window == last_window) {
    if (!is_later(event, row.last)) return {};
    row.last = event;
    return {.is_change = true};
  }
  const auto place = std::ranges::lower_bound(row.older, Timestamp(window), {}, &LastEvent::time);
  const bool is_known = place != row.older.end() && window_of(*place) == window;
  const auto after = is_known ? place + 1 : place;
  const Seconds next = window_of(after == row.older.end() ? row.last : *after);
  if (!is_known) {
    insert_older(row, place, event);
  } else if (is_later(event, *place)) {
    *place = event;
  } else {
    return {};
  }
  return {.is_change = true, .next = next};
}

// Of all that is known of hosts this is the most: doubling would leave a third of it unused.
void LastBook::insert_older(Row& row, std::vector<LastEvent>::const_iterator place,
                            const LastEvent& event) {
  const auto index = place - row.older.begin();
  const std::size_t count = row.older.size() + 1;
  if (row.older.capacity() < count) row.older.reserve(count + count / 4);
  row.older.insert(row.older.begin() + index, event);
  ++older_count_;
}

void LastBook::drop_older(Row& row, std::size_t count) {
  older_count_ -= count;
  row.older.erase(row.older.begin(), row.older.begin() + static_cast<std::ptrdiff_t>(count));
  const std::size_t room = row.older.size() + row.older.size() / 4 + 8;
  if (row.older.capacity() > room) row.older.shrink_to_fit();
}

std::size_t LastBook::owner_count(TrackId track) const {
  const auto found = tracks_.find(track);
  return found == tracks_.end() ? 0 : found->second.rows.size();
}

void LastBook::erase_track(TrackId id) {
  const auto found = tracks_.find(id);
  if (found == tracks_.end()) return;
  for (const Row& row : found->second.rows) older_count_ -= row.older.size();
  tracks_.erase(found);
}

const LastEvent* LastBook::last_before(TrackId track, OwnerId owner, Seconds end) const {
  const auto found = tracks_.find(track);
  if (found == tracks_.end()) return nullptr;
  const auto place = found->second.places.find(owner);
  if (place == found->second.places.end()) return nullptr;
  return last_of(found->second.rows[place->second], end);
}

std::optional<Seconds> LastBook::first_window(TrackId track) const {
  const auto found = tracks_.find(track);
  if (found == tracks_.end()) return std::nullopt;
  return found->second.first;
}

void LastBook::prune(Seconds oldest,
                     const std::function<bool(OwnerId, const LastEvent& last)>& is_gone) {
  for (auto& [id, track] : tracks_) {
    for (std::uint32_t place = 0; place < track.rows.size();) {
      Row& row = track.rows[place];
      if (is_gone(row.owner, row.last)) {
        erase_row(track, place);
        continue;
      }
      // The last event before `oldest` is still what the windows that follow know last.
      const auto kept =
          std::ranges::lower_bound(row.older, Timestamp(oldest), {}, &LastEvent::time);
      if (row.last.time < oldest) {
        if (!row.older.empty()) drop_older(row, row.older.size());
      } else if (kept - row.older.begin() > 1) {
        drop_older(row, static_cast<std::size_t>(kept - row.older.begin()) - 1);
      }
      ++place;
    }
  }
}

void LastBook::erase(OwnerId owner) {
  for (auto& [id, track] : tracks_) {
    const auto place = track.places.find(owner);
    if (place != track.places.end()) erase_row(track, place->second);
  }
}

void LastBook::erase_row(Track& track, std::uint32_t place) {
  older_count_ -= track.rows[place].older.size();
  track.places.erase(track.rows[place].owner);
  if (place + 1 < track.rows.size()) {
    track.rows[place] = std::move(track.rows.back());
    track.places[track.rows[place].owner] = place;
  }
  track.rows.pop_back();
  track.order_version = kUnsorted;
}

void LastBook::change_window(std::chrono::seconds window) {
  window_ = window;
  for (auto& [id, track] : tracks_) {
    if (track.first != Seconds::max()) track.first = window_start(track.first, window);
    for (Row& row : track.rows) {
      older_count_ -= row.older.size();
      std::vector<LastEvent> events = std::exchange(row.older, {});
      events.push_back(row.last);
      row.last = events.front();
      for (const LastEvent& event : events) (void)note_in(row, event);
    }
  }
}

void LastBook::change_values(TrackId track, const std::function<double(double)>& changed) {
  const auto found = tracks_.find(track);
  if (found == tracks_.end()) return;
  for (Row& row : found->second.rows) {
    row.last.value = changed(row.last.value);
    for (LastEvent& event : row.older) event.value = changed(event.value);
  }
}

const LastEvent* LastBook::last_of(const Row& row, Seconds end) {
  if (row.last.time < end) return &row.last;
  const auto after = std::ranges::lower_bound(row.older, Timestamp(end), {}, &LastEvent::time);
  return after == row.older.begin() ? nullptr : &*(after - 1);
}

void LastBook::sort(const Track& track, std::span<const std::uint32_t> ranks,
                    std::uint64_t version) {
  track.order.resize(track.rows.size());
  std::iota(track.order.begin(), track.order.end(), std::uint32_t{0});
  std::ranges::sort(track.order, {},
                    [&](std::uint32_t place) { return ranks[track.rows[place].owner]; });
  track.order_version = version;
}

}  // namespace sluice
