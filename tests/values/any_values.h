#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "sluice/values/delta.h"
#include "sluice/values/sketch.h"
#include "sluice/values/summary.h"

namespace sluice {

// For use inside of rapidcheck's properties: what the relay can have made, and equality to the bit.

inline bool is_same(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

template <typename Distribution>
bool has_same_quantiles(const Distribution& a, const Distribution& b) {
  std::vector<double> ranks;
  for (int i = 1; i <= 200; ++i) ranks.push_back(i / 200.0);
  return std::ranges::equal(a.quantiles(ranks), b.quantiles(ranks),
                            [](double x, double y) { return is_same(x, y); });
}

inline bool is_same(const Sketch& a, const Sketch& b) {
  return a.count() == b.count() && (a.count() == 0 || has_same_quantiles(a, b));
}

inline bool is_same(const Summary& a, const Summary& b) {
  if (a.count() != b.count() || !is_same(a.sum(), b.sum())) return false;
  if (!is_same(a.min(), b.min()) || !is_same(a.max(), b.max())) return false;
  if (!is_same(a.last(), b.last()) || a.last_time() != b.last_time()) return false;
  if (a.keeps_distribution() != b.keeps_distribution()) return false;
  if (!a.keeps_distribution() || a.count() == 0) return true;
  return has_same_quantiles(a, b);
}

// Years 1684 to 2255, mostly whole seconds to microseconds of 2023.
inline Timestamp any_moment() {
  constexpr std::int64_t kFar = 8'999'999'999'000'000'000;
  return Timestamp(std::chrono::nanoseconds(*rc::gen::oneOf(
      rc::gen::map(rc::gen::inRange(0, 100),
                   [](int second) { return (1'700'000'000LL + second) * 1'000'000'000; }),
      rc::gen::map(rc::gen::inRange(0, 100'000'000),
                   [](int microsecond) {
                     return 1'700'000'000'000'000'000LL + std::int64_t{microsecond} * 1000;
                   }),
      rc::gen::map(rc::gen::inRange<std::int64_t>(-kFar, kFar),
                   [](std::int64_t nanosecond) { return static_cast<long long>(nanosecond); }))));
}

inline double any_sample() {
  return *rc::gen::oneOf(
      rc::gen::map(rc::gen::inRange(-100'000, 100'000), [](int n) { return n / 100.0; }),
      rc::gen::map(rc::gen::inRange(0, 5), [](int n) { return static_cast<double>(n); }),
      rc::gen::map(rc::gen::inRange<std::int64_t>(-1'000'000, 1'000'000),
                   [](std::int64_t n) { return static_cast<double>(n) * 1.1e12; }),
      rc::gen::element(-0.0, 1e-300, -1e308, 1.0 / 3));
}

// Of one sample, a few, or so many that its sketch counts in buckets.
inline Summary any_summary(bool keeps_distribution) {
  Summary summary(keeps_distribution);
  const int size = *rc::gen::element(1, 1, 2, 5, 80);
  const bool is_constant = *rc::gen::arbitrary<bool>();
  const double constant = any_sample();
  for (int i = 0; i < size; ++i) {
    const auto weight = *rc::gen::weightedElement<std::uint64_t>({{8, 1}, {2, 3}, {1, 1'000'000}});
    summary.add(is_constant ? constant : any_sample(), any_moment(), weight);
  }
  return summary;
}

inline Metric any_metric() {
  Metric metric;
  metric.name = *rc::gen::arbitrary<std::string>();
  metric.type =
      *rc::gen::element(MetricType::kTiming, MetricType::kDistribution, MetricType::kGauge,
                        MetricType::kCounter, MetricType::kAge, MetricType::kState);
  metric.unit = *rc::gen::element<std::string>("", "s", "percent");
  metric.host_stats = *rc::gen::element(std::vector<Stat>{}, default_host_stats(metric.type));
  metric.cluster_stats = *rc::gen::element(std::vector<Stat>{}, allowed_cluster_stats(metric.type));
  metric.limit = std::chrono::seconds(*rc::gen::inRange(0, 100'000));
  metric.states = *rc::gen::arbitrary<std::vector<std::string>>();
  metric.ttl = std::chrono::seconds(*rc::gen::inRange(0, 100'000));
  metric.idle = *rc::gen::element(Idle::kDefault, Idle::kGap, Idle::kZero);
  metric.hold = std::chrono::seconds(*rc::gen::inRange(0, 100'000));
  metric.presence = *rc::gen::element<std::string>("", "puppet");
  return metric;
}

inline Delta::Entry any_entry(const Delta& delta) {
  Delta::Entry entry;
  entry.metric =
      *rc::gen::inRange(std::uint32_t{0}, static_cast<std::uint32_t>(delta.metrics.size()));
  entry.window = Seconds(std::chrono::seconds(*rc::gen::oneOf(
      rc::gen::map(rc::gen::inRange(0, 5), [](int n) { return 1'700'000'040LL + n * 60; }),
      rc::gen::map(rc::gen::arbitrary<std::int32_t>(), [](int n) { return 4LL * n; }))));
  entry.is_claimed = *rc::gen::arbitrary<bool>();
  const auto rules = static_cast<std::uint32_t>(std::max<std::size_t>(delta.rules.size(), 1));
  entry.rule = *rc::gen::inRange(std::uint32_t{0}, rules);
  entry.summary = any_summary(has_quantiles(delta.metrics[entry.metric].type));
  return entry;
}

inline Delta any_delta() {
  Delta delta;
  const int metric_count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < metric_count; ++i) delta.metrics.push_back(any_metric());
  delta.rules = *rc::gen::arbitrary<std::vector<std::string>>();
  delta.presences = *rc::gen::arbitrary<std::vector<std::string>>();
  const int host_count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < host_count; ++i) {
    Delta::Host& host = delta.hosts.emplace_back();
    host.name = *rc::gen::arbitrary<std::string>();
    host.last_heard = any_moment();
    host.is_claimed = *rc::gen::arbitrary<bool>();
    host.is_path_node = *rc::gen::arbitrary<bool>();
    for (std::uint32_t p = 0; p < std::min<std::size_t>(delta.presences.size(), 3); ++p)
      host.signs.push_back({p, any_moment()});
    const int entry_count = metric_count == 0 ? 0 : *rc::gen::inRange(0, 4);
    for (int e = 0; e < entry_count; ++e) host.entries.push_back(any_entry(delta));
    for (const Delta::Entry& entry : host.entries) delta.sample_count += entry.summary.count();
  }
  return delta;
}

inline bool is_same(const Delta::Entry& a, const Delta::Entry& b) {
  return a.metric == b.metric && a.window == b.window && a.is_claimed == b.is_claimed &&
         a.rule == b.rule && is_same(a.summary, b.summary);
}

inline bool is_same(const Delta::Host& a, const Delta::Host& b) {
  const auto is_same_sign = [](const Delta::Sign& x, const Delta::Sign& y) {
    return x.presence == y.presence && x.last == y.last;
  };
  return a.name == b.name && a.last_heard == b.last_heard && a.is_claimed == b.is_claimed &&
         a.is_path_node == b.is_path_node && std::ranges::equal(a.signs, b.signs, is_same_sign) &&
         std::ranges::equal(a.entries, b.entries, [](const Delta::Entry& x, const Delta::Entry& y) {
           return is_same(x, y);
         });
}

inline bool is_same(const Delta& a, const Delta& b) {
  return a.metrics == b.metrics && a.rules == b.rules && a.presences == b.presences &&
         a.sample_count == b.sample_count &&
         std::ranges::equal(a.hosts, b.hosts, [](const Delta::Host& x, const Delta::Host& y) {
           return is_same(x, y);
         });
}

}  // namespace sluice
