#include "syslog/parse_tag.h"

#include <algorithm>

#include "syslog/parse_host.h"
#include "syslog/scan.h"

namespace sluice::detail {
namespace {

// Ends a tag at `length` of `text`: an optional colon, then one SP.
void end_tag(std::string_view text, std::size_t length, Tag& tag) noexcept {
  if (length < text.size() && text[length] == ':') ++length;
  tag.ends_at_blank = length == text.size() || is_blank(text[length]);
  if (length < text.size() && text[length] == ' ') ++length;
  tag.length = length;
}

// One word without colon or pid. "name :" is a tag as well (firewalls).
Tag word_tag(std::string_view text, std::size_t length) noexcept {
  Tag tag;
  tag.name = text.substr(0, length);
  const std::string_view behind = text.substr(length);
  if (behind.starts_with(" : ") || behind == " :") {
    tag.kind = TagKind::kSure;
    end_tag(text, length + 1, tag);
    return tag;
  }
  tag.kind = TagKind::kPossible;
  end_tag(text, length, tag);
  return tag;
}

// `open` is the place of the '['. A tag that relays cut at 32 octets may lack the ']'.
Tag bracket_tag(std::string_view text, std::size_t open) noexcept {
  Tag tag;
  if (open == 0) return tag;
  tag.name = text.substr(0, open);
  std::size_t end = open + 1;
  while (end < text.size() && text[end] != ']' && text[end] != ' ' && text[end] != '[') ++end;
  const std::string_view procid = text.substr(open + 1, end - open - 1);
  if (end < text.size() && text[end] == ']') {
    const std::string_view behind = text.substr(end + 1);
    if (!begins_with_space_or_ends(behind) && behind.front() != ':') return Tag{};
    tag.procid = procid;
    ++end;
  } else if (digits_length(procid) != procid.size() ||
             !begins_with_space_or_ends(text.substr(end))) {
    return Tag{};
  }
  tag.kind = TagKind::kSure;
  end_tag(text, end, tag);
  return tag;
}

// `colon` is the place of the first ':'. An address or a time of day is text.
Tag colon_tag(std::string_view text, std::size_t colon) noexcept {
  Tag tag;
  tag.name = text.substr(0, colon);
  end_tag(text, colon, tag);
  const bool is_text = !tag.ends_at_blank && (is_digit(text.front()) || text[colon + 1] == '/' ||
                                              is_ipv6_address(first_word(text)));
  if (colon == 0 || is_text) return Tag{};
  tag.kind = TagKind::kSure;
  return tag;
}

}  // namespace

Tag read_tag(std::string_view text) noexcept {
  if (text.starts_with('{') || text.starts_with('"')) return {};  // JSON, quoted text.
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case ' ':
        return i == 0 ? Tag{} : word_tag(text, i);
      case '[':
        return bracket_tag(text, i);
      case ':':
        if (i + 1 < text.size() && text[i + 1] == ':') {  // "Puppet::Util" is one name.
          ++i;
          break;
        }
        return colon_tag(text, i);
      default:
        break;
    }
  }
  return text.empty() ? Tag{} : word_tag(text, text.size());
}

bool begins_with_cisco_mnemonic(std::string_view text) noexcept {
  if (!text.starts_with('%')) return false;
  const std::string_view word = text.substr(0, std::min(text.find_first_of(": "), text.size()));
  for (std::size_t i = 1; i + 2 < word.size(); ++i) {
    if (word[i] == '-' && word[i + 1] >= '0' && word[i + 1] <= '7' && word[i + 2] == '-')
      return true;
  }
  return false;
}

}  // namespace sluice::detail
