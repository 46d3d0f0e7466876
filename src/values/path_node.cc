#include "sluice/values/path_node.h"

namespace sluice {
namespace {

constexpr bool is_node_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

}  // namespace

void append_path_node(std::string& path, std::string_view text) {
  if (text.empty()) path += '_';
  for (const char c : text.substr(0, kPathNodeBytesMax)) path += is_node_char(c) ? c : '_';
}

std::string to_path_node(std::string_view text) {
  std::string node;
  append_path_node(node, text);
  return node;
}

bool is_metric_path(std::string_view path) noexcept {
  std::size_t node_bytes = 0;
  for (const char c : path) {
    if (c == '.') {
      if (node_bytes == 0) return false;
      node_bytes = 0;
    } else if (!is_node_char(c) || ++node_bytes > kPathNodeBytesMax) {
      return false;
    }
  }
  return node_bytes > 0;
}

}  // namespace sluice
