#pragma once

#include <string>

#include "sluice/pipeline/unmatched.h"

namespace sluice {

// For `explain --unmatched`: per program the shapes of the lines that no rule matched, most
// frequent first; of each the ten first in text, all in JSON (one object, docs/explain.md).
[[nodiscard]] std::string unmatched_as_text(const UnmatchedReport& report);
[[nodiscard]] std::string unmatched_as_json(const UnmatchedReport& report);

}  // namespace sluice
