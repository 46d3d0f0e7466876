#include "sluice/values/plain_text.h"

#include <algorithm>
#include <cstdint>

namespace sluice {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_tail(char c) { return (static_cast<std::uint8_t>(c) & 0xC0U) == 0x80U; }

// How many octets the first one announces, and the least value of the second (RFC 3629 section 4:
// no overlong forms, no surrogates, nothing beyond U+10FFFF).
struct Lead {
  std::size_t length;
  std::uint8_t low;
  std::uint8_t high;
};

Lead lead_of(std::uint8_t octet) {
  if (octet >= 0xC2 && octet <= 0xDF) return {2, 0x80, 0xBF};
  if (octet == 0xE0) return {3, 0xA0, 0xBF};
  if (octet == 0xED) return {3, 0x80, 0x9F};
  if (octet >= 0xE1 && octet <= 0xEF) return {3, 0x80, 0xBF};
  if (octet == 0xF0) return {4, 0x90, 0xBF};
  if (octet >= 0xF1 && octet <= 0xF3) return {4, 0x80, 0xBF};
  if (octet == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

bool is_blank(char c) { return static_cast<std::uint8_t>(c) <= 0x20 || c == 0x7F; }

bool is_printable(char c) { return c > 0x20 && c < 0x7F; }

// The length of the word of ASCII at the start of `text`.
std::size_t word_length(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_printable) - text.begin());
}

// U+0080 to U+009F: terminals may take them for orders.
bool is_c1(std::string_view character) {
  return character.size() == 2 && character[0] == '\xC2' &&
         static_cast<std::uint8_t>(character[1]) < 0xA0;
}

}  // namespace

std::size_t utf8_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const auto first = static_cast<std::uint8_t>(text.front());
  if (first < 0x80) return 1;
  const Lead lead = lead_of(first);
  if (lead.length == 0 || text.size() < lead.length) return 0;
  const auto second = static_cast<std::uint8_t>(text[1]);
  if (second < lead.low || second > lead.high) return 0;
  for (std::size_t i = 2; i < lead.length; ++i) {
    if (!is_tail(text[i])) return 0;
  }
  return lead.length;
}

std::size_t escape_length(std::string_view text) noexcept {
  constexpr std::size_t kSequenceMax = 32;  // None in use is longer.
  if (text.size() < 2 || text[1] != '[') return 1;
  for (std::size_t i = 2; i < text.size() && i < kSequenceMax; ++i) {
    if (text[i] >= 0x40 && text[i] <= 0x7E) return i + 1;
    if (text[i] < 0x20) break;
  }
  return 1;
}

std::string plain_text(std::string_view text, std::size_t octets_max) {
  std::string plain;
  bool is_apart = false;  // Blanks were passed since the last character.
  while (!text.empty()) {
    // Nearly all text is words of ASCII, which are taken whole: a tenth of the time.
    if (const std::size_t word = word_length(text); word > 0) {
      const std::size_t room = octets_max - plain.size();
      const std::size_t taken = std::min(word, room - std::min<std::size_t>(room, is_apart));
      if (taken == 0) break;
      if (is_apart) plain += ' ';
      is_apart = false;
      plain += text.substr(0, taken);
      if (taken < word) break;
      text.remove_prefix(word);
      continue;
    }
    const std::size_t length = utf8_length(text);
    std::string_view character = length == 0 ? kReplacement : text.substr(0, length);
    const bool is_between = length != 0 && (is_blank(text.front()) || is_c1(character));
    text.remove_prefix(length == 0 ? 1 : text.front() == '\x1B' ? escape_length(text) : length);
    if (is_between) {
      is_apart = !plain.empty();
      continue;
    }
    if (plain.size() + (is_apart ? 1 : 0) + character.size() > octets_max) break;
    if (is_apart) plain += ' ';
    is_apart = false;
    plain += character;
  }
  return plain;
}

}  // namespace sluice
