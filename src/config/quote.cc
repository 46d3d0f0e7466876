#include "config/quote.h"

#include <nlohmann/json.hpp>

namespace sluice {
namespace {

// Long enough for a path or an address, short enough that the message stays one line of a terminal.
constexpr std::size_t kQuotedBytesMax = 80;

bool is_continuation(char octet) { return (static_cast<unsigned char>(octet) & 0xC0) == 0x80; }

}  // namespace

std::string shorten(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t end = bytes_max;
  while (end > 0 && is_continuation(text[end])) --end;
  return std::string(text.substr(0, end)) + "...";
}

std::string quote(std::string_view text) {
  return nlohmann::json(shorten(text, kQuotedBytesMax))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace sluice
