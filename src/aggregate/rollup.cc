#include "sluice/aggregate/rollup.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "sluice/base/check.h"

namespace sluice {
namespace {

std::optional<double> quantile_of(Stat stat) {
  switch (stat) {
    case Stat::kP50:
      return 0.50;
    case Stat::kP95:
      return 0.95;
    case Stat::kP99:
      return 0.99;
    default:
      return std::nullopt;
  }
}

// `samples`: a sketch, or a summary that has one. A bucket may reach beyond the greatest sample;
// the summary knows the true bounds.
template <typename Samples>
double quantile(const Samples& samples, double q, const Summary& summary) {
  const std::array<double, 1> rank{q};
  return std::clamp(samples.quantiles(rank).front(), summary.min(), summary.max());
}

// Leaves that a summary of samples has whatever its type. Counters count what their samples say
// happened, everything else counts its samples.
double value_of(Stat stat, MetricType type, const Summary& summary) {
  if (const auto q = quantile_of(stat)) return quantile(summary, *q, summary);
  switch (stat) {
    case Stat::kCount:
      return type == MetricType::kCounter ? summary.sum() : static_cast<double>(summary.count());
    case Stat::kMean:
      return summary.mean();
    case Stat::kMin:
      return summary.min();
    case Stat::kMax:
      return summary.max();
    case Stat::kSum:
      return summary.sum();
    case Stat::kLast:
      return summary.last();
    default:
      SLUICE_CHECK(false, "the pack reader allows only the leaves of the metric's type");
  }
}

void append_finite(Stat stat, double value, std::vector<Leaf>& leaves) {
  if (std::isfinite(value)) leaves.emplace_back(stat, value);
}

}  // namespace

void append_host_leaves(const Metric& metric, const Summary& summary, std::vector<Leaf>& leaves) {
  for (const Stat stat : metric.host_stats)
    append_finite(stat, value_of(stat, metric.type, summary), leaves);
}

void append_age_leaf(Seconds window_end, Timestamp last_event, std::vector<Leaf>& leaves) {
  const std::chrono::duration<double> age = window_end - last_event;
  leaves.emplace_back(Stat::kValue, age.count());
}

Rollup::Rollup(const Metric& metric) : metric_(metric) {}

void Rollup::add_host(const Summary& summary, std::span<const Sketch::Bucket> buckets) {
  // Samples so large that their sum is no number must not take the whole cluster with them.
  if (!std::isfinite(summary.sum())) return;
  ++host_count_;
  switch (metric_.type) {
    case MetricType::kTiming:
    case MetricType::kDistribution:
      total_.merge(summary);
      summary.add_samples_to(samples_, buckets);
      break;
    case MetricType::kCounter:
      total_.add(summary.sum(), summary.last_time());
      if (summary.sum() > 0) ++hosts_with_any_;
      break;
    case MetricType::kGauge:
      total_.add(summary.mean(), summary.last_time());
      levels_.push_back(summary.mean());
      break;
    case MetricType::kAge:
    case MetricType::kState:
      SLUICE_CHECK(false, "ages and states are not rolled up from samples");
  }
}

void Rollup::add_value(double value, Timestamp time) {
  ++host_count_;
  total_.add(value, time);
  if (has_quantiles(metric_.type)) samples_.add(value);
  if (metric_.type == MetricType::kGauge) levels_.push_back(value);
}

void Rollup::add_age(double seconds) {
  ++host_count_;
  total_.add(seconds, {});
  levels_.push_back(seconds);
  if (metric_.limit.count() > 0 && seconds > static_cast<double>(metric_.limit.count()))
    ++over_limit_;
}

void Rollup::append_leaves(std::vector<Leaf>& leaves) const {
  if (!has_hosts()) {
    // A counter that is known and quiet: nothing happened, and that is a number.
    if (metric_.type != MetricType::kCounter) return;
    for (const Stat stat : metric_.cluster_stats) leaves.emplace_back(stat, 0);
    return;
  }
  if (metric_.type == MetricType::kGauge || metric_.type == MetricType::kAge) {
    append_level_leaves(leaves);
    return;
  }
  const Sketch samples = samples_.total();
  for (const Stat stat : metric_.cluster_stats) {
    if (const auto q = quantile_of(stat)) {
      append_finite(stat, quantile(samples, *q, total_), leaves);
    } else if (stat == Stat::kHosts) {
      append_finite(stat, static_cast<double>(hosts_with_any_), leaves);
    } else {
      append_finite(stat, value_of(stat, metric_.type, total_), leaves);
    }
  }
}

void Rollup::append_level_leaves(std::vector<Leaf>& leaves) const {
  std::vector<double> sorted = levels_;
  std::sort(sorted.begin(), sorted.end());
  for (const Stat stat : metric_.cluster_stats) {
    if (stat == Stat::kOverLimit) {
      leaves.emplace_back(stat, static_cast<double>(over_limit_));
    } else if (const auto q = quantile_of(stat)) {
      leaves.emplace_back(stat, nearest_rank(sorted, *q));
    } else {
      append_finite(stat, value_of(stat, metric_.type, total_), leaves);
    }
  }
}

double nearest_rank(std::span<const double> sorted, double q) {
  SLUICE_CHECK(!sorted.empty(), "a quantile needs a value");
  const auto count = static_cast<double>(sorted.size());
  // The small step back keeps 0.95 * 20 = 19.000000000000004 at place 19.
  const double place = std::clamp(std::ceil(q * count - 1e-9), 1.0, count);
  return sorted[static_cast<std::size_t>(place) - 1];
}

}  // namespace sluice
