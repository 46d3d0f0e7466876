#include "sluice/values/summary.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "sluice/base/check.h"

namespace sluice {
namespace {

// What the allocator takes for itself with each piece, on average.
constexpr std::size_t kPieceBytes = 16;

}  // namespace

Summary::Summary(bool keeps_distribution) : keeps_distribution_(keeps_distribution) {}

Summary::Summary(const Summary& other) : keeps_distribution_(other.keeps_distribution_) {
  copy_numbers(other);
  if (many_ && many_->sketch() != nullptr) *many_->sketch() = *other.many_->sketch();
}

Summary& Summary::operator=(const Summary& other) {
  if (this != &other) *this = Summary(other);
  return *this;
}

void Summary::add(double value, Timestamp time, std::uint64_t weight) {
  if (weight == 0) return;
  if (!has_sample_ && weight == 1) {
    has_sample_ = true;
    last_ = value;
    last_time_ = time;
    return;
  }
  Many& all = many();
  all.add_to_sum(value * static_cast<double>(weight));
  all.min = all.count == 0 ? value : std::min(all.min, value);
  all.max = all.count == 0 ? value : std::max(all.max, value);
  all.count += weight;
  if (Sketch* const sketch = all.sketch()) sketch->add(value, weight);
  note_last(value, time);
}

void Summary::merge(const Summary& other) {
  if (!other.has_sample_) return;
  if (!has_sample_) {
    if (!keeps_distribution_) return copy_numbers(other);
    *this = other;
    return;
  }
  if (!other.many_) {
    add(other.last_, other.last_time_);
    return;
  }
  Many& all = many();
  const Many& more = *other.many_;
  all.add_to_sum(more.sum);
  all.add_to_sum(more.compensation);
  all.min = std::min(all.min, more.min);
  all.max = std::max(all.max, more.max);
  all.count += more.count;
  if (all.sketch() != nullptr && more.sketch() != nullptr) all.sketch()->merge(*more.sketch());
  note_last(other.last_, other.last_time_);
}

std::uint64_t Summary::count() const noexcept {
  if (many_) return many_->count;
  return has_sample_ ? 1 : 0;
}

// A sum begins at 0, so that of -0 is 0.
double Summary::sum() const noexcept {
  return many_ ? many_->sum + many_->compensation : 0.0 + last_;
}

std::vector<double> Summary::quantiles(std::span<const double> ranks) const {
  SLUICE_CHECK(keeps_distribution_ && has_sample_, "a quantile needs a sample that was kept");
  if (!many_) return std::vector<double>(ranks.size(), last_);
  return many_->sketch()->quantiles(ranks);
}

void Summary::append_buckets(std::vector<Sketch::Bucket>& buckets) const {
  if (many_) return many_->sketch()->append_buckets(buckets);
  if (has_sample_) buckets.push_back({Sketch::index_of(last_), 1});
}

void Summary::add_samples_to(SketchSum& sum, std::span<const Sketch::Bucket> buckets) const {
  if (many_) return sum.add(*many_->sketch(), buckets);
  if (has_sample_) sum.add(last_);
}

std::size_t Summary::heap_bytes() const noexcept {
  if (!many_) return 0;
  if (many_->sketch() == nullptr) return sizeof(Many) + kPieceBytes;
  return sizeof(ManyWithSketch) + 2 * kPieceBytes + many_->sketch()->heap_bytes();
}

Summary::ManyPointer Summary::make_many(bool keeps_distribution) {
  ManyPointer many(keeps_distribution ? new ManyWithSketch : new Many);
  many->is_with_sketch = keeps_distribution;
  return many;
}

// All but the distribution. One that keeps it gets an empty sketch.
void Summary::copy_numbers(const Summary& other) {
  last_ = other.last_;
  last_time_ = other.last_time_;
  has_sample_ = other.has_sample_;
  many_.reset();
  if (!other.many_) return;
  many_ = make_many(keeps_distribution_);
  const Many& many = *other.many_;
  many_->count = many.count;
  many_->sum = many.sum;
  many_->compensation = many.compensation;
  many_->min = many.min;
  many_->max = many.max;
}

Summary::Many& Summary::many() {
  if (many_) return *many_;
  const double sum_of_one = sum();
  many_ = make_many(keeps_distribution_);
  if (!has_sample_) return *many_;
  many_->count = 1;
  many_->sum = sum_of_one;
  many_->min = many_->max = last_;
  if (Sketch* const sketch = many_->sketch()) sketch->add(last_);
  return *many_;
}

void Summary::note_last(double value, Timestamp time) noexcept {
  if (has_sample_ && std::tie(time, value) <= std::tie(last_time_, last_)) return;
  has_sample_ = true;
  last_ = value;
  last_time_ = time;
}

void Summary::Many::add_to_sum(double value) noexcept {
  const double total = sum + value;
  // What rounding took from the smaller of the two.
  compensation +=
      std::fabs(sum) >= std::fabs(value) ? (sum - total) + value : (value - total) + sum;
  sum = total;
}

}  // namespace sluice
