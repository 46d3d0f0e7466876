#include "sluice/values/shape.h"

#include <array>
#include <cstdint>

#include "sluice/values/plain_text.h"

namespace sluice {
namespace {

// Text behind this tells no more about what kind of line it is.
constexpr std::size_t kReadMax = 1024;
constexpr std::size_t kHexMin = 7;  // Git's short names are the shortest that are common.
constexpr std::size_t kIdMin = 6;   // Names of temporary files: l7fin6, 713x1g.
constexpr std::size_t kAlternationsMin = 3;
constexpr std::string_view kCut = "...";

enum Class : std::uint8_t {
  kOther = 0,
  kDigit = 1,
  kHexLetter = 2,
  kLetter = 4,
  kBlank = 8,
  kHigh = 16
};

constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const bool is_hex = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c >= '0' && c <= '9') classes[c] = kDigit;
    if (is_letter) classes[c] = is_hex ? kLetter | kHexLetter : kLetter;
    if (c <= ' ' || c == 0x7F) classes[c] = kBlank;
    if (c >= 0x80) classes[c] = kHigh;
  }
  return classes;
}();

bool is(char c, unsigned classes) {
  return (kClasses[static_cast<std::uint8_t>(c)] & classes) != 0;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// Reads a line from left to right and writes its shape.
class Folder {
 public:
  Folder(std::string_view text, const ShapeOptions& options, std::string& out)
      : text_(text.substr(0, kReadMax)), options_(options), out_(out) {}

  void run() {
    out_.clear();
    while (at_ < text_.size() && out_.size() <= options_.octets_max) step();
    if (!out_.empty() && out_.back() == ' ') out_.pop_back();
    if (out_.size() > options_.octets_max) cut();
  }

 private:
  [[nodiscard]] bool has(std::size_t at, unsigned classes) const {
    return at < text_.size() && is(text_[at], classes);
  }
  [[nodiscard]] bool has_char(std::size_t at, char c) const {
    return at < text_.size() && text_[at] == c;
  }

  void step() {
    const char c = text_[at_];
    if (is(c, kLetter | kDigit)) return step_word();
    if (is(c, kBlank)) return step_blank();
    if (is(c, kHigh)) return step_high();
    if (c == ':' && take_ipv6()) return;
    if (c == '/' && options_.paths && take_path()) return;
    if ((c == '-' || c == '+') && has(at_ + 1, kDigit) && !is_behind_word())
      ++at_;  // A sign.
    else
      copy(1);
  }

  void step_blank() {
    if (!out_.empty() && out_.back() != ' ') out_ += ' ';
    at_ += text_[at_] == '\x1B' ? escape_length(text_.substr(at_)) : 1;
  }

  void step_high() {
    const std::size_t length = utf8_length(text_.substr(at_));
    if (length > 0) {
      const bool is_c1 = text_[at_] == '\xC2' && static_cast<std::uint8_t>(text_[at_ + 1]) < 0xA0;
      if (!is_c1) return copy(length);
      at_ += length;
    } else {
      out_ += "\xEF\xBF\xBD";
      ++at_;
    }
  }

  // A run of letters and digits, taken as a whole where the whole has a meaning.
  void step_word() {
    if (take_host()) return;
    std::size_t end = at_;
    unsigned classes = 0;
    bool is_hex = true;
    std::size_t alternations = 0;
    for (; has(end, kLetter | kDigit); ++end) {
      const bool is_digit = is(text_[end], kDigit);
      if (end > at_ && is_digit != is(text_[end - 1], kDigit)) ++alternations;
      classes |= is_digit ? kDigit : kLetter;
      is_hex = is_hex && is(text_[end], kDigit | kHexLetter);
    }
    const std::size_t length = end - at_;
    if (is_hex && (take_uuid(length) || take_groups(length))) return;
    if (classes == kLetter) return copy(length);
    if (classes == kDigit) return take_number();
    const bool is_prefixed = length > 2 && text_[at_] == '0' && lower(text_[at_ + 1]) == 'x';
    if ((is_hex && length >= kHexMin) || is_prefixed) return put("<hex>", length);
    if (length >= kIdMin && alternations >= kAlternationsMin) return put("<id>", length);
    fold_digits(end);
  }

  // "web01" -> "web<n>", "12.5ms" -> "<n>ms".
  void fold_digits(std::size_t end) {
    while (at_ < end) {
      if (is(text_[at_], kDigit)) {
        take_number();
      } else {
        copy(1);
      }
    }
  }

  void take_number() {
    if (take_time() || take_ipv4()) return;
    std::size_t end = skip_digits(at_);
    while (end + 1 < text_.size() &&
           (text_[end] == '.' || text_[end] == ',' || text_[end] == ':') &&
           is(text_[end + 1], kDigit)) {
      end = skip_digits(end + 1);
    }
    put("<n>", end - at_);
  }

  // 2026-11-22, 2026-11-22T08:12:46.5+01:00, with a blank for the T.
  bool take_time() {
    std::size_t end = at_;
    if (is_behind_word() || !take_form(end, "dddd-dd-dd") || has(end, kDigit)) return false;
    std::size_t time = end;
    if (has_char(time, 'T') || has_char(time, ' ')) {
      ++time;
      if (take_form(time, "dd:dd:dd")) {
        end = time;
        if ((has_char(end, '.') || has_char(end, ',')) && has(end + 1, kDigit))
          end = skip_digits(end + 1);
        std::size_t zone = end;
        if (has_char(end, 'Z'))
          ++end;
        else if (take_form(zone, "sdd:dd") || take_form(zone, "sdddd"))
          end = zone;
      }
    }
    put("<time>", end - at_);
    return true;
  }

  // Moves `at` behind a text of this form: d a digit, s a sign, else itself.
  bool take_form(std::size_t& at, std::string_view form) const {
    for (std::size_t i = 0; i < form.size(); ++i) {
      const bool fits = form[i] == 'd'   ? has(at + i, kDigit)
                        : form[i] == 's' ? has_char(at + i, '+') || has_char(at + i, '-')
                                         : has_char(at + i, form[i]);
      if (!fits) return false;
    }
    at += form.size();
    return true;
  }

  bool take_ipv4() {
    std::size_t end = at_;
    for (int group = 0; group < 4; ++group) {
      if (group > 0 && !has_char(end++, '.')) return false;
      const std::size_t begin = end;
      end = skip_digits(begin);
      if (end == begin || end - begin > 3) return false;
    }
    if (has_char(end, '.') && has(end + 1, kDigit)) return false;  // Five groups: a version.
    put("<ip>", end - at_);
    return true;
  }

  bool take_uuid(std::size_t length) {
    if (length != 8) return false;
    constexpr std::array<std::size_t, 4> kGroups{4, 4, 4, 12};
    std::size_t end = at_ + length;
    for (const std::size_t digits : kGroups) {
      if (!has_char(end++, '-')) return false;
      for (std::size_t i = 0; i < digits; ++i) {
        if (!has(end++, kDigit | kHexLetter)) return false;
      }
    }
    if (has(end, kLetter | kDigit)) return false;
    put("<uuid>", end - at_);
    return true;
  }

  // Hexadecimal groups with colons between them: a MAC or an IPv6 address.
  bool take_groups(std::size_t length) {
    return length <= 4 && has_char(at_ + length, ':') && !is_behind_word() && take_ipv6();
  }

  bool take_ipv6() {
    std::size_t end = at_;
    std::size_t colons = 0;
    bool has_digit = false;
    bool has_gap = false;
    for (; has(end, kDigit | kHexLetter) || has_char(end, ':'); ++end) {
      if (text_[end] != ':') {
        has_digit = has_digit || is(text_[end], kDigit);
        continue;
      }
      ++colons;
      has_gap = has_gap || (end > at_ && text_[end - 1] == ':');
    }
    if (text_[at_] == ':' && (is_behind_word() || !has_gap)) return false;
    if (has(end, kLetter) || !has_digit || colons > 7) return false;
    if (!has_gap && text_[end - 1] == ':') --end, --colons;  // "...: " ends a clause.
    if (!has_gap && colons == 5) return put("<mac>", end - at_), true;
    if (!has_gap && colons != 7) return false;
    put("<ip>", end - at_);
    return true;
  }

  // "/etc/motd", "//web01/Puppet", "/Stage[main]/Main/File[/srv/job 11 [2].yml]/ensure".
  bool take_path() {
    if (is_behind_word()) return false;
    std::size_t end = at_;
    std::size_t slashes = 0;
    for (; end < text_.size() && is_of_path(text_[end]); ++end) {
      if (text_[end] == '/') ++slashes;
      if (text_[end] != '[') continue;
      const std::size_t close = closing_bracket(end);
      if (close == std::string_view::npos || !is(text_[end - 1], kLetter | kDigit)) break;
      end = close;
    }
    while (text_[end - 1] == '.' || text_[end - 1] == ':') --end;  // Of the sentence.
    if (slashes < 2) return false;
    put("<path>", end - at_);
    return true;
  }

  static bool is_of_path(char c) {
    constexpr std::string_view kMarks = "/_.:@+~%-=?&[";
    return is(c, kLetter | kDigit | kHigh) || kMarks.find(c) != std::string_view::npos;
  }

  [[nodiscard]] std::size_t closing_bracket(std::size_t open) const {
    std::size_t depth = 0;
    for (std::size_t at = open; at < text_.size(); ++at) {
      if (text_[at] == '[') ++depth;
      if (text_[at] == ']' && --depth == 0) return at;
    }
    return std::string_view::npos;
  }

  bool take_host() {
    const std::string_view host = options_.host;
    if (host.size() < 2 || lower(text_[at_]) != host.front() || is_behind_word()) return false;
    if (text_.size() - at_ < host.size()) return false;
    for (std::size_t i = 1; i < host.size(); ++i) {
      if (lower(text_[at_ + i]) != host[i]) return false;
    }
    const std::size_t end = at_ + host.size();
    if (has(end, kLetter | kDigit) || has_char(end, '-') || has_char(end, '_')) return false;
    if (has_char(end, '.') && has(end + 1, kLetter | kDigit)) return false;  // A longer name.
    put("<host>", host.size());
    return true;
  }

  [[nodiscard]] bool is_behind_word() const {
    if (at_ == 0) return false;
    const char before = text_[at_ - 1];
    return is(before, kLetter | kDigit) || before == '_' || before == '-' || before == ')';
  }

  [[nodiscard]] std::size_t skip_digits(std::size_t at) const {
    while (has(at, kDigit)) ++at;
    return at;
  }

  void copy(std::size_t length) {
    out_.append(text_, at_, length);
    at_ += length;
  }
  void put(std::string_view placeholder, std::size_t length) {
    out_ += placeholder;
    at_ += length;
  }

  // Between characters, with room for the sign that something is missing.
  void cut() {
    std::size_t end = options_.octets_max - kCut.size();
    while (end > 0 && (static_cast<std::uint8_t>(out_[end]) & 0xC0U) == 0x80U) --end;
    out_.resize(end);
    out_ += kCut;
  }

  std::string_view text_;
  const ShapeOptions& options_;
  std::string& out_;
  std::size_t at_ = 0;
};

}  // namespace

void fold_shape(std::string_view text, const ShapeOptions& options, std::string& shape) {
  Folder(text, options, shape).run();
}

}  // namespace sluice
