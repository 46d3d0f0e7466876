#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "sluice/base/time.h"
#include "sluice/values/sketch.h"

namespace sluice {

class ByteReader;
class ByteWriter;

// The mergeable state of one series in one window. Adding samples one by one, or merging the
// summaries of any split of them in any order, gives the same numbers (the sum to rounding: it is
// kept with its compensation).
class Summary {
 public:
  // `keeps_distribution`: quantiles will be asked of it (timings and distributions).
  explicit Summary(bool keeps_distribution = false);
  Summary(const Summary& other);
  Summary& operator=(const Summary& other);
  Summary(Summary&&) noexcept = default;
  Summary& operator=(Summary&&) noexcept = default;
  ~Summary() = default;

  // Adds `value` (finite) `weight` times; `time` is the event time.
  void add(double value, Timestamp time, std::uint64_t weight = 1);
  void merge(const Summary& other);

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] double sum() const noexcept { return sum_ + compensation_; }
  // These need count() > 0.
  [[nodiscard]] double mean() const noexcept { return sum() / static_cast<double>(count_); }
  [[nodiscard]] double min() const noexcept { return min_; }
  [[nodiscard]] double max() const noexcept { return max_; }
  // Value with the greatest event time; of equal times, the greatest value.
  [[nodiscard]] double last() const noexcept { return last_; }
  [[nodiscard]] Timestamp last_time() const noexcept { return last_time_; }
  // Null unless it keeps the distribution.
  [[nodiscard]] const Sketch* sketch() const noexcept { return sketch_.get(); }

  // Bytes on the heap beside the object itself.
  [[nodiscard]] std::size_t heap_bytes() const noexcept;

 private:
  // The form on disk (value_encoding.h).
  friend void encode(const Summary& summary, Timestamp base, ByteWriter& writer);
  friend Summary decode_summary(ByteReader& reader, Timestamp base);

  void add_to_sum(double value) noexcept;  // Neumaier's compensated sum.

  std::uint64_t count_ = 0;
  double sum_ = 0;
  double compensation_ = 0;
  double min_ = 0;
  double max_ = 0;
  double last_ = 0;
  Timestamp last_time_{};
  std::unique_ptr<Sketch> sketch_;
};

}  // namespace sluice
