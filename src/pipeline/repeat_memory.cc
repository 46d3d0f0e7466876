#include "pipeline/repeat_memory.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace sluice {
namespace {

// True if `part` is a piece of `whole`, in memory.
bool lies_within(std::string_view part, std::string_view whole) noexcept {
  const std::less_equal<> before;
  return before(whole.data(), part.data()) &&
         before(part.data() + part.size(), whole.data() + whole.size());
}

}  // namespace

void RepeatMemory::remember(const Key& key, const Record& record, Hint& hint) {
  Slot& slot = slot_of(key, hint);
  slot.heard = ++heard_;
  slot.has_full_text = !record.full_text.empty() && lies_within(record.message, record.full_text);
  const std::string_view text = slot.has_full_text ? record.full_text : record.message;
  const std::size_t size = record.app_name.size() + record.procid.size() + text.size();
  slot.is_known = size <= kOctetsMax;
  if (!slot.is_known) return;
  slot.app_name = static_cast<std::uint16_t>(record.app_name.size());
  slot.procid = static_cast<std::uint16_t>(record.procid.size());
  slot.message_at = static_cast<std::uint16_t>(record.message.data() - text.data());
  if (size > slot.room) {
    // Messages of one sender are about as long as each other.
    slot.room = static_cast<std::uint16_t>(std::min(kOctetsMax, size + size / 4 + 16));
    slot.octets = std::make_unique_for_overwrite<char[]>(slot.room);
  }
  slot.size = static_cast<std::uint16_t>(size);
  char* octets = slot.octets.get();
  octets += record.app_name.copy(octets, record.app_name.size());
  octets += record.procid.copy(octets, record.procid.size());
  text.copy(octets, text.size());
}

void RepeatMemory::forget(const Key& key, const Hint& hint) noexcept {
  if (hint.place >= slots_.size()) return;  // Of none of the host's peers anything is known.
  if (slots_[hint.place].key == key) {
    slots_[hint.place].is_known = false;
  } else if (const auto place = places_.find(key); place != places_.end()) {
    slots_[place->second].is_known = false;
  }
}

bool RepeatMemory::recall(const Key& key, Record& record) const {
  const auto place = places_.find(key);
  if (place == places_.end() || !slots_[place->second].is_known) return false;
  const Slot& slot = slots_[place->second];
  const std::string_view octets(slot.octets.get(), slot.size);
  const std::string_view text = octets.substr(std::size_t{slot.app_name} + slot.procid);
  record.app_name = octets.substr(0, slot.app_name);
  record.procid = octets.substr(slot.app_name, slot.procid);
  record.message = text.substr(slot.message_at);
  record.full_text = slot.has_full_text ? text : std::string_view();
  return true;
}

void RepeatMemory::clear() noexcept {
  places_.clear();
  slots_.clear();
  by_silence_.clear();
}

RepeatMemory::Slot& RepeatMemory::slot_of(const Key& key, Hint& hint) {
  if (hint.place < slots_.size() && slots_[hint.place].key == key) return slots_[hint.place];
  const auto [known, is_new] = places_.try_emplace(key, static_cast<std::uint32_t>(slots_.size()));
  if (is_new && slots_.size() < senders_max_) {
    slots_.emplace_back();
  } else if (is_new) {
    known->second = place_silent_for_longest();
    places_.erase(slots_[known->second].key);
  }
  hint.place = known->second;
  slots_[hint.place].key = key;
  return slots_[hint.place];
}

// Of those that have spoken since they were put in order, each has spoken later than any that has
// not, so the first that has not is the one.
std::uint32_t RepeatMemory::place_silent_for_longest() {
  for (;;) {
    while (!by_silence_.empty()) {
      const Silent last = by_silence_.back();
      by_silence_.pop_back();
      if (slots_[last.place].heard == last.heard) return last.place;
    }
    for (std::uint32_t place = 0; place < slots_.size(); ++place) {
      by_silence_.push_back({place, slots_[place].heard});
    }
    std::ranges::sort(by_silence_, std::ranges::greater(), &Silent::heard);
  }
}

}  // namespace sluice
