#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

// Short texts a word at a time.
namespace sluice {

template <typename Word>
[[nodiscard]] Word load_word(const char* at) noexcept {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// At least a word of octets: the last word overlaps the one before.
template <typename Word>
[[nodiscard]] bool are_same_words(const char* one, const char* other, std::size_t size) noexcept {
  const std::size_t last = size - sizeof(Word);
  for (std::size_t at = 0; at < last; at += sizeof(Word)) {
    if (load_word<Word>(one + at) != load_word<Word>(other + at)) return false;
  }
  return load_word<Word>(one + last) == load_word<Word>(other + last);
}

// As memcmp() == 0. To call that takes as long as to compare a few words, and all else that is done
// with a host name or a timestamp.
[[nodiscard]] inline bool are_same_octets(const char* one, const char* other,
                                          std::size_t size) noexcept {
  if (size >= sizeof(std::uint64_t)) return are_same_words<std::uint64_t>(one, other, size);
  if (size >= sizeof(std::uint32_t)) return are_same_words<std::uint32_t>(one, other, size);
  for (std::size_t at = 0; at < size; ++at) {
    if (one[at] != other[at]) return false;
  }
  return true;
}

}  // namespace sluice
