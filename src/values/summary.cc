#include "sluice/values/summary.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace sluice {

Summary::Summary(bool keeps_distribution) {
  if (keeps_distribution) sketch_ = std::make_unique<Sketch>();
}

Summary::Summary(const Summary& other)
    : count_(other.count_),
      sum_(other.sum_),
      compensation_(other.compensation_),
      min_(other.min_),
      max_(other.max_),
      last_(other.last_),
      last_time_(other.last_time_),
      sketch_(other.sketch_ ? std::make_unique<Sketch>(*other.sketch_) : nullptr) {}

Summary& Summary::operator=(const Summary& other) {
  if (this != &other) *this = Summary(other);
  return *this;
}

void Summary::add(double value, Timestamp time, std::uint64_t weight) {
  if (weight == 0) return;
  add_to_sum(value * static_cast<double>(weight));
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = count_ == 0 ? value : std::max(max_, value);
  if (count_ == 0 || std::tie(last_time_, last_) < std::tie(time, value)) {
    last_time_ = time;
    last_ = value;
  }
  count_ += weight;
  if (sketch_) sketch_->add(value, weight);
}

void Summary::merge(const Summary& other) {
  if (other.count_ == 0) return;
  if (count_ == 0) {
    *this = other;
    return;
  }
  add_to_sum(other.sum_);
  add_to_sum(other.compensation_);
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  if (std::tie(last_time_, last_) < std::tie(other.last_time_, other.last_)) {
    last_time_ = other.last_time_;
    last_ = other.last_;
  }
  count_ += other.count_;
  if (sketch_ && other.sketch_) sketch_->merge(*other.sketch_);
}

std::size_t Summary::heap_bytes() const noexcept {
  return sketch_ ? sizeof(Sketch) + sketch_->heap_bytes() : 0;
}

void Summary::add_to_sum(double value) noexcept {
  const double total = sum_ + value;
  // What rounding took from the smaller of the two.
  compensation_ +=
      std::fabs(sum_) >= std::fabs(value) ? (sum_ - total) + value : (value - total) + sum_;
  sum_ = total;
}

}  // namespace sluice
