#include "rules/fields.h"

#include <algorithm>

#include "rules/json_fields.h"

namespace sluice {
namespace {

bool is_key_octet(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '.' || c == '@' || c == '-';
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The key that ends before `end`; it begins at `from` at the earliest.
std::string_view key_before(std::string_view text, std::size_t from, std::size_t end) {
  std::size_t start = end;
  while (start > from && is_key_octet(text[start - 1])) --start;
  return text.substr(start, end - start);
}

// True if `text` begins with a key and '='.
bool begins_pair(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, is_key_octet);
  return end != text.begin() && end != text.end() && *end == '=';
}

// Where a value without quotes that starts at `start` ends: at a blank, or at a comma or semicolon
// that ends the pair.
std::size_t bare_end(std::string_view text, std::size_t start) {
  for (std::size_t i = start; i < text.size(); ++i) {
    if (is_blank(text[i])) return i;
    if (text[i] != ',' && text[i] != ';') continue;
    const std::string_view rest = text.substr(i + 1);
    if (rest.empty() || is_blank(rest.front()) || begins_pair(rest)) return i;
  }
  return text.size();
}

// The value in quotes that opens at `start`, escapes resolved; where it ends, its closing quote
// included. 0 when nothing closes it.
std::size_t take_quoted(std::string_view text, std::size_t start, std::string& value) {
  const char quote = text[start];
  value.clear();
  for (std::size_t i = start + 1; i < text.size(); ++i) {
    if (text[i] == quote) return i + 1;
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == quote || text[i + 1] == '\\')) {
      ++i;
    }
    value += text[i];
  }
  return 0;
}

}  // namespace

FieldTable::Field FieldTable::at(std::size_t index) const noexcept {
  const Span& span = spans_[index];
  const std::string_view octets = octets_;
  return {octets.substr(span.name, span.value - span.name),
          octets.substr(span.value, span.end - span.value)};
}

std::optional<std::string_view> FieldTable::find(std::string_view name) const noexcept {
  for (std::size_t i = spans_.size(); i > 0; --i) {
    if (const Field field = at(i - 1); field.name == name) return field.value;
  }
  return std::nullopt;
}

void FieldTable::clear() noexcept {
  octets_.clear();
  spans_.clear();
}

bool FieldTable::add(std::string_view name, std::string_view value) {
  if (spans_.size() >= kFieldsMax || octets_.size() + name.size() + value.size() > kBytesMax) {
    return false;
  }
  const std::size_t start = octets_.size();
  octets_ += name;
  octets_ += value;
  spans_.push_back({start, start + name.size(), octets_.size()});
  return true;
}

FieldsFound FieldTable::read_json(std::string_view text) {
  clear();
  const FieldsFound found = JsonFieldReader(*this, text).read();
  if (found != FieldsFound::kSome) clear();
  return found;
}

FieldsFound FieldTable::read_pairs(std::string_view text) {
  clear();
  std::string quoted;
  std::size_t next = 0;
  for (std::size_t equals = text.find('='); equals != std::string_view::npos;
       equals = text.find('=', next)) {
    const std::string_view key = key_before(text, next, equals);
    next = equals + 1;
    if (key.empty()) continue;
    const bool is_quoted = next < text.size() && (text[next] == '"' || text[next] == '\'');
    const std::size_t closed = is_quoted ? take_quoted(text, next, quoted) : 0;
    const std::size_t end = closed != 0 ? closed : bare_end(text, next);
    const std::string_view value = closed != 0 ? quoted : text.substr(next, end - next);
    if (!add(key, value)) {
      clear();
      return FieldsFound::kBroken;
    }
    next = end;
  }
  return spans_.empty() ? FieldsFound::kNone : FieldsFound::kSome;
}

}  // namespace sluice
