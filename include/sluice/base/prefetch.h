#pragma once

#include <cstddef>

namespace sluice {

// The processor fetches the octets meanwhile.
inline void prefetch(const void* first, std::size_t octets = 1) noexcept {
  constexpr std::size_t kCacheLine = 64;
  const auto* const begin = static_cast<const char*>(first);
  for (std::size_t at = 0; at < octets; at += kCacheLine) __builtin_prefetch(begin + at);
  if (octets > 1) __builtin_prefetch(begin + octets - 1);
  // A function that only prefetches has no effect in gcc's eyes (12.2), and its calls are dropped:
  // this empty statement is one.
  asm volatile("");
}

}  // namespace sluice
