#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/octet_words.h"

namespace sluice {

class Selection;

// The selections of the programs heard of late, by APP-NAMEs of up to 16 octets: two words that are
// compared at once, where a hash and a comparison of any text took a third of what the rules cost a
// line that they do not match. Names that want the same place take it from each other.
class AppMemo {
 public:
  // Null when it was not put, or is not known any more.
  [[nodiscard]] Selection* find(std::string_view app_name) const noexcept {
    if (!is_short(app_name)) return nullptr;
    const Key key = key_of(app_name);
    const Place& place = places_[index_of(key)];
    return place.key == key ? place.selection : nullptr;
  }
  // Longer names, and the empty one, are not kept.
  void put(std::string_view app_name, Selection& selection) noexcept {
    if (!is_short(app_name)) return;
    const Key key = key_of(app_name);
    places_[index_of(key)] = {key, &selection};
  }

 private:
  static constexpr std::size_t kWord = sizeof(std::uint64_t);
  static constexpr std::size_t kPlaces = 512;

  // Of a name of eight octets or more its first and its last eight, which may overlap; of a shorter
  // one what tells it from others of its size.
  struct Key {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t size = 0;  // None has 0.

    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Place {
    Key key;
    Selection* selection = nullptr;
  };

  static bool is_short(std::string_view name) noexcept {
    return !name.empty() && name.size() <= 2 * kWord;
  }

  static Key key_of(std::string_view name) noexcept {
    const char* const at = name.data();
    const std::size_t size = name.size();
    if (size >= kWord) {
      return {load_word<std::uint64_t>(at), load_word<std::uint64_t>(at + size - kWord), size};
    }
    if (size >= kWord / 2) {
      return {load_word<std::uint32_t>(at), load_word<std::uint32_t>(at + size - kWord / 2), size};
    }
    const auto octet = [name](std::size_t i) { return static_cast<unsigned char>(name[i]); };
    return {octet(0), std::uint64_t{octet(size / 2)} << 8 | octet(size - 1), size};
  }

  static std::size_t index_of(const Key& key) noexcept {
    constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15;
    constexpr int kShift = 64 - 9;
    static_assert(kPlaces == std::size_t{1} << (64 - kShift));
    return (key.first + key.last * kFactor) * kFactor >> kShift;
  }

  std::array<Place, kPlaces> places_{};
};

}  // namespace sluice
