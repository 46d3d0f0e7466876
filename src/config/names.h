#pragma once

#include <string>
#include <string_view>

#include "sluice/base/error.h"

namespace sluice {

// The name of a pack, rule or presence: [a-z0-9][a-z0-9_-]*, at most 64 bytes.
[[nodiscard]] Expected<std::string> parse_name_part(std::string_view text);

// A capture or a variable of the context: [A-Za-z_][A-Za-z0-9_]*, at most 64 bytes.
[[nodiscard]] Expected<std::string> parse_identifier(std::string_view text);

// The name of a metric: nodes of [a-z0-9_-] and {capture}, joined by dots.
[[nodiscard]] Expected<std::string> parse_metric_name(std::string_view text);

// ASCII letters only: names of hosts and domains (RFC 4343 section 2).
[[nodiscard]] std::string lower_case(std::string_view text);

}  // namespace sluice
