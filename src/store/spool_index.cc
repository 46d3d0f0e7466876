#include "store/spool_index.h"

#include <algorithm>

#include "sluice/base/check.h"

namespace sluice {
namespace {

SpoolIndex::Waiting waiting_of(const LinesInfo& info) {
  return {.rows = 1,
          .count = info.count,
          .replay_count = info.is_replay ? info.count : 0,
          .bytes = stored_bytes(info)};
}

// Nobody knows whether rows that were only added up share a path.
SpoolIndex::Waiting waiting_of(const LinesSum& sum) {
  return {.rows = sum.rows,
          .count = sum.count,
          .replay_count = sum.is_replay ? sum.count : 0,
          .bytes = sum.bytes + sum.rows * kRowBytes,
          .is_disjoint = sum.rows <= 1};
}

}  // namespace

void SpoolIndex::add(const LinesInfo& info, bool is_disjoint) {
  Waiting more = waiting_of(info);
  more.is_disjoint = is_disjoint;
  add(Place{info.window, info.scope}, more);
}

void SpoolIndex::add(const LinesSum& sum) {
  Waiting more = waiting_of(sum);
  more.is_disjoint = more.is_disjoint && at({sum.window, sum.scope}).rows == 0;
  add(Place{sum.window, sum.scope}, more);
}

void SpoolIndex::add(const Place& place, const Waiting& more) {
  Waiting& waiting = windows_[place.window][static_cast<std::size_t>(place.scope)];
  const bool was_empty = waiting.rows == 0;
  waiting.rows += more.rows;
  waiting.count += more.count;
  waiting.replay_count += more.replay_count;
  waiting.bytes += more.bytes;
  waiting.is_disjoint =
      was_empty ? more.rows <= 1 || more.is_disjoint : waiting.is_disjoint && more.is_disjoint;
  count_ += more.count;
  replay_count_ += more.replay_count;
  bytes_ += more.bytes;
}

void SpoolIndex::remove(const LinesInfo& info) {
  const auto window = windows_.find(info.window);
  SLUICE_CHECK(window != windows_.end(), "what is removed waits");
  Waiting& waiting = window->second[static_cast<std::size_t>(info.scope)];
  const Waiting less = waiting_of(info);
  SLUICE_CHECK(waiting.rows > 0 && waiting.count >= less.count, "what is removed waits");
  waiting.rows -= 1;
  waiting.count -= less.count;
  waiting.replay_count -= less.replay_count;
  waiting.bytes -= less.bytes;
  if (waiting.rows == 0) waiting = {};
  count_ -= less.count;
  replay_count_ -= less.replay_count;
  bytes_ -= less.bytes;
  if (std::ranges::all_of(window->second, [](const Waiting& one) { return one.rows == 0; }))
    windows_.erase(window);
}

SpoolIndex::Waiting* SpoolIndex::find(const Place& place) {
  const auto window = windows_.find(place.window);
  return window == windows_.end() ? nullptr
                                  : &window->second[static_cast<std::size_t>(place.scope)];
}

void SpoolIndex::set_disjoint(const Place& place) {
  if (Waiting* const waiting = find(place)) waiting->is_disjoint = true;
}

void SpoolIndex::set_overlapping(const Place& place) {
  Waiting* const waiting = find(place);
  if (waiting != nullptr && waiting->rows > 1) waiting->is_disjoint = false;
}

void SpoolIndex::hold(const LinesInfo& info) {
  hold(LinesSum{.window = info.window, .rows = 1, .count = info.count, .bytes = info.bytes});
}

void SpoolIndex::hold(const LinesSum& sum) {
  const Waiting more = waiting_of(sum);
  Waiting& held = held_[sum.window];
  held.rows += more.rows;
  held.count += more.count;
  held.bytes += more.bytes;
  held_count_ += more.count;
  bytes_ += more.bytes;
}

void SpoolIndex::unhold(const LinesInfo& info) {
  const auto found = held_.find(info.window);
  SLUICE_CHECK(found != held_.end() && found->second.count >= info.count, "what leaves was held");
  found->second.rows -= 1;
  found->second.count -= info.count;
  found->second.bytes -= stored_bytes(info);
  held_count_ -= info.count;
  bytes_ -= stored_bytes(info);
  if (found->second.rows == 0) held_.erase(found);
}

SpoolIndex::Waiting SpoolIndex::unhold_window(Seconds window) {
  const auto found = held_.find(window);
  if (found == held_.end()) return {};
  const Waiting was = found->second;
  held_.erase(found);
  held_count_ -= was.count;
  bytes_ -= was.bytes;
  return was;
}

std::optional<SpoolIndex::Place> SpoolIndex::first() const {
  if (windows_.empty()) return std::nullopt;
  const auto& [window, scopes] = *windows_.begin();
  for (std::size_t scope = 0; scope < kScopes; ++scope) {
    if (scopes[scope].rows > 0) return Place{window, static_cast<Scope>(scope)};
  }
  return std::nullopt;
}

std::optional<SpoolIndex::Place> SpoolIndex::after(const Place& place) const {
  auto window = windows_.lower_bound(place.window);  // This window, or the next older one.
  if (window == windows_.end()) return std::nullopt;
  std::size_t scope = window->first == place.window ? static_cast<std::size_t>(place.scope) + 1 : 0;
  while (window != windows_.end()) {
    for (; scope < kScopes; ++scope) {
      if (window->second[scope].rows > 0) return Place{window->first, static_cast<Scope>(scope)};
    }
    ++window;
    scope = 0;
  }
  return std::nullopt;
}

SpoolIndex::Waiting SpoolIndex::at(const Place& place) const {
  const auto window = windows_.find(place.window);
  return window == windows_.end() ? Waiting{}
                                  : window->second[static_cast<std::size_t>(place.scope)];
}

SpoolIndex::Waiting SpoolIndex::held_at(Seconds window) const {
  const auto found = held_.find(window);
  return found == held_.end() ? Waiting{} : found->second;
}

std::optional<Seconds> SpoolIndex::oldest_window() const {
  std::optional<Seconds> oldest;
  if (!windows_.empty()) oldest = windows_.rbegin()->first;
  if (!held_.empty() && (!oldest || held_.begin()->first < *oldest)) oldest = held_.begin()->first;
  return oldest;
}

std::optional<Seconds> SpoolIndex::oldest_unsent_window() const {
  std::optional<Seconds> oldest;
  if (!held_.empty()) oldest = held_.begin()->first;
  const auto is_unsent = [](const Waiting& one) { return one.count > one.replay_count; };
  for (auto window = windows_.rbegin(); window != windows_.rend(); ++window) {
    if (oldest && window->first >= *oldest) break;
    if (std::ranges::any_of(window->second, is_unsent)) return window->first;
  }
  return oldest;
}

std::optional<Seconds> SpoolIndex::newest_window() const {
  std::optional<Seconds> newest;
  if (!windows_.empty()) newest = windows_.begin()->first;
  if (!held_.empty() && (!newest || held_.rbegin()->first > *newest))
    newest = held_.rbegin()->first;
  return newest;
}

}  // namespace sluice
