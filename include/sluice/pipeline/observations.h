#pragma once

#include <vector>

#include "sluice/pipeline/rule_counts.h"
#include "sluice/pipeline/unmatched.h"
#include "sluice/values/note.h"

namespace sluice {

// What a worker saw since its last report beside samples: nothing that is published, all that
// people look at.
struct Observations {
  UnmatchedReport unmatched;
  RuleReport rules;
  std::vector<Note> notes;  // In the order in which they were made.
};

}  // namespace sluice
