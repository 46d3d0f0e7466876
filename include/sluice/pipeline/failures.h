#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/values/note.h"

namespace sluice {

// Why hosts fail, now.
struct FailureReport {
  // Texts of notes that differ only in numbers, ids and the host's own name (values/shape.h).
  struct Reason {
    std::string text;
    std::uint64_t hosts = 0;                                      // That have it now, each once.
    std::uint64_t count = 0;                                      // Notes since `first`.
    std::vector<std::pair<std::string, std::uint64_t>> clusters;  // Hosts of each, most first.
    std::string sample;                                           // The latest note,
    std::string host;                                             // and whose it is.
    Timestamp first{};  // Since when some host has had it without a gap.
    Timestamp last{};
  };
  // The latest failure of a host that has any reason now.
  struct LastFailure {
    std::string host;
    std::string cluster;
    std::string text;
    std::string rule;
    Timestamp time{};
  };

  std::vector<Reason> reasons;  // Most hosts first; then most notes, then by text.
  std::vector<std::shared_ptr<const LastFailure>> hosts;  // By name.
};

// A host has a reason from the note on until one of these: a note of the same pack that clears it,
// the note's `ttl` without hearing it again, or five reasons that are newer. So a host that failed
// for another reason in its last run counts for both until a good run or `ttl`.
class FailureBook {
 public:
  struct Options {
    std::size_t hosts_max = 50'000;   // Failing at once.
    std::size_t reasons_max = 2'000;  // Different ones.
  };

  FailureBook();
  explicit FailureBook(const Options& options);
  ~FailureBook();
  FailureBook(const FailureBook&) = delete;
  FailureBook& operator=(const FailureBook&) = delete;

  // Takes a note of kind "failure", clearing ones too. `cluster` is where the host is. False when a
  // bound is reached and the note is not kept.
  bool add(const Note& note, std::string_view cluster);

  // Ends what nobody has repeated for its `ttl`.
  void expire(Timestamp now);
  // The host is gone.
  void forget(std::string_view host);

  [[nodiscard]] FailureReport snapshot() const;
  // The same, made anew when something came and the last one is 2 s old by the caller's clock.
  // Never null; never changes, so other threads may read it.
  [[nodiscard]] std::shared_ptr<const FailureReport> shared_snapshot(Timestamp now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
