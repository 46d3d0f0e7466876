#pragma once

#include "config/json_reader.h"
#include "sluice/rules/definition.h"

namespace sluice {

// An entry of "note" in a rule.
[[nodiscard]] Expected<NoteDefinition> decode_note(const JsonValue& value);

}  // namespace sluice
