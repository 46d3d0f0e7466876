#pragma once

#include "config/config.h"
#include "config/json_reader.h"

namespace sluice {

// An entry of "destinations". Its spool_age_max is 0 when it does not name one.
[[nodiscard]] Expected<DestinationConfig> decode_destination(const JsonValue& value);

}  // namespace sluice
