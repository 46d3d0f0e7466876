#include "syslog/parse_cisco.h"

#include <algorithm>

#include "syslog/parse_tag.h"
#include "syslog/scan.h"

namespace sluice::detail {
namespace {

constexpr std::size_t kSequenceDigitsMax = 20;
constexpr std::size_t kNodeOctetsMax = 24;  // "RP/0/RP0/CPU0" and longer chassis names.

// "29:" and the blanks behind it.
std::string_view take_sequence(std::string_view& rest) noexcept {
  const std::size_t length = digits_length(rest);
  const bool is_sequence = length >= 1 && length <= kSequenceDigitsMax && length < rest.size() &&
                           rest[length] == ':' &&
                           begins_with_space_or_ends(rest.substr(length + 1));
  if (!is_sequence) return {};
  const std::string_view sequence = rest.substr(0, length);
  rest = without_leading_spaces(rest.substr(length + 1));
  return sequence;
}

// "RP/0/RP0/CPU0:", glued to the stamp.
void skip_node(std::string_view& rest) noexcept {
  const std::size_t colon = rest.substr(0, kNodeOctetsMax).find(':');
  if (colon == std::string_view::npos ||
      rest.substr(0, colon).find('/') == std::string_view::npos ||
      rest.substr(0, colon).find(' ') != std::string_view::npos) {
    return;
  }
  rest.remove_prefix(colon + 1);
}

// The stamp, behind a node, a ':' or the marks of a clock that is not synchronised.
StampFound take_marked_stamp(std::string_view& rest, Stamp& stamp) noexcept {
  std::string_view at = rest;
  skip_node(at);
  if (!at.empty() && at.front() == ':') at = without_leading_spaces(at.substr(1));
  if (!at.empty() && (at.front() == '*' || at.front() == '.')) at.remove_prefix(1);
  const StampFound found = take_stamp(at, stamp);
  if (found != StampFound::kNone) rest = at;
  return found;
}

// "1w2d:" or "00:00:46:", the time since the device started. It names no moment.
void skip_uptime(std::string_view& rest) noexcept {
  const std::string_view word = first_word(rest);
  if (word.size() < 3 || word.back() != ':' || !is_digit(word.front())) return;
  constexpr std::string_view kUnits = "0123456789:ywdhms";
  if (word.find_first_not_of(kUnits) != std::string_view::npos) return;
  rest = without_leading_spaces(rest.substr(word.size()));
}

// "name:" in front of a stamp or a mnemonic is the host that speaks.
StampFound take_origin(std::string_view& rest, Record& record) noexcept {
  const std::string_view word = first_word(rest);
  if (word.size() < 2 || word.back() != ':') return StampFound::kNone;
  std::string_view behind = without_leading_spaces(rest.substr(word.size()));
  const StampFound found = take_marked_stamp(behind, record.stamp);
  if (found == StampFound::kNone && !begins_with_cisco_mnemonic(behind)) return StampFound::kNone;
  record.hostname = word.substr(0, word.size() - 1);
  rest = behind;
  return found;
}

}  // namespace

StampFound take_cisco_front(std::string_view& rest, Record& record) noexcept {
  record.sequence = take_sequence(rest);
  StampFound found = take_marked_stamp(rest, record.stamp);
  if (found != StampFound::kNone) return found;
  if (record.sequence.empty()) {
    const bool is_nxos = rest.starts_with(": ");
    if (!is_nxos) return StampFound::kNone;
    std::string_view behind = without_leading_spaces(rest.substr(1));
    found = take_origin(behind, record);
    if (found != StampFound::kNone) rest = behind;
    return found;
  }
  skip_uptime(rest);
  return take_origin(rest, record);
}

}  // namespace sluice::detail
