#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <string_view>
#include <tuple>
#include <vector>

#include "store/new_series.h"
#include "store/spool_lines.h"
#include "store/spool_tables.h"

namespace sluice {

// Sorts datapoints into the rows that a spool keeps: finished lines by window, scope and version,
// of new series by their group, none longer than a batch.
class SpoolDraft {
 public:
  struct Held {
    std::int64_t group = 0;
    LinesDraft draft;
  };

  // `count`: of datapoints that are to come, about.
  explicit SpoolDraft(NewSeries& series, std::size_t count = 0) : series_(series) {
    seen_.reserve(count);
    series_.expect(count);
  }

  void add(const Datapoint& datapoint, std::uint64_t version);
  // `line` is a finished one. Version, window and scope are taken from `info`.
  void add_line(std::string_view line, const LinesInfo& info);

  // To be called once after the last line. A path that was added twice with one time and version
  // keeps the later line alone; returns how many others there were.
  [[nodiscard]] std::uint64_t finish();

  // False: no path is in it twice with one time and version.
  [[nodiscard]] bool may_repeat() const noexcept { return !suspects_.empty(); }
  [[nodiscard]] const std::vector<LinesDraft>& waiting() const noexcept { return waiting_; }
  [[nodiscard]] const std::vector<Held>& held() const noexcept { return held_; }

  // Writes all rows, and what series_ learned; waiting rows get their ids. May be called again when
  // a transaction failed.
  Expected<void> store(SpoolTables& tables);

 private:
  // Group (0: may leave), window, version, scope.
  using Key = std::tuple<std::int64_t, std::int64_t, std::uint64_t, Scope>;

  LinesDraft& draft_for(std::uint64_t hash, const LinesInfo& info, std::size_t bytes_more);
  LinesDraft& open_row(std::int64_t group, const LinesInfo& info, std::size_t bytes_more);
  LinesDraft& start(std::int64_t group, const LinesInfo& info);

  NewSeries& series_;
  std::vector<LinesDraft> waiting_;
  std::vector<Held> held_;
  absl::flat_hash_set<std::uint64_t> seen_;     // Hashes of what is in waiting_.
  absl::flat_hash_set<std::size_t> suspects_;   // Rows in waiting_ that may name a path twice.
  absl::flat_hash_map<Key, std::size_t> open_;  // The row that is being filled: its index.
  Key last_key_{-1, 0, 0, Scope::kAll};         // Neighbours mostly go to the same row.
  std::size_t last_index_ = 0;
  std::vector<SeriesGroup> groups_;
  std::vector<std::uint64_t> known_;
};

}  // namespace sluice
