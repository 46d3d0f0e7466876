#include "pipeline/series_table.h"

namespace sluice {
namespace {

std::uint32_t minutes_of(Timestamp time) {
  return static_cast<std::uint32_t>(
      std::chrono::floor<std::chrono::minutes>(time).time_since_epoch().count());
}

}  // namespace

bool SeriesTable::admit(const SeriesKey& host_metric, std::string_view rule, Timestamp now) {
  if (const auto known = series_.find(host_metric); known != series_.end()) {
    known->second.last = minutes_of(now);
    return true;
  }
  const std::uint32_t number = rule_number(rule);
  std::size_t& of_host = host_count(host_metric.owner);
  if (series_.size() >= limits_.all || of_host >= limits_.per_host ||
      rule_counts_[number] >= limits_.per_rule) {
    return false;
  }
  ++of_host;
  ++metric_count(host_metric.metric);
  ++rule_counts_[number];
  series_.emplace(host_metric, Series{.rule = number, .last = minutes_of(now)});
  return true;
}

void SeriesTable::expire(Timestamp limit) {
  const std::uint32_t oldest = minutes_of(limit);
  absl::erase_if(series_, [&](const auto& known) {
    if (known.second.last >= oldest) return false;
    release(known.first, known.second);
    return true;
  });
}

void SeriesTable::forget(std::uint32_t host) {
  absl::erase_if(series_, [&](const auto& known) {
    if (known.first.owner != host) return false;
    release(known.first, known.second);
    return true;
  });
}

void SeriesTable::release(const SeriesKey& host_metric, const Series& series) {
  --host_counts_[host_metric.owner];
  --metric_counts_[host_metric.metric];
  --rule_counts_[series.rule];
}

// Rules are those of the configuration, and of every one that this process has seen: few.
std::uint32_t SeriesTable::rule_number(std::string_view rule) {
  const auto found = rule_numbers_.find(rule);
  if (found != rule_numbers_.end()) return found->second;
  const auto number = static_cast<std::uint32_t>(rule_counts_.size());
  rule_numbers_.emplace(rule, number);
  rule_counts_.push_back(0);
  return number;
}

std::size_t& SeriesTable::host_count(std::uint32_t host) {
  if (host >= host_counts_.size()) host_counts_.resize(host + std::size_t{1});
  return host_counts_[host];
}

std::size_t& SeriesTable::metric_count(std::uint32_t metric) {
  if (metric >= metric_counts_.size()) metric_counts_.resize(metric + std::size_t{1});
  return metric_counts_[metric];
}

}  // namespace sluice
