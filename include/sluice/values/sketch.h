#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sluice/base/time.h"

namespace sluice {

class ByteReader;
class ByteWriter;
class Summary;

// A mergeable sketch of a distribution. Up to kExactMax samples it keeps them all and its quantiles
// are exact; beyond, it counts them in buckets whose bounds grow by 2 %, so that a quantile is off
// by at most 1 % of its value (the DDSketch idea). Values of either sign and zero are included.
// The same samples give the same answer whatever the order and the way they were merged.
class Sketch {
 public:
  // Exact up to here; enough for every host and for most clusters within a minute.
  static constexpr std::uint64_t kExactMax = 64;

  // Adds `value` (finite) `weight` times.
  void add(double value, std::uint64_t weight = 1);
  void merge(const Sketch& other);

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

  // The nearest-rank quantiles for `ranks` in (0, 1], ascending: the value at place ceil(q *
  // count). Only when count() > 0.
  [[nodiscard]] std::vector<double> quantiles(std::span<const double> ranks) const;

  struct Bucket {
    std::int32_t index;  // Sign and magnitude; see index_of().
    std::uint64_t count;
  };
  // Appends the buckets of all samples, in no order; one may come several times.
  void append_buckets(std::vector<Bucket>& buckets) const;

  // Bytes on the heap, for the store's account.
  [[nodiscard]] std::size_t heap_bytes() const noexcept;

 private:
  // The form on disk (value_encoding.h).
  friend void encode(const Sketch& sketch, ByteWriter& writer);
  friend void encode(const Summary& summary, Timestamp base, ByteWriter& writer);
  friend Sketch decode_sketch(ByteReader& reader);
  friend class SketchSum;
  friend class Summary;

  // The bucket of the greatest double; those of the negative ones are its mirror.
  static constexpr std::int32_t kIndexMax = 36'888;

  // The bucket of a value.
  [[nodiscard]] static std::int32_t index_of(double value);
  void add_bucket(std::int32_t index, std::uint64_t weight);
  void spill();  // From exact samples to buckets.

  std::uint64_t count_ = 0;
  std::vector<double> samples_;  // All of them while count_ <= kExactMax, in order of arrival.
  std::vector<Bucket> buckets_;  // Sorted by index, that is by value.
};

}  // namespace sluice
