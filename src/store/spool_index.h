#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/values/datapoint.h"
#include "store/spool_lines.h"
#include "store/spool_tables.h"

namespace sluice {

// How much waits in a spool, by window and scope: enough to know what is next without asking the
// disk, and of the same size however many datapoints wait. What is in flight is not in it.
class SpoolIndex {
 public:
  // Where lines wait: a window and a scope.
  struct Place {
    Seconds window{};
    Scope scope = Scope::kHost;
    friend bool operator==(const Place&, const Place&) = default;
  };
  struct Waiting {
    std::uint64_t rows = 0;
    std::uint64_t count = 0;         // Datapoints, of these
    std::uint64_t replay_count = 0;  // acknowledged ones that wait once more.
    std::uint64_t bytes = 0;         // As stored_bytes().
    bool is_disjoint = true;         // No path is in two of the rows.
  };

  // `is_disjoint`: none of the rows that wait at its place shares a path with it.
  void add(const LinesInfo& info, bool is_disjoint);
  void add(const LinesSum& sum);
  void remove(const LinesInfo& info);
  void set_disjoint(const Place& place);
  void set_overlapping(const Place& place);

  void hold(const LinesInfo& info);
  void hold(const LinesSum& sum);
  void unhold(const LinesInfo& info);
  // Returns what was held.
  Waiting unhold_window(Seconds window);

  // Newest window first, in it by scope. Nothing after the last place.
  [[nodiscard]] std::optional<Place> first() const;
  [[nodiscard]] std::optional<Place> after(const Place& place) const;
  [[nodiscard]] Waiting at(const Place& place) const;
  [[nodiscard]] Waiting held_at(Seconds window) const;

  // Held ones included.
  [[nodiscard]] std::optional<Seconds> oldest_window() const;
  [[nodiscard]] std::optional<Seconds> newest_window() const;
  // The oldest with something that was never acknowledged, held ones included.
  [[nodiscard]] std::optional<Seconds> oldest_unsent_window() const;

  [[nodiscard]] bool is_empty() const noexcept { return windows_.empty(); }
  [[nodiscard]] std::uint64_t waiting_count() const noexcept { return count_ - replay_count_; }
  [[nodiscard]] std::uint64_t replay_count() const noexcept { return replay_count_; }
  [[nodiscard]] std::uint64_t held_count() const noexcept { return held_count_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }  // Held ones included.

 private:
  static constexpr std::size_t kScopes = 5;
  using Scopes = std::array<Waiting, kScopes>;

  void add(const Place& place, const Waiting& more);
  [[nodiscard]] Waiting* find(const Place& place);

  std::map<Seconds, Scopes, std::greater<>> windows_;  // Only such as have rows.
  std::map<Seconds, Waiting> held_;
  std::uint64_t count_ = 0;
  std::uint64_t replay_count_ = 0;
  std::uint64_t held_count_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace sluice
