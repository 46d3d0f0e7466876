#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/values/datapoint.h"
#include "store/spool_tables.h"

namespace sluice {

// Lets `rate_per_minute` tokens through, evenly: at most a sixth of them, and at least one, at
// once. What costs more than that is let through when the bucket is full, and paid off afterwards.
class TokenBucket {
 public:
  explicit TokenBucket(std::uint32_t rate_per_minute);

  // Another rate from now on. What is at hand stays, as far as the new rate allows that much.
  void set_rate(std::uint32_t rate_per_minute) noexcept;
  void refill(Timestamp now) noexcept;
  [[nodiscard]] bool has(std::size_t cost) const noexcept;
  void spend(std::size_t cost) noexcept;
  [[nodiscard]] std::size_t burst() const noexcept { return static_cast<std::size_t>(burst_); }

  // For the file: a restart must not let a fresh bucket through.
  [[nodiscard]] std::int64_t millionths() const noexcept;
  // How long until so many have been let through, one after the other, from the last refill on.
  [[nodiscard]] std::chrono::seconds time_for(std::size_t cost) const noexcept;
  [[nodiscard]] Timestamp refilled_at() const noexcept { return refilled_at_; }
  void restore(std::int64_t millionths, Timestamp refilled_at) noexcept;

 private:
  double per_second_;
  double burst_;
  double tokens_;
  Timestamp refilled_at_{};
};

// Which series a destination has been sent, and which wait for their turn. carbon creates so many
// files a minute and drops the points of all others, so series that it has never been sent leave a
// few at a time: the fleet's first, then those of clusters, groups and hosts, of one scope in order
// of arrival. They wait in groups as large as what may leave at once.
//
// In memory alone; what has to be remembered is asked for (unsaved_...) and stored by the spool.
// Series are known by the hash of their path: two paths with one hash would share their turn, which
// is harmless.
class NewSeries {
 public:
  // Beyond it series are not remembered any more and leave at once: 9 to 18 octets of memory each.
  static constexpr std::size_t kKnownMax = 4'000'000;

  // 0: all series leave at once.
  explicit NewSeries(std::uint32_t rate_per_minute);

  // Another rate from now on: what waits leaves at it, and at once when it is 0.
  void set_rate(std::uint32_t rate_per_minute) noexcept;

  // Adds what a file held.
  void add_known(std::span<const std::uint64_t> hashes);
  void add_group(SeriesGroup group);
  [[nodiscard]] TokenBucket& bucket() noexcept { return bucket_; }

  // So many series are about to be asked for: growing to them means moving them several times.
  void expect(std::size_t count) { known_.reserve(std::min(count, kKnownMax)); }

  // The group that the series waits in, or nothing when it may leave. One that was never seen is
  // put into the last group of its scope, or becomes known when there is no limit.
  [[nodiscard]] std::optional<std::int64_t> place(std::uint64_t hash, Scope scope);

  // The group whose turn it is, the first of its scope; nothing while it must wait or none waits.
  [[nodiscard]] std::optional<std::int64_t> due(Timestamp now);
  // The group has left with these of its series. Those that had nothing to send are forgotten.
  void admit(std::int64_t group, std::span<const std::uint64_t> admitted);

  // Takes series that are known out of their groups.
  void release_known();

  // What changed since it was last asked for.
  [[nodiscard]] std::vector<SeriesGroup> unsaved_groups();
  [[nodiscard]] std::vector<std::uint64_t> unsaved_known();

  // Everything, for a new file.
  [[nodiscard]] std::vector<SeriesGroup> all_groups() const;
  [[nodiscard]] std::vector<std::uint64_t> all_known() const;

  [[nodiscard]] std::size_t waiting_count() const noexcept { return waiting_.size(); }
  [[nodiscard]] std::size_t known_count() const noexcept { return known_.size(); }
  [[nodiscard]] bool is_known(std::uint64_t hash) const { return known_.contains(hash); }
  // From `now` until the last of them has left, if no more come and nothing holds up the
  // destination: what is not covered by tokens at hand comes at the rate.
  [[nodiscard]] std::chrono::seconds time_to_admit(Timestamp now) const noexcept;

 private:
  // By id, and so by order of arrival.
  using Queue = std::map<std::int64_t, std::vector<std::uint64_t>>;

  [[nodiscard]] std::optional<std::int64_t> first_group() const noexcept;

  std::uint32_t rate_per_minute_;
  TokenBucket bucket_;
  absl::flat_hash_set<std::uint64_t> known_;
  absl::flat_hash_map<std::uint64_t, std::int64_t> waiting_;  // Hash -> group.
  std::array<Queue, 5> queues_;                               // By scope.
  absl::flat_hash_map<std::int64_t, Scope> scopes_;           // Of the groups.
  absl::flat_hash_set<std::int64_t> unsaved_groups_;
  std::vector<std::uint64_t> unsaved_known_;
  std::int64_t next_group_ = 1;
};

}  // namespace sluice
