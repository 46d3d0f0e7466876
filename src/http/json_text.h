#pragma once

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "sluice/base/time.h"

namespace sluice {

// RFC 3339 in UTC, whole seconds.
[[nodiscard]] inline std::string time_text(Timestamp time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(floor_to_seconds(time).time_since_epoch().count()));
}

// An answer: indented, with replacement characters for what is not UTF-8.
[[nodiscard]] inline std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace sluice
