#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "sluice/base/time.h"

namespace sluice {

// Longer paths name no file that any carbon could make (PATH_MAX).
inline constexpr std::size_t kGraphiteLinePathMax = 4096;

// A line of Graphite plaintext, "path value timestamp". The path points into the line.
struct GraphiteLine {
  // As sent, with its tags (";key=value"); neither blanks nor control octets, in any encoding.
  std::string_view path;
  // NaN or infinite where the sender had no number: collectd writes "nan" for the first rate of a
  // counter.
  double value = 0;
  // Absent: "-1", which stands for the time of arrival. At most the year 2255, which is also what
  // a count of milliseconds becomes.
  std::optional<Timestamp> time;

  [[nodiscard]] bool has_number() const noexcept { return std::isfinite(value); }
};

// Why a line is none, and which field says so.
enum class LineError : std::uint8_t {
  kNone,
  kFields,     // Not three fields.
  kPath,       // Control octets, or longer than kGraphiteLinePathMax.
  kValue,      // No number.
  kTimestamp,  // Not seconds since 1970, nor -1.
  kTooLong,    // Longer than max_message; its end is not known.
  kCutOff,     // The stream ended before its LF: of half a timestamp nobody knows the rest.
};

// Short stable name ("fields") for logs and `explain --json`.
[[nodiscard]] std::string_view name_of(LineError error) noexcept;

// Reads a line without its LF: three fields, blanks or tabs between them and around, a CR at the
// end. Numbers are what carbon takes, but for Python's own ("1_000"): decimal, with exponent, sign
// and fraction. On an error `line` holds the fields before the one that is wrong.
[[nodiscard]] LineError parse_graphite_line(std::string_view text, GraphiteLine& line) noexcept;

// Cuts the next line off `lines`, a datagram, without its LF or CR LF; empty ones are skipped.
// False when none is left.
[[nodiscard]] bool next_graphite_line(std::string_view& lines, std::string_view& line) noexcept;

}  // namespace sluice
