#include "pipeline/repeat_memory.h"

#include <functional>
#include <iterator>
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
  const auto place = slot_of(key, hint);
  hint = place;
  slots_.splice(slots_.begin(), slots_, place);
  Slot& slot = *place;
  slot.has_full_text = !record.full_text.empty() && lies_within(record.message, record.full_text);
  const std::string_view text = slot.has_full_text ? record.full_text : record.message;
  slot.is_known = record.app_name.size() + record.procid.size() + text.size() <= kOctetsMax;
  if (!slot.is_known) return;
  slot.app_name = record.app_name.size();
  slot.procid = record.procid.size();
  slot.message_at = static_cast<std::size_t>(record.message.data() - text.data());
  slot.octets.assign(record.app_name).append(record.procid).append(text);
}

bool RepeatMemory::recall(const Key& key, Record& record) const {
  const auto place = places_.find(key);
  if (place == places_.end() || !place->second->is_known) return false;
  const Slot& slot = *place->second;
  const std::string_view octets = slot.octets;
  const std::string_view text = octets.substr(slot.app_name + slot.procid);
  record.app_name = octets.substr(0, slot.app_name);
  record.procid = octets.substr(slot.app_name, slot.procid);
  record.message = text.substr(slot.message_at);
  record.full_text = slot.has_full_text ? text : std::string_view();
  return true;
}

void RepeatMemory::clear() noexcept {
  places_.clear();
  slots_.clear();
}

std::list<RepeatMemory::Slot>::iterator RepeatMemory::slot_of(const Key& key, const Hint& hint) {
  if (hint && (*hint)->key == key) return *hint;
  if (const auto known = places_.find(key); known != places_.end()) return known->second;
  if (slots_.size() < senders_max_) {
    slots_.emplace_front();
  } else {  // The slot of the one that was silent for longest.
    places_.erase(slots_.back().key);
    slots_.splice(slots_.begin(), slots_, std::prev(slots_.end()));
  }
  slots_.front().key = key;
  places_.emplace(key, slots_.begin());
  return slots_.begin();
}

}  // namespace sluice
