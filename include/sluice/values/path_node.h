#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

// Carbon makes a file name of each node and its file system takes 255 bytes; ".wsp" and a safe
// distance come off.
inline constexpr std::size_t kPathNodeBytesMax = 200;

// Appends `text` as one Graphite path node: [A-Za-z0-9_-] stay, every other octet (dots, slashes,
// blanks, control and non-ASCII octets) becomes '_', and kPathNodeBytesMax cuts it. An empty text
// becomes "_", so that no path ever holds an empty node.
void append_path_node(std::string& path, std::string_view text);

[[nodiscard]] std::string to_path_node(std::string_view text);

// True for "a.b_c-d": nodes of [A-Za-z0-9_-] of at most kPathNodeBytesMax bytes, joined by dots.
[[nodiscard]] bool is_metric_path(std::string_view path) noexcept;

}  // namespace sluice
