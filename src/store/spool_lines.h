#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sluice/base/time.h"
#include "sluice/values/datapoint.h"

namespace sluice {

// What is known of some finished lines of Graphite plaintext without reading them.
struct LinesInfo {
  std::int64_t id =
      0;             // Of the row that holds them. Of two rows, the one put later has the greater.
  Seconds window{};  // The timestamp of every line.
  Scope scope = Scope::kHost;
  bool is_replay = false;     // Acknowledged before, and waiting once more.
  std::uint64_t version = 0;  // Of every line.
  std::uint32_t count = 0;
  std::uint64_t bytes = 0;  // Of the lines alone.
};

// Lines of one window, scope and version that are about to be stored.
struct LinesDraft {
  LinesInfo info;
  std::string lines;
};

// What a row costs on disk or in memory besides its lines.
inline constexpr std::uint64_t kRowBytes = 120;

// Room for the longest value and timestamp behind a path.
inline constexpr std::size_t kLineTailBytes = 48;

[[nodiscard]] inline std::uint64_t stored_bytes(const LinesInfo& info) noexcept {
  return info.bytes + kRowBytes;
}

// Tells lines, and what is known of them, from others: SQLite does not notice when a disk gives
// back other bytes than it was given.
[[nodiscard]] std::uint64_t checksum_of(const LinesInfo& info, std::string_view lines) noexcept;

// Cuts the first line off `lines`, LF included. `lines` must not be empty.
[[nodiscard]] std::string_view next_line(std::string_view& lines) noexcept;

// The path of a line: everything before the first blank.
[[nodiscard]] std::string_view path_of(std::string_view line) noexcept;

}  // namespace sluice
