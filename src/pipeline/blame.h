#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/string_map.h"
#include "sluice/pipeline/offenders.h"

namespace sluice {

// Counts by name in bounded memory: when all places are taken, a new name takes that of the one
// with the fewest and inherits its number, so that whoever keeps offending stays in the table.
class Tally {
 public:
  static constexpr std::size_t kNamesMax = 256;

  void add(std::string_view name, std::uint64_t samples);
  // The worst first, of equal ones in the order of their names.
  [[nodiscard]] std::vector<Offender> worst(std::size_t most) const;

 private:
  StringMap<std::uint64_t> counts_;
};

// Lost samples, by the rule and by the host they came from.
class Blame {
 public:
  static constexpr std::size_t kShownMax = 10;

  void add(std::string_view rule, std::string_view host, std::uint64_t samples);
  [[nodiscard]] Offenders worst() const;

 private:
  Tally rules_;
  Tally hosts_;
};

}  // namespace sluice
