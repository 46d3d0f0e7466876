#include "sluice/values/sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "sluice/base/check.h"

namespace sluice {
namespace {

// Bucket i > 0 holds the values in (kGamma^(i - 1 - kOffset), kGamma^(i - kOffset)], so that its
// middle is at most 1 % from each of them. Bucket 0 is zero, negative buckets mirror positive ones.
constexpr double kAccuracy = 0.01;
constexpr double kGamma = (1 + kAccuracy) / (1 - kAccuracy);
// Moves the index of the smallest magnitude we tell from zero (1e-12) above 0.
constexpr std::int32_t kOffset = 1400;
constexpr double kSmallest = 1e-12;

const double kLogGamma = std::log(kGamma);

double value_of(std::int32_t index) {
  if (index == 0) return 0;
  const double upper = std::exp((std::abs(index) - kOffset) * kLogGamma);
  const double middle = upper * 2 / (1 + kGamma);
  return index > 0 ? middle : -middle;
}

}  // namespace

std::int32_t Sketch::index_of(double value) {
  const double magnitude = std::fabs(value);
  if (magnitude < kSmallest) return 0;
  const auto index =
      static_cast<std::int32_t>(std::ceil(std::log(magnitude) / kLogGamma)) + kOffset;
  SLUICE_CHECK(index > 0, "kOffset covers every magnitude above kSmallest");
  return value > 0 ? index : -index;
}

void Sketch::add(double value, std::uint64_t weight) {
  if (buckets_.empty() && count_ + weight <= kExactMax) {
    // One or two would take as much: malloc() gives no less than three.
    if (samples_.capacity() == 0) samples_.reserve(3);
    if (weight == 1) {
      samples_.push_back(value);
    } else {
      samples_.insert(samples_.end(), weight, value);
    }
  } else {
    spill();
    add_bucket(index_of(value), weight);
  }
  count_ += weight;
}

void Sketch::merge(const Sketch& other) {
  if (buckets_.empty() && other.buckets_.empty() && count_ + other.count_ <= kExactMax) {
    samples_.insert(samples_.end(), other.samples_.begin(), other.samples_.end());
  } else {
    spill();
    for (const double sample : other.samples_) add_bucket(index_of(sample), 1);
    for (const Bucket& bucket : other.buckets_) add_bucket(bucket.index, bucket.count);
  }
  count_ += other.count_;
}

std::vector<double> Sketch::quantiles(std::span<const double> ranks) const {
  SLUICE_CHECK(count_ > 0, "a quantile needs a sample");
  std::vector<double> sorted = samples_;
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> found;
  found.reserve(ranks.size());
  std::size_t bucket = 0;
  std::uint64_t passed = buckets_.empty() ? 0 : buckets_[0].count;
  for (const double rank : ranks) {
    const double exact_place = std::ceil(rank * static_cast<double>(count_) - 1e-9);
    const auto place =
        std::clamp<std::uint64_t>(static_cast<std::uint64_t>(exact_place), 1, count_);
    if (buckets_.empty()) {
      found.push_back(sorted[place - 1]);
      continue;
    }
    while (passed < place) passed += buckets_[++bucket].count;
    found.push_back(value_of(buckets_[bucket].index));
  }
  return found;
}

void Sketch::append_buckets(std::vector<Bucket>& buckets) const {
  for (const double sample : samples_) buckets.push_back({index_of(sample), 1});
  buckets.insert(buckets.end(), buckets_.begin(), buckets_.end());
}

std::size_t Sketch::heap_bytes() const noexcept {
  // By what is in it and not by the capacity of the vectors, which depends on how it came there: a
  // store that was restored must weigh what it weighed before, or other windows would leave it.
  const auto room = [](std::size_t size) { return size == 0 ? 0 : std::bit_ceil(size); };
  return room(samples_.size()) * sizeof(double) + room(buckets_.size()) * sizeof(Bucket);
}

void Sketch::add_bucket(std::int32_t index, std::uint64_t weight) {
  const auto place = std::lower_bound(
      buckets_.begin(), buckets_.end(), index,
      [](const Bucket& bucket, std::int32_t wanted) { return bucket.index < wanted; });
  if (place != buckets_.end() && place->index == index) {
    place->count += weight;
  } else {
    buckets_.insert(place, Bucket{index, weight});
  }
}

void Sketch::spill() {
  for (const double sample : samples_) add_bucket(index_of(sample), 1);
  samples_ = {};
}

}  // namespace sluice
