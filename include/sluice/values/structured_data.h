#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// Structured data (RFC 5424 section 6.3) read straight from the octets of a message. Beside the
// RFC's form, what real senders write is read too: values without quotes, blanks inside the
// brackets or behind '=', "[]", an SD-ID that comes twice, a ']' inside quotes that should have
// been escaped.
//
//   StructuredDataReader reader(record.structured_data);
//   for (StructuredParam param; reader.next(param);) use(param.id, param.name, param.value);

// One SD-PARAM. The views point into the text that is read.
struct StructuredParam {
  std::string_view id;
  std::string_view name;     // Empty for an SD-ELEMENT without parameters, which is given once.
  std::string_view value;    // As sent, without its quotes; see unescape_param_value().
  bool has_escapes = false;  // `value` holds a backslash, so it may differ from what is meant.
};

// Reads parameters in their order. `text` must outlive the reader. Ends at the first octet that is
// not structured data, so any text may be read.
class StructuredDataReader {
 public:
  explicit StructuredDataReader(std::string_view text) noexcept : rest_(text) {}

  // False when nothing is left; `param` is then left alone.
  [[nodiscard]] bool next(StructuredParam& param) noexcept;

  // What has not been read. Once next() has returned false: what follows the structured data, or,
  // when an SD-ELEMENT is broken, some part of that element and all behind it.
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

 private:
  bool open_element(StructuredParam& param) noexcept;
  bool close_element() noexcept;
  bool read_param(StructuredParam& param) noexcept;

  std::string_view rest_;
  std::string_view id_;
  bool is_open_ = false;  // Inside the brackets of the element `id_`.
};

// Length of the STRUCTURED-DATA that `text` begins with: one or more SD-ELEMENTs. 0 when `text`
// does not begin with one or one of them is broken. What follows is not looked at. Linear time.
[[nodiscard]] std::size_t structured_data_length(std::string_view text) noexcept;

// Replaces `out` with the meant value: a backslash before '"', '\' or ']' is taken away, any other
// one stays (RFC 6.3.3).
void unescape_param_value(std::string_view value, std::string& out);

// The first parameter `name` of the first SD-ELEMENT `id` that has one; empty optional if there is
// none. Names are case-sensitive, as in the RFC.
[[nodiscard]] std::optional<StructuredParam> find_param(std::string_view structured_data,
                                                        std::string_view id,
                                                        std::string_view name) noexcept;

}  // namespace sluice
