#pragma once

#include <string>
#include <string_view>

namespace sluice {

// Writes `bytes` to `out` with the octets that rsyslog's escapes of control characters stand for:
// "#000".."#037" and "#177" ($EscapeControlCharactersOnReceive). Any other "#" is text. On request
// only: nothing tells such an escape from a text that had it all along.
void unescape_control_octets(std::string_view bytes, std::string& out);

}  // namespace sluice
