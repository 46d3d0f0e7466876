#include "config/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/quote.h"
#include "config/text_file.h"

namespace sluice {
namespace {

using nlohmann::json;

std::string place(std::string_view file, std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::string_view row =
      newline == std::string_view::npos ? before : before.substr(newline + 1);
  const auto is_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  const auto column = 1 + std::count_if(row.begin(), row.end(), is_character);
  return fmt::format("{}:{}:{}", file, line, column);
}

// Octets of the UTF-8 sequence at the start of `text` (RFC 3629 section 4); 0: there is none.
std::size_t sequence_length(std::string_view text) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = octet(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((octet(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && octet(1) < 0xA0) || (lead == 0xF0 && octet(1) < 0x90);
  const bool beyond = (lead == 0xED && octet(1) > 0x9F) || (lead == 0xF4 && octet(1) > 0x8F);
  return overlong || beyond ? 0 : length;
}

// What no JSON text may hold, comments included; the parser would take a NUL for the end.
Expected<void> check_octets(std::string_view text, std::string_view file) {
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\0') return at(place(file, text, i), Error{{}, "a NUL octet, this is no JSON"});
    const std::size_t length = sequence_length(text.substr(i));
    if (length == 0) {
      const auto octet = static_cast<unsigned char>(text[i]);
      return at(
          place(file, text, i),
          Error{{}, fmt::format("not UTF-8 (octet 0x{:02x}); save the file as UTF-8", octet)});
    }
    i += length;
  }
  return {};
}

// "syntax error while parsing object - unexpected string literal; expected '}'" becomes "expected
// '}', found string literal". What has no such parts stays.
std::string in_our_words(std::string_view what) {
  constexpr std::string_view kFound = " - unexpected ";
  constexpr std::string_view kExpected = "; expected ";
  const auto found = what.find(kFound);
  const auto expected = what.find(kExpected);
  if (found == std::string_view::npos || expected == std::string_view::npos || expected < found)
    return std::string(what);
  const auto begin = found + kFound.size();
  return fmt::format("expected {}, found {}", what.substr(expected + kExpected.size()),
                     what.substr(begin, expected - begin));
}

// The parser's message without its number and its own idea of the place.
std::string reason_of(std::string_view what) {
  if (const auto end = what.find("] "); what.starts_with('[') && end != std::string_view::npos) {
    what.remove_prefix(end + 2);
  }
  if (what.starts_with("parse error")) {
    if (const auto end = what.find(": "); end != std::string_view::npos)
      what.remove_prefix(end + 2);
  }
  return shorten(what, 160);
}

// Builds the document as it is read, because only here a key that comes twice can be seen.
class Builder final : public nlohmann::json_sax<json> {
 public:
  Builder(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  [[nodiscard]] Expected<json> take() && {
    if (error_) return std::unexpected(std::move(*error_));
    return std::move(root_);
  }

  bool null() override { return put(nullptr) != nullptr; }
  bool boolean(bool value) override { return put(value) != nullptr; }
  bool number_integer(std::int64_t value) override { return put(value) != nullptr; }
  bool number_unsigned(std::uint64_t value) override { return put(value) != nullptr; }
  bool number_float(double value, const std::string& /*text*/) override {
    return put(value) != nullptr;
  }
  bool string(std::string& value) override { return put(std::move(value)) != nullptr; }
  bool binary(json::binary_t& /*value*/) override { return false; }  // Never in text.
  bool start_object(std::size_t /*size*/) override { return open(json::object()); }
  bool start_array(std::size_t /*size*/) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string& key) override {
    if (open_.back()->contains(key)) return refuse_twice(key);
    key_ = std::move(key);
    return true;
  }

  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception& error) override {
    std::string reason = reason_of(error.what());
    const std::size_t offset = offset_of(reason, position, token.size());
    if (reason.find("forbidden character after backslash") != std::string::npos && position >= 2) {
      return refuse_escape(position - 2);
    }
    if (reason.find("invalid literal") != std::string::npos) {
      return refuse_word(offset, reason.find("object key") != std::string::npos);
    }
    if (reason.find("invalid string: control character") != std::string::npos) {
      return refuse_control_character(offset);
    }
    if (reason.find("unexpected '") != std::string::npos && follows_comma(offset)) {
      reason = fmt::format("a comma before the closing {}; remove it", text_[offset]);
    }
    error_ = Error{place(file_, text_, offset), in_our_words(reason)};
    return false;
  }

 private:
  bool open(json container) {
    if (static_cast<int>(open_.size()) >= kJsonDepthMax) {
      error_ = Error{std::string(file_) + ": " + shorten(pointer(), 80),
                     fmt::format("nested deeper than {} levels", kJsonDepthMax)};
      return false;
    }
    open_.push_back(put(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  // Open containers stay where they are while they are open: only the innermost one grows.
  json* put(json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[key_] = std::move(value));
  }

  // Almost always an escape of a regular expression: in JSON its backslash is written twice.
  bool refuse_escape(std::size_t backslash) {
    const char next = backslash + 1 < text_.size() ? text_[backslash + 1] : '\0';
    const bool is_plain = next > 0x20 && next < 0x7F;
    const std::string shown = is_plain ? std::string(1, next) : std::string();
    error_ = Error{place(file_, text_, backslash),
                   fmt::format("\"\\{}\" is nothing that JSON knows; a backslash of a pattern is "
                               "written twice, \"\\\\{}\"",
                               shown, shown)};
    return false;
  }

  // Something that begins no token: nul, NaN, 'text', key without quotes, # comment.
  bool refuse_word(std::size_t offset, bool is_key) {
    constexpr std::string_view kEnds = " \t\r\n,:[]{}\"/";
    const auto before = text_.substr(0, offset).find_last_of(kEnds);
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    const std::string_view word =
        text_.substr(begin, std::max<std::size_t>(1, text_.substr(begin).find_first_of(kEnds)));
    const char first = word.empty() ? '\0' : word.front();
    const std::string_view advice = first == '#'    ? "; a comment begins with //"
                                    : first == '\'' ? "; texts stand in double quotes"
                                                    : "";
    error_ = Error{place(file_, text_, begin),
                   fmt::format("expected {}, found {}{}",
                               is_key ? "a key in double quotes"
                                      : "a text in double quotes, a number, true, false, null, "
                                        "[...], {...} or what ends the one before",
                               quote(shorten(word, 40)), advice)};
    return false;
  }

  bool refuse_control_character(std::size_t offset) {
    const auto octet = static_cast<unsigned char>(offset < text_.size() ? text_[offset] : '\0');
    const std::string what =
        octet == '\n' || octet == '\r'
            ? "the line ends within a text; close its quotes, or write \\n for a line feed"
            : fmt::format("control character {:#04x} within a text; write it \\u{:04x}", octet,
                          octet);
    error_ = Error{place(file_, text_, offset), what};
    return false;
  }

  bool refuse_twice(const std::string& key) {
    error_ = Error{std::string(file_) + ": " + pointer() + pointer_step(key),
                   "this key is given twice; keep one of them"};
    return false;
  }

  // Where the innermost open container stands.
  [[nodiscard]] std::string pointer() const {
    std::string path;
    for (std::size_t i = 0; i + 1 < open_.size(); ++i) path += step_to(*open_[i], *open_[i + 1]);
    return path;
  }

  static std::string step_to(const json& parent, const json& child) {
    if (parent.is_array()) return "/" + std::to_string(parent.size() - 1);
    for (const auto& [key, value] : parent.items()) {
      if (&value == &child) return pointer_step(key);
    }
    return {};
  }

  // Where to point at: `position` counts the octets read. Strings and numbers are best shown where
  // they start; of other tokens the parser knows only the end.
  static std::size_t offset_of(std::string_view reason, std::size_t position, std::size_t token) {
    const bool has_start = reason.find("unexpected string") != std::string_view::npos ||
                           reason.find("unexpected number") != std::string_view::npos ||
                           reason.starts_with("number overflow");
    if (has_start && token <= position) return position - token;
    return position == 0 ? 0 : position - 1;
  }

  // A closing bracket at `offset` that a comma stands before.
  [[nodiscard]] bool follows_comma(std::size_t offset) const {
    if (offset >= text_.size() || (text_[offset] != '}' && text_[offset] != ']')) return false;
    const std::string_view before = text_.substr(0, offset);
    const std::size_t last = before.find_last_not_of(" \t\r\n");
    return last != std::string_view::npos && before[last] == ',';
  }

  std::string_view text_;
  std::string_view file_;
  json root_;
  std::vector<json*> open_;
  std::string key_;
  std::optional<Error> error_;
};

}  // namespace

std::string pointer_step(std::string_view key) {
  std::string step = "/";
  const std::string quoted = quote(key);
  for (const char c : std::string_view(quoted).substr(1, quoted.size() - 2)) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  return step;
}

Expected<nlohmann::json> parse_json(std::string_view text, std::string_view file) {
  const auto refuse = [&](const char* what) { return at(file, Error{{}, what}); };
  if (text.size() > kTextFileBytesMax) return refuse("larger than 16MiB; is this the right file?");
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return refuse("the file is empty; expected a JSON object, at least {}");
  }
  if (auto checked = check_octets(text, file); !checked) {
    return std::unexpected(std::move(checked).error());
  }
  Builder builder(text, file);
  constexpr bool kStrict = true;  // Nothing may follow the value.
  constexpr bool kIgnoreComments = true;
  (void)json::sax_parse(text.begin(), text.end(), &builder, json::input_format_t::json, kStrict,
                        kIgnoreComments);
  return std::move(builder).take();
}

}  // namespace sluice
