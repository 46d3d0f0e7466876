#include "app/confirmation.h"

#include <utility>

namespace sluice {

AwaitEnd Confirmation::next(std::uint64_t now_ms) noexcept {
  if (!is_unconfirmed_) {
    // The judgement itself was the first probe.
    next_probe_ms_ = now_ms + kProbeEveryMs;
    return AwaitEnd::kFully;
  }
  if (now_ms < next_probe_ms_) return AwaitEnd::kBriefly;
  next_probe_ms_ = now_ms + kProbeEveryMs;
  return AwaitEnd::kFully;
}

bool Confirmation::acknowledged() noexcept {
  has_answered_ = true;
  unanswered_ = 0;
  return std::exchange(is_unconfirmed_, false);
}

bool Confirmation::unanswered() noexcept {
  ++unanswered_;
  if (unanswered_ >= (has_answered_ ? kUnansweredAfterAnswerMax : kUnansweredMax))
    is_unconfirmed_ = true;
  return is_unconfirmed_;
}

// Whatever answers after a failure may be another receiver.
void Confirmation::failed() noexcept {
  unanswered_ = 0;
  next_probe_ms_ = 0;
}

}  // namespace sluice
