#include "http/request_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/ascii_case.h"

namespace sluice {
namespace {

constexpr std::string_view kEndOfHeader = "\r\n\r\n";

RequestFrame refused(int status, std::string why) {
  RequestFrame frame{.status = RequestFrame::Status::kRefused};
  frame.problem_status = status;
  frame.problem = std::move(why);
  return frame;
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// What of a header decides where the body ends.
struct BodyFields {
  std::optional<std::size_t> length;
  bool is_bad = false;  // A length that is no number, or two that differ.
  bool is_chunked = false;
  bool expects_continue = false;
};

void note_length(std::string_view value, BodyFields& fields) {
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  const bool is_number = error == std::errc() && end == value.data() + value.size();
  fields.is_bad |= !is_number || (fields.length && *fields.length != length);
  fields.length = length;
}

BodyFields read_fields(std::string_view header) {
  BodyFields fields;
  while (!header.empty()) {
    const std::size_t end = std::min(header.find("\r\n"), header.size());
    const std::string_view line = header.substr(0, end);
    header.remove_prefix(std::min(end + 2, header.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (is_same_word(name, "content-length")) note_length(value, fields);
    if (is_same_word(name, "transfer-encoding")) fields.is_chunked = true;
    if (is_same_word(name, "expect")) fields.expects_continue = is_same_word(value, "100-continue");
  }
  return fields;
}

}  // namespace

RequestFrame frame_request(std::string_view bytes, const RequestLimits& limits) {
  const std::size_t line_end = bytes.find("\r\n");
  if (std::min(line_end, bytes.size()) > limits.line_bytes_max)
    return refused(414, fmt::format("a request line has at most {} octets", limits.line_bytes_max));
  const std::size_t header_end = bytes.find(kEndOfHeader);
  if (std::min(header_end, bytes.size()) > limits.header_bytes_max)
    return refused(
        431, fmt::format("a request's header has at most {} octets", limits.header_bytes_max));
  if (header_end == std::string_view::npos) return {};
  // Of a request without fields the line's end is the header's.
  const std::size_t fields_begin = std::min(line_end + 2, header_end);
  const BodyFields fields = read_fields(bytes.substr(fields_begin, header_end - fields_begin));
  if (fields.is_chunked) return refused(411, "a body needs a Content-Length; chunks are not read");
  if (fields.is_bad) return refused(400, "Content-Length: expected one number");
  const std::size_t body = fields.length.value_or(0);
  if (body > limits.body_bytes_max)
    return refused(413, fmt::format("a body has at most {} octets", limits.body_bytes_max));
  RequestFrame frame;
  frame.bytes = header_end + kEndOfHeader.size() + body;
  if (bytes.size() >= frame.bytes) {
    frame.status = RequestFrame::Status::kComplete;
  } else {
    frame.is_told_to_wait = fields.expects_continue;
  }
  return frame;
}

}  // namespace sluice
