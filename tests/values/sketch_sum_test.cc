#include "sluice/values/sketch_sum.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

namespace sluice {
namespace {

const std::vector<double> kRanks{0.001, 0.01, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0};

void add(SketchSum& sum, const Sketch& sketch) {
  std::vector<Sketch::Bucket> buckets;
  sketch.append_buckets(buckets);
  sum.add(sketch, buckets);
}

}  // namespace

TEST_CASE("a sum of sketches is what merging them makes", "[values]") {
  // Powers of ten from the first to the second: some fit into the array, some lie beyond it.
  const auto [least, greatest] = GENERATE(
      table<double, double>({{0, 1}, {-2, 2}, {-12, 12}, {-300, 300}, {3, 3.0001}, {300, 308}}));
  const auto with_signs = GENERATE(false, true);
  CAPTURE(least, greatest, with_signs);
  std::mt19937 random(5);
  std::uniform_real_distribution<double> exponent(least, greatest);
  for (int round = 0; round < 30; ++round) {
    SketchSum sum;
    Sketch merged;
    for (auto sketches = 1 + random() % 20; sketches > 0; --sketches) {
      Sketch sketch;
      for (auto samples = random() % 90; samples > 0; --samples) {
        double value = random() % 50 == 0 ? 0 : std::pow(10, exponent(random));
        if (with_signs && random() % 2 == 0) value = -value;
        sketch.add(value);
      }
      add(sum, sketch);
      merged.merge(sketch);
      if (random() % 3 == 0) {
        sum.add(1.5);
        merged.add(1.5);
      }
    }
    if (merged.count() == 0) continue;
    const Sketch total = sum.total();
    CHECK(total.count() == merged.count());
    CHECK(total.quantiles(kRanks) == merged.quantiles(kRanks));
  }
}

TEST_CASE("a sum of sketches is exact up to 64 samples", "[values]") {
  SketchSum sum;
  for (int i = 0; i < 64; ++i) sum.add(100 + i);
  CHECK(sum.total().quantiles(std::vector{0.5}).front() == 131);
  sum.add(1000);
  CHECK(sum.total().count() == 65);
  CHECK(sum.total().quantiles(std::vector{0.5}).front() != 132);
  CHECK(sum.total().quantiles(std::vector{0.5}).front() == Approx(132).epsilon(0.01));
}

}  // namespace sluice
