#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/error.h"
#include "sluice/rules/definition.h"

namespace sluice {

struct CompiledRules;

// The compiled rules of all packs. Immutable, so that every ingest worker shares one; each worker
// has its own Matcher for what changes.
class RuleSet {
 public:
  // Refuses a pattern that RE2 refuses, a capture that is not in its pattern, and two rules that
  // say different things of one metric; the error names file and rule, of the last kind both.
  [[nodiscard]] static Expected<std::shared_ptr<const RuleSet>> compile(
      const std::vector<PackDefinition>& packs);

  explicit RuleSet(std::unique_ptr<const CompiledRules> compiled);
  ~RuleSet();
  RuleSet(const RuleSet&) = delete;
  RuleSet& operator=(const RuleSet&) = delete;

  [[nodiscard]] std::size_t size() const noexcept;
  // "puppet-agent/applied"; rules are numbered in the order of the packs and within each.
  [[nodiscard]] const std::string& name(std::uint32_t rule) const;
  [[nodiscard]] const std::string& match_text(std::uint32_t rule) const;
  [[nodiscard]] const std::vector<std::string>& apps(std::uint32_t rule) const;
  // The sign of life of its pack, which a match shows; empty: none.
  [[nodiscard]] std::string_view presence(std::uint32_t rule) const;

  // Of all its notes; a kind may be there several times.
  [[nodiscard]] std::vector<std::string> note_kinds() const;

  // For the Matcher.
  [[nodiscard]] const CompiledRules& compiled() const noexcept { return *compiled_; }

 private:
  std::unique_ptr<const CompiledRules> compiled_;
};

}  // namespace sluice
