#pragma once

#include <string_view>

#include "sluice/values/record.h"

namespace sluice::detail {

// Takes the abbreviation of a time zone off `rest`, up to a SP, ':' or the end, and sets the offset
// of `stamp`. Only well known names, since a HOSTNAME may stand there. An abbreviation that means
// several zones ("CST", "IST", "BST") is taken off, but sets no offset: the zone configured for the
// sender is then the better guess.
[[nodiscard]] bool take_zone_name(std::string_view& rest, Stamp& stamp) noexcept;

}  // namespace sluice::detail
