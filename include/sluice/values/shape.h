#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

// A shape is a line of text with everything that differs from event to event folded away, so that
// equal events make equal shapes:
//
//   <time>  a date, with a time behind it: 2026-11-22T08:12:46.5+01:00
//   <uuid>  8-4-4-4-12 hexadecimal digits
//   <mac>   six pairs of hexadecimal digits
//   <ip>    an address of IPv4 or IPv6
//   <hex>   0x..., or at least 7 hexadecimal digits with a letter and a digit among them
//   <id>    at least 6 letters and digits that alternate three times or more
//   <n>     any other number, also within a word (web01 -> web<n>), with its sign and fraction
//   <path>  a path or the rest of a URL with at least two slashes, brackets and all (only with
//   `paths`) <host>  the host that the caller names
//
// Text without digits stays as it is, blanks and control characters become one blank, what is not
// UTF-8 becomes U+FFFD. One pass over at most 1,024 octets of the text, no allocation once `shape`
// has grown.
inline constexpr std::size_t kShapeOctetsMax = 200;

struct ShapeOptions {
  std::string_view host;  // Canonical; its name in the text, in any case, becomes <host>.
  bool paths = false;     // Fold paths, too; without it they keep what has no digits.
  std::size_t octets_max = kShapeOctetsMax;  // A shape that is cut ends with "...".
};

// Replaces what `shape` holds by the shape of `text`.
void fold_shape(std::string_view text, const ShapeOptions& options, std::string& shape);

}  // namespace sluice
