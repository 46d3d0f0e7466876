#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

// Text of a log line, fit to be kept and shown: valid UTF-8 (an octet that is none becomes U+FFFD),
// in place of each run of blanks and control characters (of C1, and an escape sequence of a
// terminal, too) one blank, none at its ends. At most `octets_max` octets, cut between characters.
[[nodiscard]] std::string plain_text(std::string_view text, std::size_t octets_max);

// The length in octets of the character at the start of `text`; 0 when it is none of UTF-8 (RFC
// 3629).
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

// The length of the terminal's escape sequence at the start of `text`, which begins with ESC: ESC [
// ... and its final octet (ECMA-48 section 5.4), else ESC alone.
[[nodiscard]] std::size_t escape_length(std::string_view text) noexcept;

}  // namespace sluice
