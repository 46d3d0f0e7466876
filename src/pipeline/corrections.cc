#include "pipeline/corrections.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sluice {
namespace {

// A clock that was put back must not hold a correction up.
bool is_recent(Timestamp published, Timestamp now, std::chrono::seconds interval) {
  return published <= now && now - published < interval;
}

// Spreads numbers that follow one another.
std::uint64_t spread(std::uint64_t number) {
  number *= 0x9E3779B97F4A7C15;  // 2^64 by the golden ratio.
  return number ^ number >> 32;
}

}  // namespace

void Corrections::mark(const SeriesKey& key) { marked_[block_of(key)] |= bit_of(key); }

std::vector<SeriesKey> Corrections::take(Timestamp now, std::chrono::seconds interval,
                                         std::size_t most, Timestamp published) {
  std::vector<SeriesKey> taken;
  forget_old(now, interval);
  if (is_recent(published, now, interval)) return taken;
  if (marked_.empty()) return taken;
  // Once around, from `begin` to where it began.
  const std::uint64_t turn =
      spread(static_cast<std::uint64_t>(floor_to_seconds(now).time_since_epoch().count()));
  const auto first = static_cast<std::uint32_t>(turn % kBlockOwners);
  const auto place = static_cast<std::ptrdiff_t>(turn / kBlockOwners % marked_.size());
  auto it = std::next(marked_.begin(), place);
  const Block begin = it->first;
  for (bool is_around = false; !is_around || it->first < begin;) {
    const bool is_all = take_block(it->first, it->second, first, most, taken);
    it = it->second == 0 ? marked_.erase(it) : std::next(it);
    if (!is_all || marked_.empty()) break;
    if (it != marked_.end()) continue;
    if (std::exchange(is_around, true)) break;
    it = marked_.begin();
  }
  // Growing to them means hashing them all several times.
  recent_.reserve(recent_.size() + taken.size());
  for (const SeriesKey& key : taken) note_recent(key, now);
  return taken;
}

bool Corrections::take_block(Block block, std::uint64_t& bits, std::uint32_t first,
                             std::size_t most, std::vector<SeriesKey>& taken) const {
  for (std::uint32_t i = 0; i < kBlockOwners; ++i) {
    const std::uint32_t bit = (first + i) % kBlockOwners;
    if ((bits >> bit & 1) == 0) continue;
    if (taken.size() >= most) return false;
    const SeriesKey key = key_of(block, bit);
    if (!recent_.empty() && recent_.contains(key)) continue;
    bits &= ~(std::uint64_t{1} << bit);
    taken.push_back(key);
  }
  return true;
}

bool Corrections::is_marked(const SeriesKey& key) const {
  const auto found = marked_.find(block_of(key));
  return found != marked_.end() && (found->second & bit_of(key)) != 0;
}

void Corrections::forget_old(Timestamp now, std::chrono::seconds interval) {
  if (recent_.empty()) return;
  // Mostly all of them are, or none: a window's corrections leave together.
  if (is_recent(recent_from_, now, interval) && is_recent(recent_to_, now, interval)) return;
  if (recent_to_ <= now && !is_recent(recent_to_, now, interval)) return clear_recent();
  absl::erase_if(recent_, [&](const auto& one) { return !is_recent(one.second, now, interval); });
  if (recent_.empty()) clear_recent();
}

void Corrections::note_recent(const SeriesKey& key, Timestamp published) {
  recent_[key] = published;
  recent_from_ = std::min(recent_from_, published);
  recent_to_ = std::max(recent_to_, published);
}

void Corrections::clear_recent() {
  recent_ = {};
  recent_from_ = Timestamp::max();
  recent_to_ = Timestamp::min();
}

}  // namespace sluice
