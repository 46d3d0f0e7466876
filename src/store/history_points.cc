#include "store/history_points.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "sluice/values/byte_encoding.h"

namespace sluice {
namespace {

// A block has 16 windows; a window that was made shorter meanwhile may leave more in an old one.
constexpr std::uint64_t kPointsMax = 100'000;

// The low bits of a value run's header, its length above.
enum Run : std::uint8_t { kLiteral = 0, kSame = 1, kSameStep = 2 };

bool is_same(double one, double other) noexcept {
  return std::bit_cast<std::uint64_t>(one) == std::bit_cast<std::uint64_t>(other);
}

std::size_t times_from(std::span<const HistoryPoint> points, std::size_t first) {
  if (first + 1 >= points.size()) return 1;
  const std::int64_t step = points[first + 1].time - points[first].time;
  std::size_t last = first + 1;
  while (last + 1 < points.size() && points[last + 1].time - points[last].time == step) ++last;
  return last - first + 1;
}

void put_times(ByteWriter& writer, std::span<const HistoryPoint> points, std::int64_t base) {
  for (std::size_t at = 0; at < points.size();) {
    const std::size_t count = times_from(points, at);
    writer.put_varint(static_cast<std::uint64_t>(points[at].time - base));
    writer.put_varint(count);
    if (count > 1)
      writer.put_varint(static_cast<std::uint64_t>(points[at + 1].time - points[at].time));
    base = points[at + count - 1].time;
    at += count;
  }
}

// Which kind of run begins at `at`, and how long it is.
std::pair<Run, std::size_t> run_at(std::span<const HistoryPoint> points, std::size_t at) {
  const auto length_of = [&](auto follows) {
    std::size_t end = at;
    while (end < points.size() && follows(end)) ++end;
    return end - at;
  };
  const std::size_t same = length_of(
      [&](std::size_t i) { return i > 0 && is_same(points[i].value, points[i - 1].value); });
  if (same > 0) return {kSame, same};
  const std::size_t steps = length_of([&](std::size_t i) {
    return i > 1 && is_same(points[i - 1].value + (points[i - 1].value - points[i - 2].value),
                            points[i].value);
  });
  if (steps > 1) return {kSameStep, steps};
  return {kLiteral, 1};
}

void put_values(ByteWriter& writer, std::span<const HistoryPoint> points) {
  for (std::size_t at = 0; at < points.size();) {
    auto [kind, count] = run_at(points, at);
    while (kind == kLiteral && at + count < points.size() &&
           run_at(points, at + count).first == kLiteral)
      ++count;
    writer.put_varint(count << 2 | kind);
    for (std::size_t i = at; kind == kLiteral && i < at + count; ++i)
      writer.put_number(points[i].value);
    at += count;
  }
}

void take_times(ByteReader& reader, std::vector<HistoryPoint>& points, std::uint64_t count,
                std::int64_t base) {
  while (points.size() < count && reader.is_ok()) {
    const std::uint64_t offset = reader.take_varint();
    const std::uint64_t run = reader.take_varint();
    const std::uint64_t step = run > 1 ? reader.take_varint() : 0;
    constexpr std::uint64_t kSecondsMax = std::uint64_t{1} << 40;
    if (run == 0 || run > count - points.size() || offset > kSecondsMax || step > kSecondsMax)
      return reader.fail();
    base += static_cast<std::int64_t>(offset);
    for (std::uint64_t i = 0; i < run; ++i) {
      if (i > 0) base += static_cast<std::int64_t>(step);
      points.push_back({base, 0});
    }
  }
}

void take_values(ByteReader& reader, std::vector<HistoryPoint>& points) {
  for (std::size_t at = 0; at < points.size() && reader.is_ok();) {
    const std::uint64_t header = reader.take_varint();
    const std::uint64_t kind = header & 3;
    const std::uint64_t run = header >> 2;
    if (run == 0 || run > points.size() - at || kind > kSameStep || at < kind) return reader.fail();
    for (const std::size_t end = at + run; at < end; ++at) {
      double& value = points[at].value;
      if (kind == kLiteral) value = reader.take_number();
      if (kind == kSame) value = points[at - 1].value;
      if (kind == kSameStep)
        value = points[at - 1].value + (points[at - 1].value - points[at - 2].value);
    }
  }
}

}  // namespace

std::string encode_points(std::span<const HistoryPoint> points, std::int64_t base) {
  ByteWriter writer;
  writer.put_varint(points.size());
  put_times(writer, points, base);
  put_values(writer, points);
  return writer.take();
}

Expected<std::vector<HistoryPoint>> decode_points(std::string_view bytes, std::int64_t base) {
  ByteReader reader(bytes);
  const std::uint64_t count = reader.take_varint();
  std::vector<HistoryPoint> points;
  if (count > kPointsMax) reader.fail();
  take_times(reader, points, reader.is_ok() ? count : 0, base);
  take_values(reader, points);
  if (!reader.is_at_end() || points.size() != count) return fail("points that are damaged");
  return points;
}

void merge_point(std::vector<HistoryPoint>& points, const HistoryPoint& newer) {
  if (points.empty() || points.back().time < newer.time) {
    points.push_back(newer);
    return;
  }
  const auto place = std::ranges::lower_bound(points, newer.time, {}, &HistoryPoint::time);
  if (place->time == newer.time) {
    place->value = newer.value;
  } else {
    points.insert(place, newer);
  }
}

void merge_points(std::vector<HistoryPoint>& points, std::span<const HistoryPoint> newer) {
  for (const HistoryPoint& point : newer) merge_point(points, point);
}

}  // namespace sluice
