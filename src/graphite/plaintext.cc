#include "sluice/graphite/plaintext.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include "sluice/values/path_node.h"

namespace sluice {
namespace {

template <typename Number>
void append_number(std::string& text, Number number) {
  std::array<char, 32> digits{};  // The longest shortest double has 24 octets.
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  text.append(digits.data(), end);
}

}  // namespace

void append_value(std::string& text, double value) {
  append_number(text, value == 0 ? 0.0 : value);  // No "-0".
}

void append_line(std::string& lines, std::string_view path, double value, Seconds time) {
  lines += path;
  lines += ' ';
  append_value(lines, value);
  lines += ' ';
  append_number(lines, time.time_since_epoch().count());
  lines += '\n';
}

bool is_sendable(const Datapoint& datapoint) noexcept {
  // Whisper keeps times in 32 bits, and a greater one costs all that carbon writes with it.
  constexpr std::int64_t kTimeMax = std::numeric_limits<std::uint32_t>::max();
  const std::int64_t time = datapoint.time.time_since_epoch().count();
  return std::isfinite(datapoint.value) && time > 0 && time <= kTimeMax &&
         datapoint.path.size() <= kPathBytesMax && is_metric_path(datapoint.path);
}

}  // namespace sluice
