#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sluice/values/sketch.h"

namespace sluice {

// The sum of many sketches, as a fleet's is of its hosts': what Sketch::merge() would make of them,
// for a fraction of the time. Neighbouring buckets are counted in an array, where a sample is one
// addition; those too far from them, in a sketch. Takes at most 4 KiB beside that.
class SketchSum {
 public:
  // `buckets` are those of `sketch` (Sketch::append_buckets); who adds one sketch to several sums
  // works them out once.
  void add(const Sketch& sketch, std::span<const Sketch::Bucket> buckets);
  void add(double sample);

  // Only when something was added.
  [[nodiscard]] Sketch total() const;

 private:
  // From the least to the greatest bucket of the array: values of 1 to 25,000.
  static constexpr std::int64_t kSpanMax = 512;

  void leave_exactness();
  void count(const Sketch::Bucket& bucket);
  bool reach(std::int32_t index);

  Sketch rest_;  // Everything while that is exact; then what lies too far from the array.
  bool is_exact_ = true;
  std::int32_t first_ = 0;  // The bucket that is the array's first.
  std::vector<std::uint64_t> counts_;
};

}  // namespace sluice
