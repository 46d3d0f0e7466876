#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// What a text with fields gave.
enum class FieldsFound : std::uint8_t {
  kSome,
  kNone,    // No such text: no pair, or it does not begin as JSON does.
  kBroken,  // It begins as JSON, but is none, or is beyond a bound.
};

// The fields of one text, flat: `{"a": {"b": [1, "x"]}}` has "a.b.0" and "a.b.1". A key may hold
// dots, which are then part of the name. Values are texts: strings with their escapes resolved, of
// any octets; numbers as they are spelled; "true" and "false". `null`, objects and arrays are no
// values. Of a name that comes twice the last value counts, as for most readers of JSON.
//
// Reading takes time linear in the text. Memory is used again from text to text.
class FieldTable {
 public:
  // More fields, deeper JSON, and names or values of more octets in all are refused (kBroken).
  static constexpr std::size_t kFieldsMax = 256;
  static constexpr std::size_t kDepthMax = 8;
  static constexpr std::size_t kBytesMax = 64 * 1024;

  struct Field {
    std::string_view name;
    std::string_view value;
  };

  // Replaces the fields by those of `text`: a JSON object (RFC 8259), which a CEE cookie "@cee:"
  // may precede, with nothing but blanks behind it. Octets that are not UTF-8, control octets
  // inside of strings, and the NaN and Infinity that some writers make are let pass.
  FieldsFound read_json(std::string_view text);

  // The same for `key=value` pairs between other words: `size=10`, `msg="a \"b\" c"`, `user='x y'`,
  // `a=1, b=2`, `a=1,b=2`, `empty=`. A key is of [A-Za-z0-9_.@-].
  FieldsFound read_pairs(std::string_view text);

  // Views live until the next read.
  [[nodiscard]] std::size_t size() const noexcept { return spans_.size(); }
  [[nodiscard]] Field at(std::size_t index) const noexcept;
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;

 private:
  friend class JsonFieldReader;

  struct Span {
    std::size_t name = 0;
    std::size_t value = 0;  // Where the name ends and the value begins.
    std::size_t end = 0;
  };

  void clear() noexcept;
  // False at a bound.
  bool add(std::string_view name, std::string_view value);

  std::string octets_;  // Names and values, one after the other.
  std::vector<Span> spans_;
};

}  // namespace sluice
