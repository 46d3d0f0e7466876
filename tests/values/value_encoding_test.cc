#include "sluice/values/value_encoding.h"

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

#include "values/any_values.h"

namespace sluice {
namespace {

Timestamp at_second(std::int64_t second) { return Timestamp(std::chrono::seconds(second)); }

std::string bytes_of(const Summary& summary, Timestamp base = {}) {
  ByteWriter writer;
  encode(summary, base, writer);
  return writer.take();
}

Summary round_trip(const Summary& summary, Timestamp base = {}) {
  const std::string bytes = bytes_of(summary, base);
  ByteReader reader(bytes);
  Summary decoded = decode_summary(reader, base);
  CHECK(reader.is_at_end());
  return decoded;
}

bool is_refused(const ByteWriter& writer) {
  ByteReader reader(writer.view());
  (void)decode_summary(reader, {});
  return !reader.is_ok();
}

}  // namespace

TEST_CASE("a metric is read back with all it says", "[values][encoding]") {
  const Metric plain{.name = "puppet.runs.completed"};
  const Metric full{.name = "puppet.state",
                    .type = MetricType::kState,
                    .unit = "s",
                    .host_stats = {Stat::kMean, Stat::kOverLimit},
                    .cluster_stats = {Stat::kCount, Stat::kP99, Stat::kHosts},
                    .limit = std::chrono::seconds(3600),
                    .states = {"ok", "failed", ""},
                    .ttl = std::chrono::seconds(7200),
                    .idle = Idle::kZero,
                    .hold = std::chrono::seconds(-1),
                    .presence = "puppet"};
  for (const Metric& metric : {plain, full}) {
    ByteWriter writer;
    encode(metric, writer);
    ByteReader reader(writer.view());
    CHECK(decode_metric(reader) == metric);
    CHECK(reader.is_at_end());
  }
}

TEST_CASE("every type, leaf and way to be idle is read back", "[values][encoding]") {
  for (int i = 0; i < 256; ++i) {
    const Metric metric{.name = "m",
                        .type = static_cast<MetricType>(i),
                        .host_stats = {static_cast<Stat>(i)},
                        .idle = static_cast<Idle>(i)};
    const auto is_read = [](const Metric& written) {
      ByteWriter writer;
      encode(written, writer);
      ByteReader reader(writer.view());
      const Metric read = decode_metric(reader);
      return reader.is_at_end() && read == written;
    };
    CAPTURE(i);
    CHECK(is_read({.name = "m", .type = metric.type}) == (name_of(metric.type) != "unknown"));
    CHECK(is_read({.name = "m", .host_stats = metric.host_stats}) ==
          (name_of(metric.host_stats[0]) != "unknown"));
    CHECK(is_read({.name = "m", .idle = metric.idle}) == (metric.idle <= Idle::kZero));
  }
}

TEST_CASE("any summary is read back to the last bit", "[values][encoding]") {
  const bool holds = rc::check([] {
    const Summary summary = any_summary(*rc::gen::arbitrary<bool>());
    const Timestamp base = any_moment();
    const std::string bytes = bytes_of(summary, base);
    ByteReader reader(bytes);
    const Summary decoded = decode_summary(reader, base);
    RC_ASSERT(reader.is_at_end());
    RC_ASSERT(is_same(decoded, summary));
    RC_ASSERT(decoded.heap_bytes() == summary.heap_bytes());
    RC_ASSERT(bytes_of(decoded, base) == bytes);
  });
  CHECK(holds);
}

TEST_CASE("merging a decoded summary gives the bits that merging the original gives",
          "[values][encoding]") {
  const bool holds = rc::check([] {
    const bool keeps_distribution = *rc::gen::arbitrary<bool>();
    const Summary summary = any_summary(keeps_distribution);
    const Summary decoded = round_trip(summary);
    Summary left = any_summary(keeps_distribution);
    Summary right = left;
    left.merge(summary);
    right.merge(decoded);
    RC_ASSERT(is_same(left, right));
    left.add(0.3, at_second(1));
    right.add(0.3, at_second(1));
    RC_ASSERT(is_same(left, right));
  });
  CHECK(holds);
}

TEST_CASE("a summary keeps what rounding took from its sum", "[values][encoding]") {
  Summary summary;
  summary.add(1e16, at_second(1));
  summary.add(1, at_second(2));
  Summary decoded = round_trip(summary);
  Summary opposite;
  opposite.add(-1e16, at_second(3));
  decoded.merge(opposite);
  CHECK(decoded.sum() == 1);
}

TEST_CASE("a sum that left the numbers is read back", "[values][encoding]") {
  Summary summary;
  summary.add(std::numeric_limits<double>::max(), at_second(1), 3);
  CHECK(is_same(round_trip(summary), summary));
}

TEST_CASE("a sketch is read back as samples and as buckets", "[values][encoding]") {
  const auto size = GENERATE(0, 1, 63, 64, 65, 1000);
  const double scale = GENERATE(1.0, -1e-300, 1e300);
  CAPTURE(size, scale);
  Sketch sketch;
  for (int i = 0; i < size; ++i) sketch.add((i % 7 - 1) * scale * (1 + i / 3.0));
  ByteWriter writer;
  encode(sketch, writer);
  ByteReader reader(writer.view());
  const Sketch decoded = decode_sketch(reader);
  CHECK(reader.is_at_end());
  CHECK(is_same(decoded, sketch));
}

TEST_CASE("the greatest doubles have a bucket", "[values][encoding]") {
  Sketch sketch;
  sketch.add(std::numeric_limits<double>::max(), 100);
  sketch.add(std::numeric_limits<double>::lowest(), 100);
  ByteWriter writer;
  encode(sketch, writer);
  ByteReader reader(writer.view());
  CHECK(decode_sketch(reader).count() == 200);
  CHECK(reader.is_at_end());
}

TEST_CASE("a summary of one sample is small", "[values][encoding]") {
  const Timestamp window = at_second(1'700'000'040);
  const auto [value, after, size] = GENERATE(table<double, std::chrono::nanoseconds, std::size_t>({
      {1, std::chrono::seconds(0), 4},
      {12.34, std::chrono::seconds(59), 6},
      {12.34, std::chrono::microseconds(59'123'456), 9},
      {1.0 / 3, std::chrono::nanoseconds(59'123'456'789), 16},
  }));
  CAPTURE(value);
  for (const bool keeps_distribution : {false, true}) {
    Summary summary(keeps_distribution);
    summary.add(value, window + after);
    CHECK(bytes_of(summary, window).size() == size);
  }
}

TEST_CASE("a summary that nobody can have made is refused", "[values][encoding]") {
  const std::uint8_t general = 1;
  const std::uint8_t with_sketch = 3;
  const std::uint8_t uniform = 7;
  const auto put_head = [](ByteWriter& writer, std::uint8_t bits, std::uint64_t count, double min,
                           Timestamp time) {
    writer.put_byte(bits);
    writer.put_varint(count);
    writer.put_number(min);
    writer.put_time(time);
  };
  const auto put_rest = [](ByteWriter& writer, double max, double last) {
    writer.put_number(max);
    writer.put_number(last);
    writer.put_number(4);
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  ByteWriter writer;

  SECTION("but this one is one") {
    put_head(writer, general, 2, 1, at_second(5));
    put_rest(writer, 3, 3);
    CHECK_FALSE(is_refused(writer));
  }
  SECTION("no samples where there should be some") {
    put_head(writer, general, 0, 1, at_second(5));
    put_rest(writer, 3, 3);
    CHECK(is_refused(writer));
  }
  SECTION("more samples than there will ever be") {
    put_head(writer, general, kDecodedCountMax + 1, 1, at_second(5));
    put_rest(writer, 3, 3);
    CHECK(is_refused(writer));
  }
  SECTION("a sample that is no number") {
    put_head(writer, general, 2, 1, at_second(5));
    put_rest(writer, nan, 3);
    CHECK(is_refused(writer));
  }
  SECTION("a moment that no arithmetic can be done with") {
    put_head(writer, general, 2, 1, Timestamp::max());
    put_rest(writer, 3, 3);
    CHECK(is_refused(writer));
  }
  SECTION("a flag that does not exist") {
    writer.put_byte(32);
    CHECK(is_refused(writer));
  }
  SECTION("flags of samples without samples") {
    writer.put_byte(4);
    CHECK(is_refused(writer));
  }
  SECTION("a sketch without samples") {
    put_head(writer, with_sketch, 2, 1, at_second(5));
    put_rest(writer, 3, 3);
    encode(Sketch{}, writer);
    CHECK(is_refused(writer));
  }
  SECTION("a sketch of more samples") {
    put_head(writer, with_sketch, 2, 1, at_second(5));
    put_rest(writer, 3, 3);
    Sketch sketch;
    sketch.add(1, 3);
    encode(sketch, writer);
    CHECK(is_refused(writer));
  }
  SECTION("equal samples, too many to be kept one by one") {
    put_head(writer, uniform, Sketch::kExactMax + 1, 1, at_second(5));
    CHECK(is_refused(writer));
  }
}

TEST_CASE("buckets that nobody can have made are refused", "[values][encoding]") {
  struct Bucket {
    std::int64_t step;
    std::uint64_t count;
  };
  const auto [what, buckets, is_fine] = GENERATE(table<const char*, std::vector<Bucket>, bool>({
      {"ascending", {{-5, 60}, {6, 5}}, true},
      {"none", {}, false},
      {"twice the same", {{1, 60}, {0, 5}}, false},
      {"descending", {{1, 60}, {-1, 5}}, false},
      {"below the lowest double", {{-36'889, 65}}, false},
      {"above the greatest double", {{36'000, 65}, {889, 1}}, false},
      {"steps that overflow", {{36'000, 65}, {INT64_MAX, 1}}, false},
      {"empty", {{5, 0}}, false},
      {"sum above the bound", {{5, kDecodedCountMax}, {1, 1}}, false},
  }));
  CAPTURE(what);
  ByteWriter writer;
  writer.put_varint(buckets.size() * 2 + 1);
  for (const Bucket& bucket : buckets) {
    writer.put_signed(bucket.step);
    writer.put_varint(bucket.count);
  }
  ByteReader reader(writer.view());
  (void)decode_sketch(reader);
  CHECK(reader.is_at_end() == is_fine);
}

}  // namespace sluice
