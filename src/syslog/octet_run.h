#pragma once

#include <bit>
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

// 0xFF where the octet, taken as signed, is above `low` and below `high`.
inline Octets lies_between(Octets octets, char low, char high) noexcept {
  return _mm_and_si128(_mm_cmpgt_epi8(octets, _mm_set1_epi8(low)),
                       _mm_cmplt_epi8(octets, _mm_set1_epi8(high)));
}

// A bit for each octet that no host has; kHostOctets says the same.
inline unsigned find_no_host(Octets octets) noexcept {
  const Octets lower = _mm_or_si128(octets, _mm_set1_epi8(0x20));
  const Octets letters = lies_between(lower, 'a' - 1, 'z' + 1);
  const Octets digits = lies_between(octets, '0' - 1, '9' + 1);
  const Octets points = lies_between(octets, '-' - 1, '.' + 1);
  const Octets underscores = _mm_cmpeq_epi8(octets, _mm_set1_epi8('_'));
  const Octets high = _mm_cmplt_epi8(octets, _mm_setzero_si128());
  const Octets all = _mm_or_si128(_mm_or_si128(_mm_or_si128(letters, digits), high),
                                  _mm_or_si128(points, underscores));
  return static_cast<unsigned>(_mm_movemask_epi8(all)) ^ 0xFFFFU;
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

}  // namespace sluice::detail
