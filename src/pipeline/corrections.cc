#include "pipeline/corrections.h"

#include <utility>

namespace sluice {

void Corrections::mark(const SeriesKey& key, Timestamp published) {
  Mark& mark = marks_.try_emplace(key, Mark{published, false}).first->second;
  if (mark.is_marked) return;
  mark.is_marked = true;
  marked_.push_back(key);
}

std::vector<SeriesKey> Corrections::take(Timestamp now, std::chrono::seconds interval,
                                         std::size_t most) {
  std::vector<SeriesKey> taken;
  std::vector<SeriesKey> left;
  for (const SeriesKey& key : marked_) {
    Mark& mark = marks_[key];
    // A clock that was put back must not hold a correction up.
    const bool is_recent = mark.published <= now && now - mark.published < interval;
    if (is_recent || taken.size() >= most) {
      left.push_back(key);
      continue;
    }
    mark = {now, false};
    taken.push_back(key);
  }
  marked_ = std::move(left);
  return taken;
}

}  // namespace sluice
