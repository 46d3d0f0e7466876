#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/pipeline/offenders.h"
#include "sluice/pipeline/publisher.h"

namespace sluice {

// Who needs somebody's attention, by name: what the ledger only counts. Each list holds the first
// few of them.
struct Attention {
  static constexpr std::size_t kNamesMax = 100;

  struct Missing {
    std::string presence;
    std::chrono::seconds every{0};
    std::vector<MissingHost> hosts;  // Those never heard first, then those silent for longest.
  };

  Timestamp taken{};
  std::vector<Missing> missing;       // Presences in the order of their declaration.
  std::vector<std::string> unmapped;  // Hosts that neither map nor pattern names, sorted.
  Offenders too_late;                 // Whose samples came too late,
  Offenders refused;                  // or were refused by a bound on series,
  Offenders collided;                 // or would share the path of another host.
};

// /api/v1/attention: the lists as JSON, docs/api.md.
[[nodiscard]] std::string render_attention(const Attention& attention);

}  // namespace sluice
