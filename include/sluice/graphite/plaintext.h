#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/values/datapoint.h"

namespace sluice {

// Appends `value` (finite) as the shortest decimal that reads back as the same double.
void append_value(std::string& text, double value);

// Appends one line of Graphite plaintext, "path value timestamp\n". Only what every carbon accepts
// can come out: `path` is a metric path (values/path_node.h), `value` finite, the time whole
// seconds.
void append_line(std::string& lines, std::string_view path, double value, Seconds time);

// True if carbon takes the datapoint: a metric path of at most kPathBytesMax, a finite value, a
// timestamp after 1970 that whisper can store. Anything else must not leave.
[[nodiscard]] bool is_sendable(const Datapoint& datapoint) noexcept;
// The same of all but the path.
[[nodiscard]] bool is_sendable(double value, Seconds time) noexcept;

// A file path in whisper's tree must stay below the 4096 bytes of PATH_MAX.
inline constexpr std::size_t kPathBytesMax = 2000;

}  // namespace sluice
