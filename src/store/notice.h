#pragma once

#include <cstdint>
#include <string>

namespace sluice {

// Something about a file that whoever runs the relay should know: what, where, what to do. `app`
// writes it to the log, under the id of its kind.
struct Notice {
  enum class Kind : std::uint8_t {
    kMovedAside,     // A file was damaged or is another version's: it has another name now.
    kReplaced,       // A file was removed or replaced while the relay used it.
    kSpoolInMemory,  // Nothing is on disk from now on,
    kSpoolOnDisk,    // and now it is again.
    kSpoolCrowded,   // It remembers as many series as it can.
    kJournalFailed,  // Nothing is on disk from now on,
    kJournalKept,    // and now it is again.
    kHistoryFailed,  // Points are missing from now on, or are in memory alone,
    kHistoryKept,    // and now they are kept again.
    kHistoryCut,     // It goes back less far than it should.
  } kind = Kind::kMovedAside;
  std::string text;
};

}  // namespace sluice
