#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <utility>

#include "sluice/values/record.h"

namespace sluice {

// The last message of each sender, for notices that only say "last message repeated N times". Of
// the senders beyond the bound, the one that was silent for longest is forgotten.
class RepeatMemory {
  struct Slot;

 public:
  // Who sent it: the number of the host, and the address it came from; one name may be that of
  // many machines ("localhost").
  struct Key {
    std::uint32_t host = 0;
    std::array<std::uint8_t, 16> peer{};

    friend bool operator==(const Key&, const Key&) = default;
    template <typename H>
    friend H AbslHashValue(H hash, const Key& key) {
      return H::combine(std::move(hash), key.host, key.peer);
    }
  };
  // Where a host's last message was found: saves the lookup when it comes the same way again.
  using Hint = std::optional<std::list<Slot>::iterator>;

  // A longer text (with APP-NAME and PROCID) is not remembered: half of one gives wrong numbers.
  static constexpr std::size_t kOctetsMax = 4096;

  explicit RepeatMemory(std::size_t senders_max = 10'000) : senders_max_(senders_max) {}

  // Copies what rules see of `record` over what was known of its sender. `hint` is of this sender
  // or another, and becomes this one's.
  void remember(const Key& key, const Record& record, Hint& hint);

  // Puts APP-NAME, PROCID and text of the sender's last message into `record`; false, leaving it
  // alone, when none is known. The views live until the next call of remember() or clear().
  [[nodiscard]] bool recall(const Key& key, Record& record) const;

  // Forgets all; every hint is void.
  void clear() noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }

 private:
  struct Slot {
    Key key;
    bool is_known = false;  // False: it was too long.
    std::string octets;     // APP-NAME, PROCID, text; its room is reused.
    std::size_t app_name = 0;
    std::size_t procid = 0;
    // The text is Record::full_text, if there was one, and Record::message begins this far in it.
    bool has_full_text = false;
    std::size_t message_at = 0;
  };

  std::list<Slot>::iterator slot_of(const Key& key, const Hint& hint);

  std::size_t senders_max_;
  std::list<Slot> slots_;  // The last heard of first.
  absl::flat_hash_map<Key, std::list<Slot>::iterator> places_;
};

}  // namespace sluice
