#pragma once

#include <cstdint>

#include "net/carbon_client.h"

namespace sluice {

// Judges whether a destination answers a half-close at all. One that never does (a balancer that
// keeps connections open, a receiver of another make) would otherwise never be done with a batch.
// It is then run as unconfirmed: a batch is done when its kernel has taken everything.
//
// A carbon that is stopped or slow looks the same from outside for a while, and must not be taken
// for one: its batches would count as done while nobody has read them. So the judgement needs
// several unanswered batches in a row, each after the whole ack_timeout; a failure of any other
// kind begins the count anew; and one that has answered in this life of the relay, which shows that
// it can, needs many more. What was judged is tried again from time to time and at once after a
// failure.
class Confirmation {
 public:
  // In a row. With the default ack_timeout of 30 s and the pauses between, the judgement comes
  // after 1.5 minutes, or 20 for a destination that has answered before.
  static constexpr unsigned kUnansweredMax = 3;
  static constexpr unsigned kUnansweredAfterAnswerMax = 20;
  // One batch in this time waits for an answer as long as any other batch would.
  static constexpr std::uint64_t kProbeEveryMs = 5 * 60 * 1000;

  // How the next batch is to be sent. Times are of a monotonic clock, in milliseconds.
  [[nodiscard]] AwaitEnd next(std::uint64_t now_ms) noexcept;

  // What became of it. True when the destination was run as unconfirmed until now.
  bool acknowledged() noexcept;
  // Taken by its kernel, not answered. True when the batch is done with: the destination is run as
  // unconfirmed. False: it is to be sent again.
  bool unanswered() noexcept;
  void failed() noexcept;

  [[nodiscard]] bool is_unconfirmed() const noexcept { return is_unconfirmed_; }

 private:
  bool has_answered_ = false;
  bool is_unconfirmed_ = false;
  unsigned unanswered_ = 0;  // In a row.
  std::uint64_t next_probe_ms_ = 0;
};

}  // namespace sluice
