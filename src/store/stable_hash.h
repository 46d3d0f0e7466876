#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice {

// A 64-bit hash that is the same in every process, so that it may be written to a file; Abseil's
// differs from start to start. For the files of one machine: octets are read in its own order. Not
// for hash tables that a stranger could fill, unless `seed` is random.
[[nodiscard]] inline std::uint64_t stable_hash(std::string_view text, std::uint64_t seed = 0) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;  // 2^64 divided by the golden ratio.
  const auto stir = [](std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ word) * kOdd;
    return hash ^ (hash >> 32);
  };
  std::uint64_t hash = stir(seed, text.size());
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    hash = stir(hash, word);
    text.remove_prefix(sizeof word);
  }
  std::uint64_t rest = 0;
  if (!text.empty()) std::memcpy(&rest, text.data(), text.size());
  return stir(stir(hash, rest), std::rotl(hash, 29));
}

}  // namespace sluice
