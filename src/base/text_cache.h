#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>

#include "base/octet_words.h"
#include "sluice/base/prefetch.h"

namespace sluice {

// Remembers numbers by short texts, in front of a map that knows them all. Two texts that want the
// same place take it from each other, so a flood of invented ones costs the time of the map and no
// memory. A hit reads one cache line, where a map of strings reads three (control bytes, key,
// text).
class TextCache {
 public:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::size_t kTextBytesMax = 59;  // A longer one is not remembered.

  // `places`: a power of two, 64 octets each.
  explicit TextCache(std::size_t places)
      : places_(std::make_unique<Place[]>(places)), mask_(places - 1) {}

  // Where find() would look first; for expect().
  [[nodiscard]] std::size_t place_of(std::string_view text) const noexcept {
    return hash(text) & mask_;
  }
  // The text of this place is about to be asked for: the processor fetches it meanwhile.
  void expect(std::size_t place) const noexcept { prefetch(&places_[place]); }

  // The number put for `text`, or kNone. `first`: place_of(text).
  [[nodiscard]] std::uint32_t find(std::string_view text) const noexcept {
    return find(text, place_of(text));
  }
  [[nodiscard]] std::uint32_t find(std::string_view text, std::size_t first) const noexcept {
    if (places_[first].holds(text)) return places_[first].number;
    const Place& second = places_[first ^ 1];
    return second.holds(text) ? second.number : kNone;
  }

  // `number` is not kNone.
  void put(std::string_view text, std::uint32_t number) noexcept {
    if (text.size() > kTextBytesMax) return;
    const std::size_t first = hash(text) & mask_;
    // Two places for each text: with one, of 2,000 hosts a hundred would be in each other's way.
    const bool is_taken = places_[first].number != kNone && !places_[first].holds(text);
    places_[is_taken && places_[first ^ 1].number == kNone ? first ^ 1 : first].set(text, number);
  }

  void clear() noexcept {
    for (std::size_t i = 0; i <= mask_; ++i) places_[i].number = kNone;
  }

 private:
  struct alignas(64) Place {
    std::uint32_t number = kNone;
    std::uint8_t size = 0;
    std::array<char, kTextBytesMax> text;

    [[nodiscard]] bool holds(std::string_view other) const noexcept {
      return number != kNone && size == other.size() &&
             are_same_octets(text.data(), other.data(), size);
    }
    void set(std::string_view from, std::uint32_t with) noexcept {
      number = with;
      size = static_cast<std::uint8_t>(from.size());
      from.copy(text.data(), from.size());
    }
  };

  // Eight octets at a time, the last ones read twice rather than one by one. Quick, and nothing
  // that an inventor of names could not see through; all he wins is that places change hands.
  static std::uint64_t hash(std::string_view text) noexcept {
    constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15;
    const char* at = text.data();
    std::size_t left = text.size();
    std::uint64_t value = left;
    const auto mix = [&value](std::uint64_t word) {
      value = (value ^ word) * kFactor;
      value ^= value >> 32;
    };
    for (; left > 8; left -= 8, at += 8) mix(load_word<std::uint64_t>(at));
    if (text.size() >= 8) {
      mix(load_word<std::uint64_t>(at + left - 8));
    } else if (left >= 4) {
      mix(std::uint64_t{load_word<std::uint32_t>(at)} << 32 |
          load_word<std::uint32_t>(at + left - 4));
    } else {
      for (; left > 0; --left) mix(static_cast<unsigned char>(*at++));
    }
    return value;
  }

  std::unique_ptr<Place[]> places_;
  std::size_t mask_;
};

}  // namespace sluice
