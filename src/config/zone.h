#pragma once

#include <memory>
#include <string_view>

#include "sluice/base/error.h"
#include "sluice/values/zone.h"

namespace sluice {

// The zone with the IANA name `name` ("Europe/Berlin", "UTC"), from the time zone files of this
// machine, or that of an offset ("+01:00"); an empty name is the machine's own zone (TZ, else
// /etc/localtime, else UTC). Refused: names that are not in the files, and names that are paths of
// other files.
[[nodiscard]] Expected<std::unique_ptr<const Zone>> load_zone(std::string_view name);

}  // namespace sluice
