#include "sluice/values/sketch_sum.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sluice {

void SketchSum::add(const Sketch& sketch, std::span<const Sketch::Bucket> buckets) {
  const bool stays_exact =
      is_exact_ && sketch.buckets_.empty() && rest_.count() + sketch.count() <= Sketch::kExactMax;
  if (stays_exact) return rest_.merge(sketch);
  leave_exactness();
  for (const Sketch::Bucket& bucket : buckets) count(bucket);
}

void SketchSum::add(double sample) {
  if (is_exact_ && rest_.count() < Sketch::kExactMax) return rest_.add(sample);
  leave_exactness();
  count({Sketch::index_of(sample), 1});
}

void SketchSum::leave_exactness() {
  if (!std::exchange(is_exact_, false)) return;
  std::vector<Sketch::Bucket> buckets;
  std::exchange(rest_, {}).append_buckets(buckets);
  for (const Sketch::Bucket& bucket : buckets) count(bucket);
}

void SketchSum::count(const Sketch::Bucket& bucket) {
  const auto place = static_cast<std::size_t>(std::int64_t{bucket.index} - first_);
  if (place < counts_.size()) {
    counts_[place] += bucket.count;
  } else if (reach(bucket.index)) {
    counts_[static_cast<std::size_t>(bucket.index - first_)] += bucket.count;
  } else {
    rest_.add_bucket(bucket.index, bucket.count);
    rest_.count_ += bucket.count;
  }
}

// Makes the array long enough for a bucket, unless it would be too long. Zero is as far from the
// numbers beside it as 1 from 10^12.
bool SketchSum::reach(std::int32_t index) {
  if (index == 0) return false;
  const std::int64_t end = first_ + static_cast<std::int64_t>(counts_.size());
  if (counts_.empty()) {
    first_ = index;
    counts_.resize(1);
  } else if (index >= end) {
    if (index - first_ >= kSpanMax) return false;
    counts_.resize(static_cast<std::size_t>(index - first_ + 1));
  } else {
    if (end - index > kSpanMax) return false;
    counts_.insert(counts_.begin(), static_cast<std::size_t>(first_ - index), 0);
    first_ = index;
  }
  return true;
}

Sketch SketchSum::total() const {
  if (is_exact_) return rest_;
  Sketch all;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    all.buckets_.push_back({first_ + static_cast<std::int32_t>(i), counts_[i]});
    all.count_ += counts_[i];
  }
  // A bucket may be in both: what was too far from the array then can be within it now.
  for (const Sketch::Bucket& bucket : rest_.buckets_) {
    all.add_bucket(bucket.index, bucket.count);
    all.count_ += bucket.count;
  }
  return all;
}

}  // namespace sluice
