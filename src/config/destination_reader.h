#pragma once

#include "config/config.h"
#include "config/json_reader.h"

namespace sluice {

// An entry of "destinations".
[[nodiscard]] Expected<DestinationConfig> decode_destination(const JsonValue& value);

}  // namespace sluice
