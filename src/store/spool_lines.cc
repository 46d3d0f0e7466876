#include "store/spool_lines.h"

#include <algorithm>

#include "store/stable_hash.h"

namespace sluice {

std::uint64_t checksum_of(const LinesInfo& info, std::string_view lines) noexcept {
  const auto window = static_cast<std::uint64_t>(info.window.time_since_epoch().count());
  const std::uint64_t seed = (window << 24) ^ (info.version << 4) ^
                             static_cast<std::uint64_t>(info.scope) ^
                             (static_cast<std::uint64_t>(info.count) << 48);
  return stable_hash(lines, seed);
}

std::string_view next_line(std::string_view& lines) noexcept {
  const std::size_t end = std::min(lines.find('\n'), lines.size() - 1) + 1;
  const std::string_view line = lines.substr(0, end);
  lines.remove_prefix(end);
  return line;
}

std::string_view path_of(std::string_view line) noexcept { return line.substr(0, line.find(' ')); }

}  // namespace sluice
