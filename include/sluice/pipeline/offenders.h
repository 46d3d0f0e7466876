#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice {

// Who lost samples to a bound, and how many.
struct Offender {
  std::string name;
  std::uint64_t samples = 0;

  friend bool operator==(const Offender&, const Offender&) = default;
};

// The worst first. The names compete for a table of bounded size, so a number may be too high by
// what names that left it had; it is never too low.
struct Offenders {
  std::vector<Offender> rules;  // "pack/rule".
  std::vector<Offender> hosts;
};

}  // namespace sluice
