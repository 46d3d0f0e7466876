#include "pipeline/age_book.h"

#include <algorithm>

namespace sluice {

std::optional<Seconds> AgeBook::note(const SeriesKey& host_metric, Seconds window,
                                     Timestamp event) {
  History& history = histories_[host_metric];
  auto place = std::ranges::lower_bound(history, window, {}, &Event::window);
  if (place == history.end() || place->window != window) {
    place = history.insert(place, {window, event});
  } else {
    place->last = std::max(place->last, event);
  }
  const auto next = place + 1;
  return next == history.end() ? std::nullopt : std::optional(next->window);
}

std::optional<Timestamp> AgeBook::last_before(const SeriesKey& host_metric, Seconds end) const {
  const auto found = histories_.find(host_metric);
  if (found == histories_.end()) return std::nullopt;
  const Event* event = last_of(found->second, end);
  return event == nullptr ? std::nullopt : std::optional(event->last);
}

void AgeBook::for_each(Seconds end,
                       const std::function<void(const SeriesKey&, Timestamp last)>& use) const {
  for (const auto& [key, history] : histories_) {
    if (const Event* event = last_of(history, end)) use(key, event->last);
  }
}

void AgeBook::prune(Seconds oldest, const std::function<bool(HostId)>& is_gone) {
  absl::erase_if(histories_, [&](const auto& known) { return is_gone(known.first.owner); });
  for (auto& [key, history] : histories_) {
    // The last event before `oldest` is still the age of the windows that follow.
    const auto first_kept = std::ranges::lower_bound(history, oldest, {}, &Event::window);
    if (first_kept - history.begin() > 1) history.erase(history.begin(), first_kept - 1);
  }
}

const AgeBook::Event* AgeBook::last_of(const History& history, Seconds end) {
  const auto after = std::ranges::lower_bound(history, end, {}, &Event::window);
  return after == history.begin() ? nullptr : &*(after - 1);
}

}  // namespace sluice
