#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::detail {

enum class TagKind : std::uint8_t {
  kNone,      // The text begins with no TAG.
  kPossible,  // One word without colon or pid: a TAG for rsyslog, text for others.
  kSure,      // "name:", "name[pid]", or a name that was cut inside its pid.
};

// The TAG at the start of a text (RFC 3164 section 4.1.3).
struct Tag {
  TagKind kind = TagKind::kNone;
  std::string_view name;
  std::string_view procid;
  std::size_t length = 0;     // Octets up to the text: TAG, colon and one SP.
  bool ends_at_blank = true;  // The colon or pid is followed by a blank or the end.
};

// Reads the TAG that `text` begins with.
[[nodiscard]] Tag read_tag(std::string_view text) noexcept;

// True when `text` begins with "%FACILITY-SEVERITY-MNEMONIC" as Cisco writes it.
[[nodiscard]] bool begins_with_cisco_mnemonic(std::string_view text) noexcept;

}  // namespace sluice::detail
