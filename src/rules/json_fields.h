#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/fields.h"

namespace sluice {

// Reads one JSON object into a FieldTable; see FieldTable::read_json(). To be used once.
class JsonFieldReader {
 public:
  JsonFieldReader(FieldTable& fields, std::string_view text) : fields_(fields), rest_(text) {}

  // On kBroken the table holds what came before.
  FieldsFound read();

 private:
  bool read_value(std::size_t depth);
  bool read_object(std::size_t depth);
  bool read_array(std::size_t depth);
  bool read_word();
  bool read_string(std::string& text);
  bool read_escape(std::string& text);
  bool read_hex(std::uint32_t& code);
  // Reads the value of member `key` of the object or array at hand.
  bool read_member(std::string_view key, std::size_t depth);
  bool keep(std::string_view value);
  void skip_blanks();
  bool take(char wanted);

  FieldTable& fields_;
  std::string_view rest_;
  std::string path_;  // Of the value at hand: "a.b.0".
  std::string text_;  // Scratch for strings.
};

}  // namespace sluice
