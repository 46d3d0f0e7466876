#include "store/new_series.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sluice {
namespace {

constexpr double kBurstShare = 6;
constexpr double kMillion = 1e6;

// A group is read and written as a whole, whatever the rate.
constexpr std::size_t kGroupMax = 500;

}  // namespace

TokenBucket::TokenBucket(std::uint32_t rate_per_minute)
    : per_second_(rate_per_minute / 60.0),
      burst_(std::max(1.0, std::floor(rate_per_minute / kBurstShare))),
      tokens_(burst_) {}

void TokenBucket::set_rate(std::uint32_t rate_per_minute) noexcept {
  const TokenBucket fresh(rate_per_minute);
  per_second_ = fresh.per_second_;
  burst_ = fresh.burst_;
  tokens_ = std::min(tokens_, burst_);
}

void TokenBucket::refill(Timestamp now) noexcept {
  // The first refill starts the clock; a clock that was set back starts it again.
  if (refilled_at_ != Timestamp{} && now > refilled_at_) {
    const double seconds = std::chrono::duration<double>(now - refilled_at_).count();
    // What came since the bucket was full is not lost to a caller that looks in once a second.
    tokens_ = std::min(burst_ + per_second_, tokens_ + seconds * per_second_);
  }
  refilled_at_ = now;
}

bool TokenBucket::has(std::size_t cost) const noexcept {
  constexpr double kRounding = 1e-6;
  return tokens_ + kRounding >= std::min(static_cast<double>(cost), burst_);
}

void TokenBucket::spend(std::size_t cost) noexcept { tokens_ -= static_cast<double>(cost); }

std::int64_t TokenBucket::millionths() const noexcept {
  return static_cast<std::int64_t>(tokens_ * kMillion);
}

std::chrono::seconds TokenBucket::time_for(std::size_t cost) const noexcept {
  const double missing = std::max(0.0, static_cast<double>(cost) - tokens_);
  return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(missing / per_second_)));
}

void TokenBucket::restore(std::int64_t millionths, Timestamp refilled_at) noexcept {
  tokens_ = std::min(burst_ + per_second_, static_cast<double>(millionths) / kMillion);
  refilled_at_ = refilled_at;
}

NewSeries::NewSeries(std::uint32_t rate_per_minute)
    : rate_per_minute_(rate_per_minute), bucket_(rate_per_minute) {}

void NewSeries::set_rate(std::uint32_t rate_per_minute) noexcept {
  rate_per_minute_ = rate_per_minute;
  bucket_.set_rate(rate_per_minute);
}

void NewSeries::add_known(std::span<const std::uint64_t> hashes) {
  for (const std::uint64_t hash : hashes) {
    if (known_.size() < kKnownMax) known_.insert(hash);
  }
}

void NewSeries::add_group(SeriesGroup group) {
  std::erase_if(group.hashes, [this](std::uint64_t hash) { return known_.contains(hash); });
  for (const std::uint64_t hash : group.hashes) waiting_.emplace(hash, group.id);
  scopes_[group.id] = group.scope;
  next_group_ = std::max(next_group_, group.id + 1);
  queues_[static_cast<std::size_t>(group.scope)][group.id] = std::move(group.hashes);
}

std::optional<std::int64_t> NewSeries::place(std::uint64_t hash, Scope scope) {
  if (known_.contains(hash)) return std::nullopt;
  if (const auto found = waiting_.find(hash); found != waiting_.end()) return found->second;
  if (known_.size() >= kKnownMax) return std::nullopt;
  if (rate_per_minute_ == 0) {
    known_.insert(hash);
    unsaved_known_.push_back(hash);
    return std::nullopt;
  }
  Queue& queue = queues_[static_cast<std::size_t>(scope)];
  const std::size_t size_max = std::min(bucket_.burst(), kGroupMax);
  if (queue.empty() || queue.rbegin()->second.size() >= size_max) {
    scopes_[next_group_] = scope;
    queue[next_group_++].reserve(size_max);
  }
  auto& [group, hashes] = *queue.rbegin();
  hashes.push_back(hash);
  waiting_.emplace(hash, group);
  unsaved_groups_.insert(group);
  return group;
}

std::optional<std::int64_t> NewSeries::first_group() const noexcept {
  for (const Queue& queue : queues_) {
    if (!queue.empty()) return queue.begin()->first;
  }
  return std::nullopt;
}

std::optional<std::int64_t> NewSeries::due(Timestamp now) {
  const auto group = first_group();
  if (!group || rate_per_minute_ == 0) return group;
  bucket_.refill(now);
  const Scope scope = scopes_.at(*group);
  const std::size_t cost = queues_[static_cast<std::size_t>(scope)].at(*group).size();
  return bucket_.has(cost) ? group : std::nullopt;
}

void NewSeries::admit(std::int64_t group, std::span<const std::uint64_t> admitted) {
  const auto scope = scopes_.find(group);
  if (scope == scopes_.end()) return;
  Queue& queue = queues_[static_cast<std::size_t>(scope->second)];
  const auto found = queue.find(group);
  for (const std::uint64_t hash : found->second) waiting_.erase(hash);
  queue.erase(found);
  scopes_.erase(scope);
  unsaved_groups_.erase(group);
  add_known(admitted);
  if (rate_per_minute_ > 0) bucket_.spend(admitted.size());
}

void NewSeries::release_known() {
  for (Queue& queue : queues_) {
    for (auto& [group, hashes] : queue) {
      const auto erased = std::erase_if(hashes, [this](std::uint64_t hash) {
        return known_.contains(hash) && waiting_.erase(hash) > 0;
      });
      if (erased > 0) unsaved_groups_.insert(group);
    }
  }
}

std::vector<SeriesGroup> NewSeries::unsaved_groups() {
  std::vector<SeriesGroup> groups;
  for (const std::int64_t id : std::exchange(unsaved_groups_, {})) {
    const Scope scope = scopes_.at(id);
    groups.push_back({id, scope, queues_[static_cast<std::size_t>(scope)].at(id)});
  }
  std::ranges::sort(groups, {}, &SeriesGroup::id);
  return groups;
}

std::vector<std::uint64_t> NewSeries::unsaved_known() { return std::exchange(unsaved_known_, {}); }

std::vector<SeriesGroup> NewSeries::all_groups() const {
  std::vector<SeriesGroup> groups;
  for (std::size_t scope = 0; scope < queues_.size(); ++scope) {
    for (const auto& [id, hashes] : queues_[scope])
      groups.push_back({id, static_cast<Scope>(scope), hashes});
  }
  return groups;
}

std::vector<std::uint64_t> NewSeries::all_known() const { return {known_.begin(), known_.end()}; }

std::chrono::seconds NewSeries::time_to_admit(Timestamp now) const noexcept {
  if (rate_per_minute_ == 0) return {};
  TokenBucket bucket = bucket_;
  bucket.refill(now);
  return bucket.time_for(waiting_.size());
}

}  // namespace sluice
