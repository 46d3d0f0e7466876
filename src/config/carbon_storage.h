#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/error.h"

namespace sluice {

// carbon's storage-schemas.conf and storage-aggregation.conf as plain data, read the way carbon
// 1.1.7 reads them (an INI file whose sections keep their order; the first whose pattern is found
// in a path decides).

// One archive of a whisper file: `points` values, one per `step` seconds.
struct Retention {
  std::uint64_t step = 0;
  std::uint64_t points = 0;
  friend bool operator==(const Retention&, const Retention&) = default;
};

struct StorageSchema {
  std::string name;
  std::string pattern;                // Python's regular expressions; searched, not matched whole.
  std::vector<Retention> retentions;  // The finest first. Never empty.
};

struct StorageAggregation {
  std::string name;
  std::string pattern;
  double x_files_factor = 0.5;  // carbon's default.
  std::string method = "average";
};

// Sections without a pattern or without retentions are left out, as carbon leaves them out. Refuses
// what carbon refuses to start with. Errors name line and section, the caller prepends the file.
[[nodiscard]] Expected<std::vector<StorageSchema>> decode_storage_schemas(std::string_view text);
[[nodiscard]] Expected<std::vector<StorageAggregation>> decode_storage_aggregation(
    std::string_view text);

// "60s:7d", "60:10080": seconds or a number with a unit (s, m, h, d, w, y), then points or a time.
[[nodiscard]] std::optional<Retention> parse_retention(std::string_view text);

// "60s:7d,5m:90d".
[[nodiscard]] std::string format_retentions(const std::vector<Retention>& retentions);

// Octets of a whisper file: 16, 12 an archive and 12 a point.
[[nodiscard]] std::uint64_t whisper_file_bytes(const std::vector<Retention>& retentions);

}  // namespace sluice
