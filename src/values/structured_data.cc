#include "sluice/values/structured_data.h"

#include <algorithm>

namespace sluice {
namespace {

void skip_spaces(std::string_view& text) noexcept {
  std::size_t start = 0;
  while (start < text.size() && text[start] == ' ') ++start;
  text.remove_prefix(start);
}

// SD-NAME (RFC 5424 section 6.3.2), but of any length and also with octets above 127.
bool is_name_octet(char c) noexcept {
  const auto octet = static_cast<unsigned char>(c);
  return octet > ' ' && octet != 127 && c != '=' && c != ']' && c != '"';
}

std::string_view take_name(std::string_view& text) noexcept {
  std::size_t length = 0;
  while (length < text.size() && is_name_octet(text[length])) ++length;
  const std::string_view name = text.substr(0, length);
  text.remove_prefix(length);
  return name;
}

// `text` begins behind the opening quote; false when there is no closing one.
bool take_quoted(std::string_view& text, StructuredParam& param) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      param.value = text.substr(0, i);
      text.remove_prefix(i + 1);
      return true;
    }
    if (text[i] == '\\') {
      param.has_escapes = true;
      ++i;  // Whatever follows is not the closing quote.
    }
  }
  return false;
}

// A value without quotes, as VMware writes it, ends at a blank or the bracket.
void take_bare(std::string_view& text, StructuredParam& param) noexcept {
  const std::size_t length = std::min(text.find_first_of(" ]"), text.size());
  param.value = text.substr(0, length);
  param.has_escapes = param.value.find('\\') != std::string_view::npos;
  text.remove_prefix(length);
}

}  // namespace

bool StructuredDataReader::next(StructuredParam& param) noexcept {
  StructuredParam found;
  if (!is_open_) {
    if (!open_element(found)) return false;
    if (!is_open_) {  // "[id]" or "[]".
      param = found;
      return true;
    }
  }
  if (!read_param(found)) return false;
  skip_spaces(rest_);
  if (!close_element() && rest_.empty()) return false;  // Cut inside the brackets.
  param = found;
  return true;
}

// Reads "[", the SD-ID, and the "]" of an element without parameters.
bool StructuredDataReader::open_element(StructuredParam& param) noexcept {
  if (rest_.empty() || rest_.front() != '[') return false;
  rest_.remove_prefix(1);
  skip_spaces(rest_);
  id_ = take_name(rest_);
  param.id = id_;
  const bool has_blank = !rest_.empty() && rest_.front() == ' ';
  skip_spaces(rest_);
  is_open_ = true;
  if (close_element()) return true;
  if (id_.empty() || !has_blank) is_open_ = false;
  return is_open_;
}

bool StructuredDataReader::close_element() noexcept {
  if (rest_.empty() || rest_.front() != ']') return false;
  rest_.remove_prefix(1);
  is_open_ = false;
  return true;
}

bool StructuredDataReader::read_param(StructuredParam& param) noexcept {
  param.id = id_;
  param.name = take_name(rest_);
  if (param.name.empty() || rest_.empty() || rest_.front() != '=') return false;
  rest_.remove_prefix(1);
  std::string_view behind_blanks = rest_;
  skip_spaces(behind_blanks);
  if (!behind_blanks.empty() && behind_blanks.front() == '"') {
    rest_ = behind_blanks.substr(1);
    if (!take_quoted(rest_, param)) return false;
    // `a="b"c` would make the quote part of the value; nothing tells where that ends.
    return !rest_.empty() && (rest_.front() == ' ' || rest_.front() == ']');
  }
  take_bare(rest_, param);
  return param.value.find('"') == std::string_view::npos;
}

std::size_t structured_data_length(std::string_view text) noexcept {
  if (text.empty() || text.front() != '[') return 0;
  StructuredDataReader reader(text);
  std::size_t length = 0;
  for (StructuredParam param; reader.next(param);) length = text.size() - reader.rest().size();
  // Whole elements only: a reader that stops inside one has read a blank last.
  if (length == 0 || text[length - 1] != ']') return 0;
  const bool is_broken = length < text.size() && text[length] == '[';
  return is_broken ? 0 : length;
}

void unescape_param_value(std::string_view value, std::string& out) {
  out.clear();
  out.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool escapes = value[i] == '\\' && i + 1 < value.size() &&
                         (value[i + 1] == '"' || value[i + 1] == '\\' || value[i + 1] == ']');
    if (escapes) ++i;
    out.push_back(value[i]);
  }
}

std::optional<StructuredParam> find_param(std::string_view structured_data, std::string_view id,
                                          std::string_view name) noexcept {
  StructuredDataReader reader(structured_data);
  for (StructuredParam param; reader.next(param);) {
    if (param.id == id && param.name == name && !name.empty()) return param;
  }
  return std::nullopt;
}

}  // namespace sluice
