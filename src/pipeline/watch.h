#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "sluice/base/time.h"

namespace sluice {

// When this relay was there to see: since its first start, less the gaps in which it was down,
// asleep or its clock jumped. Silence counts only while somebody listens.
class Watch {
 public:
  // Gaps remembered; the oldest one beyond is taken for watched time.
  static constexpr std::size_t kGapsMax = 1000;

  explicit Watch(Timestamp since) : since_(since) {}

  // Nobody watched between `from` and `to`; not before an earlier gap.
  void note_gap(Timestamp from, Timestamp to);
  // The clock was put back: what lies after `now` has not been watched yet.
  void note_clock_put_back(Timestamp now);

  // True if the relay was there from `start` to `end`.
  [[nodiscard]] bool saw_all(Timestamp start, Timestamp end) const;
  // True if the relay was there when a window of this end was over.
  [[nodiscard]] bool saw_end(Timestamp end) const;
  // Start of the first window from `start` on that a gap does not cover as a whole, nor lies before
  // the first start; windows are `length` long.
  [[nodiscard]] Seconds skip_unwatched(Seconds start, std::chrono::seconds length) const;

  // The moment from which on to `end` the relay has watched for `span` in all, gaps not counted;
  // nothing when it has not watched that long since `since`. Whoever was last heard before that
  // moment has been silent for `span`.
  [[nodiscard]] std::optional<Timestamp> watched_for(std::chrono::seconds span, Timestamp end,
                                                     Timestamp since) const;

  [[nodiscard]] Timestamp since() const noexcept { return since_; }

 private:
  friend class CheckpointWriter;
  friend class CheckpointReader;

  struct Gap {
    Timestamp from;
    Timestamp to;
  };
  Timestamp since_;
  std::vector<Gap> gaps_;  // Oldest first, never overlapping.
};

}  // namespace sluice
