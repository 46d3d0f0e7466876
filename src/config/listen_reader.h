#pragma once

#include "config/config.h"
#include "config/json_reader.h"

namespace sluice {

// An entry of "listen". An endpoint that other machines can reach needs "allow".
[[nodiscard]] Expected<ListenConfig> decode_listen(const JsonValue& value);

// A text that names a time zone load_zone() knows, or "" for the one a level up.
[[nodiscard]] Expected<std::string> decode_zone_name(const JsonValue& value);

// A network, "10.0.0.0/8".
[[nodiscard]] Expected<Network> decode_network(const JsonValue& value);

}  // namespace sluice
