#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sluice/rules/definition.h"
#include "sluice/rules/rule_set.h"

namespace sluice {

struct ExampleReport {
  std::size_t example_count = 0;
  std::vector<std::string> failures;  // One line each, naming file, rule, expected and found.
  std::vector<std::string> without_example;  // Rules that have none, or only one kind.
};

// Runs every example of `packs`, from which `rules` was compiled. An example is read by all rules
// of its pack, one context for its lines, and what the example's own rule gave is compared.
[[nodiscard]] ExampleReport run_examples(const std::vector<PackDefinition>& packs);

}  // namespace sluice
