#include "sluice/values/summary.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

namespace sluice {
namespace {

Timestamp at_second(int second) { return Timestamp(std::chrono::seconds(second)); }

// The nearest-rank quantile, computed the obvious way.
double naive_quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const auto place =
      static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size()) - 1e-9));
  return values[std::max<std::size_t>(place, 1) - 1];
}

std::vector<double> random_values(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::lognormal_distribution<double> magnitude(1, 2);
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) {
    const double value = magnitude(random);
    values.push_back(i % 7 == 0 ? -value : i % 11 == 0 ? 0 : value);
  }
  return values;
}

}  // namespace

TEST_CASE("a summary of one sample is that sample", "[values]") {
  Summary summary(true);
  summary.add(12.34, at_second(5));
  CHECK(summary.count() == 1);
  CHECK(summary.sum() == 12.34);
  CHECK(summary.mean() == 12.34);
  CHECK(summary.min() == 12.34);
  CHECK(summary.max() == 12.34);
  CHECK(summary.last() == 12.34);
  CHECK(summary.quantiles(std::vector{0.5, 0.95}) == std::vector{12.34, 12.34});
}

TEST_CASE("last is the value of the greatest time, then the greatest value", "[values]") {
  Summary summary;
  summary.add(3, at_second(10));
  summary.add(9, at_second(9));
  CHECK(summary.last() == 3);
  summary.add(4, at_second(10));
  CHECK(summary.last() == 4);
  summary.add(1, at_second(10));
  CHECK(summary.last() == 4);
}

TEST_CASE("a weight counts as so many equal samples", "[values]") {
  Summary weighted(true);
  weighted.add(0.5, at_second(1), 6);
  Summary single(true);
  for (int i = 0; i < 6; ++i) single.add(0.5, at_second(1));
  CHECK(weighted.count() == single.count());
  CHECK(weighted.sum() == single.sum());
  CHECK(weighted.quantiles(std::vector{0.99}) == single.quantiles(std::vector{0.99}));
  weighted.add(7, at_second(1), 0);
  CHECK(weighted.count() == 6);
}

TEST_CASE("any split and order of merges gives the same summary", "[values]") {
  const auto size = GENERATE(std::size_t{2}, std::size_t{64}, std::size_t{65}, std::size_t{1000});
  CAPTURE(size);
  const std::vector<double> values = random_values(size, 42);
  Summary whole(true);
  for (std::size_t i = 0; i < values.size(); ++i)
    whole.add(values[i], at_second(static_cast<int>(i)));

  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), random);
    std::vector<Summary> parts(1 + random() % 4, Summary(true));
    for (const std::size_t i : order)
      parts[random() % parts.size()].add(values[i], at_second(static_cast<int>(i)));
    Summary merged(true);
    std::shuffle(parts.begin(), parts.end(), random);
    for (const Summary& part : parts) merged.merge(part);
    CHECK(merged.count() == whole.count());
    CHECK(merged.sum() == Approx(whole.sum()).epsilon(1e-12));
    CHECK(merged.min() == whole.min());
    CHECK(merged.max() == whole.max());
    CHECK(merged.last() == whole.last());
    const std::vector ranks{0.01, 0.5, 0.95, 0.99, 1.0};
    CHECK(merged.quantiles(ranks) == whole.quantiles(ranks));
  }
}

TEST_CASE("quantiles are exact up to 64 samples and within 1 % beyond", "[values]") {
  const auto size = GENERATE(std::size_t{1}, std::size_t{20}, std::size_t{63}, std::size_t{64},
                             std::size_t{65}, std::size_t{5000});
  CAPTURE(size);
  const std::vector<double> values = random_values(size, 3);
  Sketch sketch;
  for (const double value : values) sketch.add(value);
  for (const double q : {0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0}) {
    CAPTURE(q);
    const double expected = naive_quantile(values, q);
    const double found = sketch.quantiles(std::vector{q}).front();
    if (size <= Sketch::kExactMax) {
      CHECK(found == expected);
    } else {
      CHECK(std::fabs(found - expected) <= 0.01 * std::fabs(expected) + 1e-12);
    }
  }
}

TEST_CASE("the sum survives what rounding alone would lose", "[values]") {
  Summary summary;
  summary.add(1e16, at_second(1));
  for (int i = 0; i < 1000; ++i) summary.add(1, at_second(1));
  summary.add(-1e16, at_second(1));
  CHECK(summary.sum() == 1000);
}

TEST_CASE("extreme values have a place in the sketch", "[values]") {
  Sketch sketch;
  for (int i = 0; i < 100; ++i) sketch.add(i % 2 == 0 ? 1e300 : -1e300);
  sketch.add(1e-300);
  CHECK(sketch.quantiles(std::vector{0.01}).front() == Approx(-1e300).epsilon(0.01));
  CHECK(sketch.quantiles(std::vector{1.0}).front() == Approx(1e300).epsilon(0.01));
}

TEST_CASE("a summary weighs the same however its samples came to it", "[values]") {
  const auto size = GENERATE(std::size_t{1}, std::size_t{5}, std::size_t{64}, std::size_t{300});
  CAPTURE(size);
  const std::vector<double> values = random_values(size, 3);
  Summary whole(true);
  for (const double value : values) whole.add(value, at_second(1));
  Summary merged(true);
  for (std::size_t i = 0; i < size; i += 3) {
    Summary part(true);
    for (std::size_t j = i; j < std::min(i + 3, size); ++j) part.add(values[j], at_second(1));
    merged.merge(part);
  }
  CHECK(merged.heap_bytes() == whole.heap_bytes());
  CHECK(Summary(whole).heap_bytes() == whole.heap_bytes());
  CHECK((whole.heap_bytes() > 0) == (size > 1));  // One sample needs no heap.
}

}  // namespace sluice
