#pragma once

#include <cstdint>

#include "sluice/base/time.h"
#include "sluice/values/byte_encoding.h"
#include "sluice/values/metric.h"
#include "sluice/values/sketch.h"
#include "sluice/values/summary.h"

namespace sluice {

// Metric, Sketch and Summary as bytes (byte_encoding.h), to the last bit: whatever is done with a
// decoded one gives what the original would have given. The decoders return something only to be
// thrown away when the reader is not ok afterwards, which is also the case when the bytes can be
// read but no such value can have been made.

// What contains any of these forms begins with this number, and refuses others. It grows with each
// change of one of the forms, or of the numbers that stand for MetricType, Stat and Idle.
inline constexpr std::uint8_t kValueEncodingVersion = 1;

// Samples that a decoded summary may stand for: more than will ever be, and little enough that the
// counts of thousands of damaged ones can be added.
inline constexpr std::uint64_t kDecodedCountMax = std::uint64_t{1} << 48;

// Moments farther from 1970 (1684 to 2255) are refused: nanoseconds reach little beyond, and some
// arithmetic must be possible with them.
inline constexpr std::int64_t kDecodedSecondsMax = 9'000'000'000;
// As ByteReader::take_time, with that bound.
[[nodiscard]] Timestamp take_moment(ByteReader& reader, Timestamp base = {});

void encode(const Metric& metric, ByteWriter& writer);
[[nodiscard]] Metric decode_metric(ByteReader& reader);

void encode(const Sketch& sketch, ByteWriter& writer);
[[nodiscard]] Sketch decode_sketch(ByteReader& reader);

// `base`: a moment near its samples that the reader knows too, such as the start of its window.
// A summary of one sample takes 4 to 16 bytes.
void encode(const Summary& summary, Timestamp base, ByteWriter& writer);
[[nodiscard]] Summary decode_summary(ByteReader& reader, Timestamp base);

}  // namespace sluice
