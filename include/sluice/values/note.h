#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "sluice/base/time.h"

namespace sluice {

// What a rule has people read, instead of a number: why a run failed, that something was deployed.
struct Note {
  // What is shown of a text, and how much of it is folded: more, so that two texts that differ only
  // in the lengths of their names are not cut at different places.
  static constexpr std::size_t kTextOctetsMax = 300;
  static constexpr std::size_t kFoldedOctetsMax = 1000;

  Timestamp time{};         // Event time.
  std::string host;         // Canonical.
  bool is_claimed = false;  // Only another host's text speaks of it, and that peer is not trusted.
  std::string kind;         // "failure", "event", "deploy", ...
  bool clears = false;      // The host is well again, says this pack; `text` is empty.
  std::string rule;         // "puppet-agent/applied".
  std::string text;         // Fit to be shown (plain_text), at most kFoldedOctetsMax.
  std::chrono::seconds ttl{0};  // Of a failure: how long it stands when nothing more is heard.
  std::uint32_t weight = 1;     // Equal events that it stands for.
};

// The kind whose notes are folded to reasons.
inline constexpr const char* kFailureKind = "failure";

}  // namespace sluice
