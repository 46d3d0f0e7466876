#include "sluice/graphite/plaintext.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include "sluice/values/path_node.h"

namespace sluice {
namespace {

// What stands behind a path; the longest value has 24 octets, the longest time 20.
using Tail = std::array<char, 64>;

char* write_millionths(char* at, std::uint64_t millionths) {
  constexpr std::uint64_t kMillion = 1'000'000;
  at = std::to_chars(at, at + 20, millionths / kMillion).ptr;
  std::uint64_t rest = millionths % kMillion;
  if (rest == 0) return at;
  *at++ = '.';
  for (std::uint64_t digit = kMillion / 10; rest > 0; digit /= 10) {
    *at++ = static_cast<char>('0' + rest / digit);
    rest %= digit;
  }
  return at;
}

// The shortest decimal that reads back as `value`. Finding it costs some 500 instructions; a number
// of few decimals, as most levels and counts are, is told for a tenth: up to 15 digits no two
// decimals are the same double, so that one which is `value` is the shortest. (From 100,000 on and
// below 0.001 the form with an exponent may be shorter.)
char* write_value(char* at, double value) {
  const double magnitude = std::fabs(value);
  if (magnitude >= 0.001 && magnitude < 100'000) {
    constexpr double kMillion = 1e6;
    const auto millionths = static_cast<std::uint64_t>(magnitude * kMillion + 0.5);
    if (static_cast<double>(millionths) / kMillion == magnitude) {
      if (value < 0) *at++ = '-';
      return write_millionths(at, millionths);
    }
  }
  if (value == 0) value = 0;  // No "-0".
  return std::to_chars(at, at + 32, value).ptr;
}

}  // namespace

void append_value(std::string& text, double value) {
  Tail digits{};
  text.append(digits.data(), write_value(digits.data(), value));
}

void append_line(std::string& lines, std::string_view path, double value, Seconds time) {
  Tail tail{};
  char* at = tail.data();
  *at++ = ' ';
  at = write_value(at, value);
  *at++ = ' ';
  at = std::to_chars(at, at + 20, time.time_since_epoch().count()).ptr;
  *at++ = '\n';
  lines.append(path).append(tail.data(), at);
}

bool is_sendable(double value, Seconds time) noexcept {
  // Whisper keeps times in 32 bits, and a greater one costs all that carbon writes with it.
  constexpr std::int64_t kTimeMax = std::numeric_limits<std::uint32_t>::max();
  const std::int64_t seconds = time.time_since_epoch().count();
  return std::isfinite(value) && seconds > 0 && seconds <= kTimeMax;
}

bool is_sendable(const Datapoint& datapoint) noexcept {
  return is_sendable(datapoint.value, datapoint.time) && datapoint.path.size() <= kPathBytesMax &&
         is_metric_path(datapoint.path);
}

}  // namespace sluice
