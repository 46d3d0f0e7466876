#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// What a metric's samples are, which decides the leaves that are published and their mathematics.
enum class MetricType : std::uint8_t {
  kTiming,        // A duration.
  kDistribution,  // Any other number per event.
  kGauge,         // A level; each host counts once in its cluster.
  kCounter,       // Things that happened.
  kAge,           // Seconds since something last happened.
  kState,         // The latest of a few named values.
};

[[nodiscard]] std::string_view name_of(MetricType type) noexcept;
[[nodiscard]] std::optional<MetricType> metric_type_from(std::string_view name) noexcept;

// A published leaf, the last node of a path.
enum class Stat : std::uint8_t {
  kCount,
  kMean,
  kMin,
  kMax,
  kSum,
  kLast,
  kP50,
  kP95,
  kP99,
  kHosts,
  kValue,
  kOverLimit,
};

[[nodiscard]] std::string_view name_of(Stat stat) noexcept;
[[nodiscard]] std::optional<Stat> stat_from(std::string_view name) noexcept;

// The leaves a type publishes when its metric does not choose, and those it may choose.
[[nodiscard]] const std::vector<Stat>& default_host_stats(MetricType type);
[[nodiscard]] const std::vector<Stat>& default_cluster_stats(MetricType type);
[[nodiscard]] const std::vector<Stat>& allowed_host_stats(MetricType type);
[[nodiscard]] const std::vector<Stat>& allowed_cluster_stats(MetricType type);

// What a series publishes in a window without a sample.
enum class Idle : std::uint8_t {
  kDefault,  // Nothing for a host; 0 for a counter of a cluster that was seen within host_ttl.
  kGap,      // Nothing, counters of clusters included.
  kZero,     // 0 (counters and gauges), for every host that had a sample within host_ttl.
};

// What is known of a metric beside its samples. Two rules that write one name must agree on it.
struct Metric {
  std::string name;  // "puppet.time.catalog_application": snake_case nodes joined by dots.
  MetricType type = MetricType::kCounter;
  std::string unit;              // For people ("s", "percent"); never part of a path.
  std::vector<Stat> host_stats;  // Never empty once a RuleSet owns it, but for states.
  std::vector<Stat> cluster_stats;
  std::chrono::seconds limit{0};  // Ages: a host above it counts in over_limit.
  // States: their names, each a leaf of the cluster; a sample's value is an index into them.
  std::vector<std::string> states;
  std::chrono::seconds ttl{0};  // States: one that is older counts as "stale".
  Idle idle = Idle::kDefault;
  // Gauges, timings and distributions: for so long a host's last value takes part in its cluster's
  // value in every window. 0: not held.
  std::chrono::seconds hold{0};
  // The presence of the pack it comes from, or empty: whose hosts a state counts as "never".
  std::string presence;

  friend bool operator==(const Metric&, const Metric&) = default;
};

// The names of two leaves that every state metric has beside its states.
inline constexpr std::string_view kStaleLeaf = "stale";  // Latest state older than the ttl.
inline constexpr std::string_view kNeverLeaf = "never";  // Expected, but no state was ever heard.

// True for types whose cluster values need every sample's place in the distribution.
[[nodiscard]] constexpr bool has_quantiles(MetricType type) noexcept {
  return type == MetricType::kTiming || type == MetricType::kDistribution;
}

// True if it chooses only leaves that its type allows.
[[nodiscard]] bool has_allowed_stats(const Metric& metric);

// True if each host's last value takes part in its cluster's value in every window.
[[nodiscard]] inline bool is_held(const Metric& metric) noexcept {
  return metric.hold.count() > 0 &&
         (metric.type == MetricType::kGauge || has_quantiles(metric.type));
}

// True if its hosts publish 0 in windows without a sample.
[[nodiscard]] constexpr bool is_zero_when_idle(const Metric& metric) noexcept {
  return metric.idle == Idle::kZero &&
         (metric.type == MetricType::kCounter || metric.type == MetricType::kGauge);
}

}  // namespace sluice
