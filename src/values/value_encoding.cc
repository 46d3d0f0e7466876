#include "sluice/values/value_encoding.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

namespace sluice {
namespace {

bool is_same(double a, double b) noexcept {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

void put_stats(const std::vector<Stat>& stats, ByteWriter& writer) {
  writer.put_varint(stats.size());
  for (const Stat stat : stats) writer.put_byte(static_cast<std::uint8_t>(stat));
}

std::vector<Stat> take_stats(ByteReader& reader) {
  std::vector<Stat> stats(reader.take_count(1));
  for (Stat& stat : stats) {
    stat = static_cast<Stat>(reader.take_byte());
    if (name_of(stat) == "unknown") reader.fail();
  }
  return stats;
}

bool is_within(std::int64_t value, std::int64_t limit) noexcept {
  return value >= -limit && value <= limit;
}

std::chrono::seconds take_seconds(ByteReader& reader) {
  return std::chrono::seconds(reader.take_signed());
}

// A finite number: samples are nothing else, and sorting relies on it.
double take_sample(ByteReader& reader) {
  const double value = reader.take_number();
  if (!std::isfinite(value)) reader.fail();
  return value;
}

std::uint64_t take_sample_count(ByteReader& reader) {
  const std::uint64_t count = reader.take_varint();
  if (count > kDecodedCountMax) reader.fail();
  return reader.is_ok() ? count : 0;
}

// What the first byte of a Summary says.
enum SummaryBits : std::uint8_t {
  kHasSamples = 1,
  kHasSketch = 2,
  // Of equal samples: the count and one value say it all, the sketch included.
  kIsUniform = 4,
  kIsSingle = 8,  // Of one sample; goes with kIsUniform.
  kHasCompensation = 16,
  kAllBits = 31,
};

}  // namespace

Timestamp take_moment(ByteReader& reader, Timestamp base) {
  const Timestamp time = reader.take_time(base);
  if (!is_within(floor_to_seconds(time).time_since_epoch().count(), kDecodedSecondsMax))
    reader.fail();
  return time;
}

void encode(const Metric& metric, ByteWriter& writer) {
  writer.put_text(metric.name);
  writer.put_byte(static_cast<std::uint8_t>(metric.type));
  writer.put_text(metric.unit);
  put_stats(metric.host_stats, writer);
  put_stats(metric.cluster_stats, writer);
  writer.put_signed(metric.limit.count());
  writer.put_varint(metric.states.size());
  for (const std::string& state : metric.states) writer.put_text(state);
  writer.put_signed(metric.ttl.count());
  writer.put_byte(static_cast<std::uint8_t>(metric.idle));
  writer.put_signed(metric.hold.count());
  writer.put_text(metric.presence);
}

Metric decode_metric(ByteReader& reader) {
  Metric metric;
  metric.name = reader.take_text();
  metric.type = static_cast<MetricType>(reader.take_byte());
  if (name_of(metric.type) == "unknown") reader.fail();
  metric.unit = reader.take_text();
  metric.host_stats = take_stats(reader);
  metric.cluster_stats = take_stats(reader);
  metric.limit = take_seconds(reader);
  metric.states.resize(reader.take_count(1));
  for (std::string& state : metric.states) state = reader.take_text();
  metric.ttl = take_seconds(reader);
  metric.idle = static_cast<Idle>(reader.take_byte());
  if (metric.idle > Idle::kZero) reader.fail();
  metric.hold = take_seconds(reader);
  metric.presence = reader.take_text();
  return metric;
}

// The first varint is twice the number of elements, and one more when these are buckets.
void encode(const Sketch& sketch, ByteWriter& writer) {
  if (sketch.buckets_.empty()) {
    writer.put_varint(sketch.samples_.size() * 2);
    for (const double sample : sketch.samples_) writer.put_number(sample);
    return;
  }
  writer.put_varint(sketch.buckets_.size() * 2 + 1);
  std::int32_t previous = 0;
  for (const Sketch::Bucket& bucket : sketch.buckets_) {
    writer.put_signed(bucket.index - previous);
    writer.put_varint(bucket.count);
    previous = bucket.index;
  }
}

Sketch decode_sketch(ByteReader& reader) {
  Sketch sketch;
  const std::uint64_t head = reader.take_varint();
  const std::uint64_t size = head / 2;
  if (head % 2 == 0) {
    if (size > Sketch::kExactMax) reader.fail();
    if (!reader.is_ok()) return sketch;
    sketch.samples_.resize(size);
    for (double& sample : sketch.samples_) sample = take_sample(reader);
    sketch.count_ = size;
    return sketch;
  }
  std::int64_t index = 0;
  for (std::uint64_t i = 0; i < size && reader.is_ok(); ++i) {
    const std::int64_t step = reader.take_signed();
    const bool is_ascending = i == 0 || step > 0;
    if (!is_ascending || !is_within(step, 2 * Sketch::kIndexMax)) reader.fail();
    if (!reader.is_ok()) break;
    index += step;
    if (!is_within(index, Sketch::kIndexMax)) reader.fail();
    sketch.buckets_.push_back({static_cast<std::int32_t>(index), take_sample_count(reader)});
    sketch.count_ += sketch.buckets_.back().count;
    if (sketch.count_ > kDecodedCountMax) reader.fail();
  }
  if (sketch.count_ == 0) reader.fail();
  return sketch;
}

void encode(const Summary& summary, Timestamp base, ByteWriter& writer) {
  const int kept = summary.keeps_distribution_ ? kHasSketch : 0;
  if (!summary.has_sample_) {
    writer.put_byte(static_cast<std::uint8_t>(kept));
    return;
  }
  if (!summary.many_) {
    writer.put_byte(static_cast<std::uint8_t>(kHasSamples | kept | kIsUniform | kIsSingle));
    writer.put_number(summary.last_);
    writer.put_time(summary.last_time_, base);
    return;
  }
  const Summary::Many& many = *summary.many_;
  const Sketch* const sketch = many.sketch();
  const double value = many.min;
  const auto is_value = [value](double other) { return is_same(value, other); };
  const bool is_plain_sum = is_same(many.compensation, 0);
  const bool is_uniform = is_plain_sum && is_value(many.max) && is_value(summary.last_) &&
                          is_same(many.sum, value * static_cast<double>(many.count)) &&
                          (sketch == nullptr || (sketch->samples_.size() == many.count &&
                                                 std::ranges::all_of(sketch->samples_, is_value)));
  const bool is_single = is_uniform && many.count == 1;
  writer.put_byte(static_cast<std::uint8_t>(kHasSamples | kept | (is_uniform ? kIsUniform : 0) |
                                            (is_single ? kIsSingle : 0) |
                                            (is_plain_sum ? 0 : kHasCompensation)));
  if (!is_single) writer.put_varint(many.count);
  writer.put_number(value);
  writer.put_time(summary.last_time_, base);
  if (is_uniform) return;
  writer.put_number(many.max);
  writer.put_number(summary.last_);
  writer.put_number(many.sum);
  if (!is_plain_sum) writer.put_bits(many.compensation);
  if (sketch != nullptr) encode(*sketch, writer);
}

Summary decode_summary(ByteReader& reader, Timestamp base) {
  const std::uint8_t bits = reader.take_byte();
  Summary summary((bits & kHasSketch) != 0);
  if (bits > kAllBits) reader.fail();
  if ((bits & kHasSamples) == 0) {
    if ((bits & ~kHasSketch) != 0) reader.fail();
    return summary;
  }
  const std::uint64_t count = (bits & kIsSingle) != 0 ? 1 : take_sample_count(reader);
  if (count == 0) reader.fail();
  const double value = take_sample(reader);
  const Timestamp last_time = take_moment(reader, base);
  if ((bits & kIsUniform) != 0) {
    if (summary.keeps_distribution_ && count > Sketch::kExactMax) reader.fail();
    if (reader.is_ok()) summary.add(value, last_time, count);
    return summary;
  }
  Summary::Many& many = summary.many();
  summary.has_sample_ = true;
  summary.last_time_ = last_time;
  many.count = count;
  many.min = value;
  many.max = take_sample(reader);
  summary.last_ = take_sample(reader);
  many.sum = reader.take_number();
  if ((bits & kHasCompensation) != 0) many.compensation = reader.take_bits();
  if (many.sketch() == nullptr) return summary;
  *many.sketch() = decode_sketch(reader);
  const std::uint64_t kept = many.sketch()->count();
  if (kept == 0 || kept > many.count) reader.fail();
  return summary;
}

}  // namespace sluice
