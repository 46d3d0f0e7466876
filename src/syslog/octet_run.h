#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "syslog/parse_host.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

// Where a run of octets ends. Sixteen at a time where the processor can (every x86-64 can), which
// is a quarter of the instructions of one by one: the words of its header are a third of what a
// plain message costs. The last octets of a message, and other processors, go one by one.
namespace sluice::detail {

#ifdef __SSE2__

using Octets = __m128i;

inline Octets load_octets(const char* at) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const Octets*>(at));
}

// 0xFF where the octet is one of `low` and the `count` behind it.
inline Octets lies_from(Octets octets, char low, char count) noexcept {
  const Octets above = _mm_sub_epi8(octets, _mm_set1_epi8(low));
  return _mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8(count)), above);
}

// A bit for each octet that no host has; kHostOctets says the same.
inline unsigned find_no_host(Octets octets) noexcept {
  const Octets letters = lies_from(_mm_or_si128(octets, _mm_set1_epi8(0x20)), 'a', 'z' - 'a');
  const Octets marks = lies_from(octets, '-', '9' - '-');  // "-./" and digits.
  const Octets slashes = _mm_cmpeq_epi8(octets, _mm_set1_epi8('/'));
  const Octets underscores = _mm_cmpeq_epi8(octets, _mm_set1_epi8('_'));
  const Octets all =
      _mm_or_si128(_mm_or_si128(letters, underscores), _mm_andnot_si128(slashes, marks));
  // The highest bit of an octet above 127 is its own.
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(all, octets))) ^ 0xFFFFU;
}

// A bit for each octet that is no digit.
inline unsigned find_no_digit(Octets octets) noexcept {
  return static_cast<unsigned>(_mm_movemask_epi8(lies_from(octets, '0', 9))) ^ 0xFFFFU;
}

// A bit for each octet that is one of kStops.
template <char... kStops>
unsigned find_stops(Octets octets) noexcept {
  Octets found = _mm_setzero_si128();
  ((found = _mm_or_si128(found, _mm_cmpeq_epi8(octets, _mm_set1_epi8(kStops)))), ...);
  return static_cast<unsigned>(_mm_movemask_epi8(found));
}

#endif

// The first octet in [at, end) that no host has, or end.
inline const char* skip_host(const char* at, const char* end) noexcept {
#ifdef __SSE2__
  for (; end - at >= 16; at += 16) {
    if (const unsigned found = find_no_host(load_octets(at))) return at + std::countr_zero(found);
  }
#endif
  while (at != end && is_host_octet(*at)) ++at;
  return at;
}

// The first octet in [at, end) that is no digit, or end.
inline const char* skip_digits(const char* at, const char* end) noexcept {
#ifdef __SSE2__
  for (; end - at >= 16; at += 16) {
    if (const unsigned found = find_no_digit(load_octets(at))) return at + std::countr_zero(found);
  }
#endif
  while (at != end && is_digit(*at)) ++at;
  return at;
}

// The first octet in [at, end) that is one of kStops, or end.
template <char... kStops>
const char* skip_until(const char* at, const char* end) noexcept {
#ifdef __SSE2__
  for (; end - at >= 16; at += 16) {
    if (const unsigned found = find_stops<kStops...>(load_octets(at)))
      return at + std::countr_zero(found);
  }
#endif
  while (at != end && ((*at != kStops) && ...)) ++at;
  return at;
}

// A bit for each of the kGlance octets at `at` that is kStop, the first one's the lowest.
inline constexpr std::ptrdiff_t kGlance = 64;
template <char kStop>
std::uint64_t stops_at_a_glance(const char* at) noexcept {
  std::uint64_t found = 0;
#ifdef __SSE2__
  for (unsigned i = 0; i < kGlance; i += 16) {
    found |= std::uint64_t{find_stops<kStop>(load_octets(at + i))} << i;
  }
#else
  for (unsigned i = 0; i < kGlance; ++i) found |= std::uint64_t{at[i] == kStop} << i;
#endif
  return found;
}

}  // namespace sluice::detail
