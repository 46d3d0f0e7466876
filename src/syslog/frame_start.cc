#include "syslog/frame_start.h"

#include <array>

#include "syslog/scan.h"

namespace sluice::detail {
namespace {

constexpr std::size_t kCountDigitsMax = 10;
constexpr std::size_t kBlanksMax = 16;  // Cisco ASA puts one before a frame.
// A run of digits this long, followed by " <", is a count that overran; a longer one is text.
constexpr std::size_t kOverrunDigitsMax = 24;
static_assert(kBlanksMax + kOverrunDigitsMax + 2 <= kFrameStartOctetsMax);

constexpr std::string_view kTlsRecord("\x16\x03", 2);
constexpr std::array<std::string_view, 7> kHttpStarts{
    "GET /", "POST /", "PUT /", "HEAD /", "DELETE /", "OPTIONS ", "PRI * HTTP/2"};

// True when more octets could turn `start` into `pattern`.
bool may_become(std::string_view start, std::string_view pattern) noexcept {
  return start.size() < pattern.size() && pattern.starts_with(start);
}

FrameStart other_protocol(std::string_view start, bool is_finished) noexcept {
  if (start.starts_with(kTlsRecord)) return FrameStart::kTls;
  bool is_open = may_become(start, kTlsRecord);
  for (const std::string_view http : kHttpStarts) {
    if (start.starts_with(http)) return FrameStart::kHttp;
    is_open = is_open || may_become(start, http);
  }
  return is_open && !is_finished ? FrameStart::kNeedMore : FrameStart::kLine;
}

// At most ten digits, so 64 bits are plenty; the digits are never stored.
std::uint64_t read_count(std::string_view digits) noexcept {
  std::uint64_t count = 0;
  for (const char digit : digits) count = count * 10 + digit_value(digit);
  return count;
}

// `start` begins with a digit, behind `blanks` blanks.
FrameStartResult read_count_start(std::string_view start, std::size_t blanks,
                                  const FrameStartContext& context) noexcept {
  const std::size_t digits = digits_length(start);
  const bool is_overrun = digits > kCountDigitsMax;
  if (digits == start.size() && digits <= kOverrunDigitsMax && !context.is_finished &&
      !(context.counts_only && is_overrun)) {
    return {FrameStart::kNeedMore};
  }
  const bool has_space = digits < start.size() && start[digits] == ' ';
  if (context.counts_only) {
    if (is_overrun || !has_space) return {FrameStart::kBadCount};
  } else {
    if (!has_space || digits > kOverrunDigitsMax) return {FrameStart::kLine};
    if (digits + 1 == start.size()) {
      return {context.is_finished ? FrameStart::kLine : FrameStart::kNeedMore};
    }
    const bool is_believable = start[digits + 1] == '<' || (context.has_counted && !is_overrun);
    if (!is_believable) return {FrameStart::kLine};
    if (is_overrun) return {FrameStart::kBadCount};
  }
  return {FrameStart::kCounted, blanks + digits + 1, read_count(start.substr(0, digits))};
}

}  // namespace

FrameStartResult read_frame_start(std::string_view start,
                                  const FrameStartContext& context) noexcept {
  if (context.is_stream_start) {
    const FrameStart other = other_protocol(start, context.is_finished);
    if (other != FrameStart::kLine) return {other};
  }
  if (context.lines_only) return {FrameStart::kLine};
  const std::size_t blanks = start.size() - without_leading_spaces(start).size();
  if (blanks > kBlanksMax) return {context.counts_only ? FrameStart::kBadCount : FrameStart::kLine};
  const std::string_view rest = start.substr(blanks);
  if (rest.empty()) {
    if (!context.is_finished) return {FrameStart::kNeedMore};
    return {context.counts_only ? FrameStart::kBadCount : FrameStart::kLine};
  }
  if (is_digit(rest.front())) return read_count_start(rest, blanks, context);
  if (context.counts_only) return {FrameStart::kBadCount};
  return {FrameStart::kLine, rest.front() == '<' ? blanks : 0};
}

}  // namespace sluice::detail
