#include "pipeline/watch.h"

#include <algorithm>
#include <ranges>

namespace sluice {

void Watch::note_gap(Timestamp from, Timestamp to) {
  if (!gaps_.empty()) from = std::max(from, gaps_.back().to);
  if (from > to) return;
  gaps_.push_back({from, to});
  if (gaps_.size() > kGapsMax) gaps_.erase(gaps_.begin());
}

void Watch::note_clock_put_back(Timestamp now) {
  since_ = std::min(since_, now);
  std::erase_if(gaps_, [now](const Gap& gap) { return gap.from >= now; });
  if (!gaps_.empty()) gaps_.back().to = std::min(gaps_.back().to, now);
  // Of the window that `now` lies in, a part was seen under another clock.
  gaps_.push_back({now, now});
}

bool Watch::saw_all(Timestamp start, Timestamp end) const {
  return start >= since_ && std::ranges::none_of(gaps_, [&](const Gap& gap) {
           return gap.from < end && gap.to > start;
         });
}

bool Watch::saw_end(Timestamp end) const {
  return end > since_ && std::ranges::none_of(gaps_, [end](const Gap& gap) {
           return gap.from < end && end <= gap.to;
         });
}

Seconds Watch::skip_unwatched(Seconds start, std::chrono::seconds length) const {
  start = std::max(start, window_start(since_, length));
  for (const Gap& gap : gaps_) {
    if (gap.from <= start && start < gap.to) start = std::max(start, window_start(gap.to, length));
  }
  return start;
}

std::optional<Timestamp> Watch::watched_for(std::chrono::seconds span, Timestamp end,
                                            Timestamp since) const {
  std::chrono::nanoseconds wanted = span;
  Timestamp upper = end;
  for (const Gap& gap : std::views::reverse(gaps_)) {
    if (gap.from >= end) continue;
    if (gap.to <= since) break;
    const std::chrono::nanoseconds watched = upper - std::min(gap.to, end);
    if (watched >= wanted) break;
    wanted -= watched;
    upper = gap.from;
  }
  if (upper - wanted < std::max(since, since_)) return std::nullopt;
  return upper - wanted;
}

}  // namespace sluice
