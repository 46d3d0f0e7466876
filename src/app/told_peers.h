#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "sluice/base/time.h"

namespace sluice {

// What the log has said of which peers. A client that speaks another protocol tries again every
// second, and would take the share of the log that is for all the others.
class ToldPeers {
 public:
  explicit ToldPeers(std::size_t peers_max = 1'000) : peers_max_(peers_max) {}

  // True once an hour for each peer and kind of event. More peers than the bound make room by
  // forgetting all.
  [[nodiscard]] bool admit(std::uint8_t kind, const std::string& peer, Timestamp now) {
    if (told_.size() >= peers_max_) told_.clear();
    const auto [place, is_new] = told_.try_emplace({kind, peer}, now);
    const bool is_due = is_new || now - place->second >= std::chrono::hours(1);
    if (is_due) place->second = now;
    return is_due;
  }

 private:
  std::size_t peers_max_;
  std::map<std::pair<std::uint8_t, std::string>, Timestamp> told_;
};

}  // namespace sluice
