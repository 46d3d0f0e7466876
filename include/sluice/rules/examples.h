#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sluice/rules/definition.h"
#include "sluice/rules/matcher.h"
#include "sluice/rules/rule_set.h"
#include "sluice/values/sample.h"

namespace sluice {

struct ExampleReport {
  std::size_t example_count = 0;
  std::vector<std::string> failures;  // One line each, naming file, rule, expected and found.
  std::vector<std::string> without_example;  // Rules that have none, or only one kind.
};

// Runs every example of `packs`, from which `rules` was compiled. An example is read by all rules
// of its pack, one context for its lines, and what the example's own rule gave is compared.
[[nodiscard]] ExampleReport run_examples(const std::vector<PackDefinition>& packs);

// Reads examples with a set of rules, all with one Matcher, which costs much to make.
class ExampleReader {
 public:
  explicit ExampleReader(std::shared_ptr<const RuleSet> rules);

  // Gives `take` every sample that any rule makes of the lines of `example`, which is one of
  // `rule`: one context for its lines, and a record such as a well-behaved sender would have sent.
  // A sample lives for the call.
  void read(const RuleDefinition& rule, const ExampleDefinition& example,
            const std::function<void(const Sample&)>& take);

 private:
  Matcher matcher_;
  std::uint64_t count_ = 0;  // Of examples, each a process of its own.
  std::vector<Sample> samples_;
};

}  // namespace sluice
