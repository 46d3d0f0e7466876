#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/base/prefetch.h"
#include "sluice/values/record.h"

namespace sluice {

// The address of a Peer.
using PeerAddress = std::array<std::uint8_t, 16>;

[[nodiscard]] inline std::array<std::uint64_t, 2> words_of(const PeerAddress& address) noexcept {
  return std::bit_cast<std::array<std::uint64_t, 2>>(address);
}

// A sender's last message, when no rule read it. Its repetitions say nothing either, so all that is
// kept is what tells a notice that it is meant: most messages of a busy host are such, and a copy
// of each cost five cache lines.
class UnreadMessage {
 public:
  void set(std::string_view text, const PeerAddress& peer) noexcept {
    is_set_ = true;
    if (text.size() >= start_.size()) {  // As nearly every text is: a few moves, and no call.
      std::memcpy(start_.data(), text.data(), start_.size());
      start_size_ = static_cast<std::uint8_t>(start_.size());
    } else {
      start_size_ = static_cast<std::uint8_t>(text.copy(start_.data(), text.size()));
    }
    peer_ = folded(peer);
  }
  void clear() noexcept { is_set_ = false; }

  // True if it came from `peer`.
  [[nodiscard]] bool is_of(const PeerAddress& peer) const noexcept {
    return is_set_ && peer_ == folded(peer);
  }
  // True if a notice that quotes `text`, or none, may be about it.
  [[nodiscard]] bool is_quoted_by(std::string_view text) const noexcept {
    return std::string_view(start_.data(), start_size_).starts_with(text.substr(0, start_.size()));
  }

 private:
  // All of an IPv4 address, and enough of IPv6: these are the addresses that one host name has.
  static std::uint64_t folded(const PeerAddress& peer) noexcept {
    const auto words = words_of(peer);
    return words[0] ^ words[1];
  }

  std::uint64_t peer_ = 0;
  std::array<char, 20> start_{};  // Of its text; syslog-ng quotes no more.
  std::uint8_t start_size_ = 0;
  bool is_set_ = false;
};

// The last message of each sender, for notices that only say "last message repeated N times". Of
// the senders beyond the bound, the one that was silent for longest is forgotten.
class RepeatMemory {
 public:
  // Who sent it: the number of the host, and the address it came from; one name may be that of
  // many machines ("localhost").
  struct Key {
    std::uint32_t host = 0;
    PeerAddress peer{};

    friend bool operator==(const Key& one, const Key& other) noexcept {
      return one.host == other.host && words_of(one.peer) == words_of(other.peer);
    }
    template <typename H>
    friend H AbslHashValue(H hash, const Key& key) {
      return H::combine(std::move(hash), key.host, key.peer);
    }
  };
  // Where a host's last message was found: saves the lookup when it comes the same way again.
  struct Hint {
    std::uint32_t place = std::numeric_limits<std::uint32_t>::max();  // Of a slot, or none.
  };

  // A longer text (with APP-NAME and PROCID) is not remembered: half of one gives wrong numbers.
  static constexpr std::size_t kOctetsMax = 4096;

  explicit RepeatMemory(std::size_t senders_max = 10'000) : senders_max_(senders_max) {}

  // Copies what rules see of `record` over what was known of its sender. `hint` is of this sender
  // or another, and becomes this one's.
  void remember(const Key& key, const Record& record, Hint& hint);

  // remember() is about to be called: the processor fetches what is known meanwhile.
  void expect(const Hint& hint) const noexcept {
    if (hint.place < slots_.size()) prefetch(&slots_[hint.place]);
  }

  // The sender's last message is another one now, which is not kept.
  void forget(const Key& key, const Hint& hint) noexcept;

  // Puts APP-NAME, PROCID and text of the sender's last message into `record`; false, leaving it
  // alone, when none is known. The views live until the next call of remember() or clear().
  [[nodiscard]] bool recall(const Key& key, Record& record) const;

  // Forgets all; every hint is void.
  void clear() noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }

 private:
  // In one cache line. Octets are counted in 16 bits; kOctetsMax bounds them.
  struct alignas(64) Slot {
    Key key;
    bool is_known = false;  // False: it was too long, or not worth keeping.
    // The text is Record::full_text, if there was one, and Record::message begins this far in it.
    bool has_full_text = false;
    std::uint16_t app_name = 0;
    std::uint16_t procid = 0;
    std::uint16_t message_at = 0;
    std::uint16_t size = 0;  // Of what `octets` holds.
    std::uint16_t room = 0;
    std::uint64_t heard = 0;         // heard_ when its sender was heard last.
    std::unique_ptr<char[]> octets;  // APP-NAME, PROCID, text; its room is reused.
  };
  // A slot as it was when all were put in order.
  struct Silent {
    std::uint32_t place;
    std::uint64_t heard;
  };

  Slot& slot_of(const Key& key, Hint& hint);
  std::uint32_t place_silent_for_longest();

  std::size_t senders_max_;
  std::vector<Slot> slots_;
  absl::flat_hash_map<Key, std::uint32_t> places_;
  std::uint64_t heard_ = 0;  // Messages so far.
  // The slots, the one silent for longest last. Made when room is needed, and good for as many
  // senders as stay silent: a message costs no more than a number, where a list in this order cost
  // four other slots' cache lines.
  std::vector<Silent> by_silence_;
};

}  // namespace sluice
