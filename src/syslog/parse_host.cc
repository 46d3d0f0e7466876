#include "syslog/parse_host.h"

#include <algorithm>

#include "syslog/octet_run.h"
#include "syslog/parse_tag.h"
#include "syslog/scan.h"

namespace sluice::detail {
namespace {

constexpr bool is_hex(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// The dotted end of "::ffff:192.0.2.1".
bool is_ipv4_address(std::string_view text) noexcept {
  for (int part = 0; part < 4; ++part) {
    const std::size_t length = digits_length(text);
    if (length < 1 || length > 3) return false;
    text.remove_prefix(length);
    if (part == 3) break;
    if (text.empty() || text.front() != '.') return false;
    text.remove_prefix(1);
  }
  return text.empty();
}

bool is_odd_host(std::string_view word, std::string_view behind) noexcept {
  const bool is_plausible = std::all_of(
      word.begin(), word.end(), [](char c) { return is_host_octet(c) || c == '@' || c == '/'; });
  if (!is_plausible || behind.size() < 2) return false;
  return read_tag(behind.substr(1)).kind == TagKind::kSure;
}

}  // namespace

bool is_ipv6_address(std::string_view text) noexcept {
  text = text.substr(0, text.find('%'));
  int groups = 0;
  bool has_gap = false;
  if (text.starts_with("::")) {
    has_gap = true;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    std::size_t length = 0;
    while (length < text.size() && is_hex(text[length])) ++length;
    if (length < text.size() && text[length] == '.') {
      groups += 2;
      return is_ipv4_address(text) && (has_gap ? groups < 8 : groups == 8);
    }
    if (length < 1 || length > 4 || ++groups > 8) return false;
    text.remove_prefix(length);
    if (text.empty()) break;
    if (text.starts_with("::")) {
      if (has_gap) return false;
      has_gap = true;
      text.remove_prefix(2);
    } else if (text.front() == ':' && text.size() > 1) {
      text.remove_prefix(1);
    } else {
      return false;
    }
  }
  return has_gap ? groups < 8 : groups == 8;
}

std::string_view take_host(std::string_view& rest) noexcept {
  const char* const end = rest.data() + rest.size();
  const auto length = static_cast<std::size_t>(skip_host(rest.data(), end) - rest.data());
  std::string_view word = rest.substr(0, length);
  const bool is_plain = begins_with_space_or_ends(rest.substr(length));
  if (!is_plain) {
    word = first_word(rest);
    const std::string_view behind = rest.substr(word.size());
    const bool has_brackets = word.size() > 2 && word.front() == '[' && word.back() == ']';
    const std::string_view address = has_brackets ? word.substr(1, word.size() - 2) : word;
    const bool is_address = is_ipv6_address(address) || (has_brackets && is_ipv4_address(address));
    if (!is_address && !is_odd_host(word, behind)) return {};
    rest = behind;
    return address;
  }
  rest.remove_prefix(length);
  return word;
}

}  // namespace sluice::detail
