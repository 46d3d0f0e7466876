#include "rules/json_fields.h"

#include <algorithm>
#include <array>

namespace sluice {
namespace {

constexpr std::string_view kCookie = "@cee:";
constexpr std::uint32_t kReplacement = 0xFFFD;  // For half a surrogate pair.

bool is_high_surrogate(std::uint32_t code) { return code >= 0xD800 && code <= 0xDBFF; }
bool is_low_surrogate(std::uint32_t code) { return code >= 0xDC00 && code <= 0xDFFF; }

void append_utf8(std::uint32_t code, std::string& text) {
  const auto put = [&text](std::uint32_t octet) { text += static_cast<char>(octet); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

// Octets of numbers, true, false, null, NaN and Infinity.
bool is_word_octet(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '+' || c == '.';
}

bool is_json_word(std::string_view word) {
  constexpr std::array<std::string_view, 6> kWords{"true", "false",    "null",
                                                   "NaN",  "Infinity", "-Infinity"};
  if (std::ranges::find(kWords, word) != kWords.end()) return true;
  // A number; whether it is a good one shows when somebody wants it.
  return !word.empty() && word.find_first_not_of("0123456789+-.eE") == std::string_view::npos &&
         (word.front() == '-' || (word.front() >= '0' && word.front() <= '9'));
}

}  // namespace

FieldsFound JsonFieldReader::read() {
  skip_blanks();
  if (rest_.starts_with(kCookie)) rest_.remove_prefix(kCookie.size());
  skip_blanks();
  if (!rest_.starts_with('{')) return FieldsFound::kNone;
  if (!read_value(0)) return FieldsFound::kBroken;
  skip_blanks();
  if (!rest_.empty()) return FieldsFound::kBroken;
  return fields_.size() == 0 ? FieldsFound::kNone : FieldsFound::kSome;
}

bool JsonFieldReader::read_value(std::size_t depth) {
  skip_blanks();
  if (rest_.empty()) return false;
  switch (rest_.front()) {
    case '{':
      return depth < FieldTable::kDepthMax && read_object(depth);
    case '[':
      return depth < FieldTable::kDepthMax && read_array(depth);
    case '"':
      return read_string(text_) && keep(text_);
    default:
      return read_word();
  }
}

bool JsonFieldReader::read_object(std::size_t depth) {
  take('{');
  skip_blanks();
  if (take('}')) return true;
  do {
    skip_blanks();
    if (!read_string(text_)) return false;
    skip_blanks();
    if (!take(':') || !read_member(text_, depth)) return false;
    skip_blanks();
  } while (take(','));
  return take('}');
}

bool JsonFieldReader::read_array(std::size_t depth) {
  take('[');
  skip_blanks();
  if (take(']')) return true;
  std::size_t index = 0;
  do {
    if (!read_member(std::to_string(index), depth)) return false;
    ++index;
    skip_blanks();
  } while (take(','));
  return take(']');
}

bool JsonFieldReader::read_member(std::string_view key, std::size_t depth) {
  const std::size_t length = path_.size();
  // Each name is written out once per value; a long one, nested, would be many times the text.
  if (length + key.size() > FieldTable::kBytesMax) return false;
  if (depth > 0) path_ += '.';
  path_ += key;
  const bool is_read = read_value(depth + 1);
  path_.resize(length);
  return is_read;
}

bool JsonFieldReader::read_word() {
  const auto end = std::ranges::find_if_not(rest_, is_word_octet);
  const std::string_view word = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
  if (!is_json_word(word)) return false;
  rest_.remove_prefix(word.size());
  return word == "null" || keep(word);
}

bool JsonFieldReader::read_string(std::string& text) {
  if (!take('"')) return false;
  text.clear();
  while (!rest_.empty()) {
    const std::size_t plain = std::min(rest_.find_first_of("\"\\"), rest_.size());
    text += rest_.substr(0, plain);
    rest_.remove_prefix(plain);
    if (take('"')) return true;
    if (!take('\\') || !read_escape(text)) return false;
  }
  return false;
}

bool JsonFieldReader::read_escape(std::string& text) {
  constexpr std::string_view kEscapes = "\"\\/bfnrt";
  constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  if (rest_.empty()) return false;
  const char escape = rest_.front();
  rest_.remove_prefix(1);
  if (const std::size_t index = kEscapes.find(escape); index != std::string_view::npos) {
    text += kMeant[index];
    return true;
  }
  std::uint32_t code = 0;
  if (escape != 'u' || !read_hex(code)) return false;
  if (is_high_surrogate(code) && rest_.starts_with("\\u")) {
    const std::string_view behind = rest_;
    std::uint32_t low = 0;
    rest_.remove_prefix(2);
    if (!read_hex(low)) return false;
    if (is_low_surrogate(low)) {
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else {
      rest_ = behind;  // An escape of its own.
    }
  }
  append_utf8(code >= 0xD800 && code <= 0xDFFF ? kReplacement : code, text);
  return true;
}

bool JsonFieldReader::read_hex(std::uint32_t& code) {
  constexpr std::size_t kDigits = 4;
  if (rest_.size() < kDigits) return false;
  code = 0;
  for (const char c : rest_.substr(0, kDigits)) {
    constexpr std::string_view kLower = "0123456789abcdef";
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    const std::size_t digit = kLower.find(lower);
    if (digit == std::string_view::npos) return false;
    code = code * 16 + static_cast<std::uint32_t>(digit);
  }
  rest_.remove_prefix(kDigits);
  return true;
}

bool JsonFieldReader::keep(std::string_view value) { return fields_.add(path_, value); }

void JsonFieldReader::skip_blanks() {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
}

bool JsonFieldReader::take(char wanted) {
  if (!rest_.starts_with(wanted)) return false;
  rest_.remove_prefix(1);
  return true;
}

}  // namespace sluice
