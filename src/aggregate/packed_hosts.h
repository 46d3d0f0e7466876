#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "sluice/aggregate/window_store.h"
#include "sluice/base/time.h"

namespace sluice {

// The hosts of a window and their summaries as bytes in memory: a fifth of what they take when they
// are at hand. unpack() gives exactly what was packed, in the same order.
class PackedHosts {
 public:
  // `start`: of the window.
  static PackedHosts pack(const std::deque<Window::Host>& hosts, Seconds start);
  [[nodiscard]] std::deque<Window::Host> unpack(Seconds start) const;

  // Calls use(host, metric) for every series, in order; looks at no summary.
  using UseKey = std::function<void(HostId host, MetricId metric)>;
  void for_each_key(const UseKey& use) const;

  [[nodiscard]] std::size_t bytes() const noexcept { return keys_.capacity() + values_.capacity(); }

 private:
  // For each host its number and metrics; 0 metrics: those of the host before. For each series,
  // its summary.
  std::uint64_t host_count_ = 0;
  std::string keys_;
  std::string values_;
};

}  // namespace sluice
