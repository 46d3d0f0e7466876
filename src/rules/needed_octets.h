#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

// Octets that a text must hold, a bit each: of those from '!' to '`' only. Letters are in nearly
// every text and would tell nothing.
using NeededOctets = std::uint64_t;

constexpr char kFirstNeeded = '!';
constexpr int kNeededOctets = 64;

[[nodiscard]] constexpr NeededOctets needed_octets(std::string_view literal) noexcept {
  NeededOctets needed = 0;
  for (const char c : literal) {
    const int bit = static_cast<unsigned char>(c) - kFirstNeeded;
    if (bit >= 0 && bit < kNeededOctets) needed |= NeededOctets{1} << bit;
  }
  return needed;
}

}  // namespace sluice
