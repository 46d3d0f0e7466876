#include "sluice/values/metric.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sluice/base/check.h"

namespace sluice {
namespace {

constexpr std::array<std::pair<MetricType, std::string_view>, 6> kTypeNames{{
    {MetricType::kTiming, "timing"},
    {MetricType::kDistribution, "distribution"},
    {MetricType::kGauge, "gauge"},
    {MetricType::kCounter, "counter"},
    {MetricType::kAge, "age"},
    {MetricType::kState, "state"},
}};

constexpr std::array<std::pair<Stat, std::string_view>, 12> kStatNames{{
    {Stat::kCount, "count"},
    {Stat::kMean, "mean"},
    {Stat::kMin, "min"},
    {Stat::kMax, "max"},
    {Stat::kSum, "sum"},
    {Stat::kLast, "last"},
    {Stat::kP50, "p50"},
    {Stat::kP95, "p95"},
    {Stat::kP99, "p99"},
    {Stat::kHosts, "hosts"},
    {Stat::kValue, "value"},
    {Stat::kOverLimit, "over_limit"},
}};

struct Leaves {
  std::vector<Stat> host_default;
  std::vector<Stat> host_allowed;
  std::vector<Stat> cluster_default;
  std::vector<Stat> cluster_allowed;
};

// The table of leaves in docs/metrics.md, one entry a type.
const Leaves& leaves_of(MetricType type) {
  using enum Stat;
  static const Leaves distribution{{kMean, kMax, kCount},
                                   {kMean, kMax, kCount, kMin, kP50, kP95, kP99, kLast},
                                   {kCount, kMean, kMin, kMax, kP50, kP95, kP99},
                                   {kCount, kMean, kMin, kMax, kP50, kP95, kP99}};
  static const Leaves gauge{{kMean, kMax},
                            {kMean, kMax, kMin, kLast},
                            {kMean, kMin, kMax, kSum, kP50, kP95},
                            {kMean, kMin, kMax, kSum, kP50, kP95}};
  static const Leaves counter{{kCount}, {kCount}, {kCount, kHosts}, {kCount, kHosts}};
  static const Leaves age{{kValue}, {kValue}, {kMax, kMean, kOverLimit}, {kMax, kMean, kOverLimit}};
  static const Leaves state{{}, {kLast}, {}, {}};
  switch (type) {
    case MetricType::kTiming:
    case MetricType::kDistribution:
      return distribution;
    case MetricType::kGauge:
      return gauge;
    case MetricType::kCounter:
      return counter;
    case MetricType::kAge:
      return age;
    case MetricType::kState:
      return state;
  }
  SLUICE_CHECK(false, "every metric type has its leaves");
}

}  // namespace

std::string_view name_of(MetricType type) noexcept {
  for (const auto& [value, name] : kTypeNames) {
    if (value == type) return name;
  }
  return "unknown";
}

std::optional<MetricType> metric_type_from(std::string_view name) noexcept {
  for (const auto& [value, known] : kTypeNames) {
    if (known == name) return value;
  }
  return std::nullopt;
}

std::string_view name_of(Stat stat) noexcept {
  for (const auto& [value, name] : kStatNames) {
    if (value == stat) return name;
  }
  return "unknown";
}

std::optional<Stat> stat_from(std::string_view name) noexcept {
  for (const auto& [value, known] : kStatNames) {
    if (known == name) return value;
  }
  return std::nullopt;
}

const std::vector<Stat>& default_host_stats(MetricType type) {
  return leaves_of(type).host_default;
}

const std::vector<Stat>& default_cluster_stats(MetricType type) {
  return leaves_of(type).cluster_default;
}

const std::vector<Stat>& allowed_host_stats(MetricType type) {
  return leaves_of(type).host_allowed;
}

const std::vector<Stat>& allowed_cluster_stats(MetricType type) {
  return leaves_of(type).cluster_allowed;
}

bool has_allowed_stats(const Metric& metric) {
  const auto are_among = [](const std::vector<Stat>& chosen, const std::vector<Stat>& allowed) {
    return std::ranges::all_of(
        chosen, [&](Stat stat) { return std::ranges::find(allowed, stat) != allowed.end(); });
  };
  return are_among(metric.host_stats, allowed_host_stats(metric.type)) &&
         are_among(metric.cluster_stats, allowed_cluster_stats(metric.type));
}

}  // namespace sluice
