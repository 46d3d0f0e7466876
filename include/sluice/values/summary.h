#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sluice/base/prefetch.h"
#include "sluice/base/time.h"
#include "sluice/values/sketch.h"
#include "sluice/values/sketch_sum.h"

namespace sluice {

class ByteReader;
class ByteWriter;

// The mergeable state of one series in one window. Adding samples one by one, or merging the
// summaries of any split of them in any order, gives the same numbers (the sum to rounding: it is
// kept with its compensation).
//
// Most series have one sample in a tick and in a window, so one sample is all that the object holds
// itself (32 bytes); from the second on, the rest is on the heap.
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
  // One that does not keep the distribution takes the numbers alone.
  void merge(const Summary& other);

  // All of it is about to be read or added to: the processor fetches it meanwhile. It lies in
  // pieces, each of which tells where the next one is: one is fetched by a call with its number,
  // from 0 to kPieces - 1, once the one before has come.
  static constexpr std::size_t kPieces = 2;
  void expect(std::size_t piece) const noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept;
  [[nodiscard]] double sum() const noexcept;
  // These need count() > 0.
  [[nodiscard]] double mean() const noexcept { return sum() / static_cast<double>(count()); }
  [[nodiscard]] double min() const noexcept { return many_ ? many_->min : last_; }
  [[nodiscard]] double max() const noexcept { return many_ ? many_->max : last_; }
  // Value with the greatest event time; of equal times, the greatest value.
  [[nodiscard]] double last() const noexcept { return last_; }
  [[nodiscard]] Timestamp last_time() const noexcept { return last_time_; }
  // Whether last() and last_time() say all of it.
  [[nodiscard]] bool is_one_sample() const noexcept { return has_sample_ && !many_; }

  [[nodiscard]] bool keeps_distribution() const noexcept { return keeps_distribution_; }
  // As Sketch::quantiles(). Only if it keeps the distribution and count() > 0.
  [[nodiscard]] std::vector<double> quantiles(std::span<const double> ranks) const;

  // Only if it keeps the distribution: its samples' buckets, as Sketch::append_buckets(), and the
  // samples, whose buckets these are, into a sum.
  void append_buckets(std::vector<Sketch::Bucket>& buckets) const;
  void add_samples_to(SketchSum& sum, std::span<const Sketch::Bucket> buckets) const;

  // Bytes on the heap beside the object itself.
  [[nodiscard]] std::size_t heap_bytes() const noexcept;

 private:
  // The form on disk (value_encoding.h).
  friend void encode(const Summary& summary, Timestamp base, ByteWriter& writer);
  friend Summary decode_summary(ByteReader& reader, Timestamp base);

  // What several samples need.
  struct Many {
    void add_to_sum(double value) noexcept;  // Neumaier's compensated sum.
    // Null unless the distribution is kept.
    [[nodiscard]] Sketch* sketch() noexcept;
    [[nodiscard]] const Sketch* sketch() const noexcept;

    std::uint64_t count = 0;
    double sum = 0;
    double compensation = 0;
    double min = 0;
    double max = 0;
    bool is_with_sketch = false;  // It is a ManyWithSketch.
  };
  // One piece of memory: a second one for the sketch would have to be waited for after the first.
  struct ManyWithSketch : Many {
    Sketch sketch_of_all;
  };
  struct FreeMany {
    void operator()(Many* many) const noexcept;
  };
  using ManyPointer = std::unique_ptr<Many, FreeMany>;

  static ManyPointer make_many(bool keeps_distribution);
  void copy_numbers(const Summary& other);
  Many& many();  // Makes it of the one sample, or of none.
  void note_last(double value, Timestamp time) noexcept;

  double last_ = 0;
  Timestamp last_time_{};
  ManyPointer many_;
  bool keeps_distribution_ = false;
  bool has_sample_ = false;
};

inline Sketch* Summary::Many::sketch() noexcept {
  return is_with_sketch ? &static_cast<ManyWithSketch*>(this)->sketch_of_all : nullptr;
}

inline const Sketch* Summary::Many::sketch() const noexcept {
  return is_with_sketch ? &static_cast<const ManyWithSketch*>(this)->sketch_of_all : nullptr;
}

inline void Summary::FreeMany::operator()(Many* many) const noexcept {
  if (many->is_with_sketch) {
    delete static_cast<ManyWithSketch*>(many);
  } else {
    delete many;
  }
}

inline void Summary::expect(std::size_t piece) const noexcept {
  if (!many_) return;
  if (piece == 0) {
    prefetch(many_.get(), keeps_distribution_ ? sizeof(ManyWithSketch) : sizeof(Many));
  } else if (const Sketch* const sketch = many_->sketch()) {
    prefetch(sketch->samples_.data(), sketch->samples_.size() * sizeof(double));
  }
}

}  // namespace sluice
