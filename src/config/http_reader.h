#pragma once

#include "config/config.h"
#include "config/json_reader.h"

namespace sluice {

// "http": "off", "127.0.0.1:9514", or an object with "listen" and more. Relative paths are taken
// from the folder of the configuration `file`.
[[nodiscard]] Expected<HttpConfig> decode_http(const JsonValue& value, const std::string& file);

// "history": false, or an object.
[[nodiscard]] Expected<HistoryConfig> decode_history(const JsonValue& value);

}  // namespace sluice
