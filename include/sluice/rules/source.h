#pragma once

#include <string>
#include <string_view>

#include "sluice/base/error.h"
#include "sluice/rules/definition.h"

namespace sluice {

// What a text in a rule names: "context.VARIABLE", "sd.SD-ID.PARAM-NAME", "field.PATH", else a
// capture. An SD-ID may hold dots, a PARAM-NAME may not. Whether the names exist, or could, is for
// the caller to say.
[[nodiscard]] Expected<ValueSource> parse_value_source(std::string_view text);

// The same for people: "field.a.b".
[[nodiscard]] std::string spell(const ValueSource& source);

}  // namespace sluice
