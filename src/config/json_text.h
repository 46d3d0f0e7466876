#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "sluice/base/error.h"

namespace sluice {

// Nothing that sluice reads nests deeper than ten; more is a mistake or an attack.
inline constexpr int kJsonDepthMax = 32;

// Parses JSON text (RFC 8259; `//` and `/* */` comments and a BOM are allowed). `file` is only
// named in errors. A syntax error says file, line and column ("sluice.json:3:5: ..."). Refused too:
// text that is empty, larger than kTextFileBytesMax, not UTF-8, holds a NUL, nests deeper than
// kJsonDepthMax, gives a key of one object twice, or a number outside the range of a double.
[[nodiscard]] Expected<nlohmann::json> parse_json(std::string_view text, std::string_view file);

// `key` as a step of a JSON pointer (RFC 6901), its slash included; one line, shortened when long.
[[nodiscard]] std::string pointer_step(std::string_view key);

}  // namespace sluice
