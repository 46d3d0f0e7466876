#pragma once

#include <cstdint>
#include <string_view>

#include "sluice/base/time.h"
#include "sluice/values/metric.h"

namespace sluice {

// One number read from one record.
struct Sample {
  const Metric* metric = nullptr;  // Owned by the Matcher that wrote the sample.
  std::string_view host;           // Canonical name; lives as long as the message it was read from.
  double value = 0;                // In the metric's unit; finite.
  Timestamp time{};                // Event time.
  std::uint32_t weight = 1;        // How many equal events this stands for (repeat notices).
  std::uint32_t rule = 0;          // Index of the rule in its RuleSet.
  // The host was named in the text of a message from another host, so it counts only if it is
  // known.
  bool is_claimed = false;
  // The host is a node of a metric path, in which dots of its name may have been replaced.
  bool is_path_node = false;
};

}  // namespace sluice
