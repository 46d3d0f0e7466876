#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/time.h"

namespace sluice {

// Messages that no rule matched, by the program that sent them and their shape (values/shape.h).
// The counts are honest: `lines` = the sum of all rows' counts + `other`, always.
struct UnmatchedReport {
  struct Row {
    std::string program;  // APP-NAME, fit to be shown, as all texts here.
    std::string shape;
    std::uint64_t count = 0;  // Certain: of lines that were seen with this shape.
    std::string sample;       // One of them, cut at kSampleOctetsMax.
    std::string host;         // Who sent it.
    Timestamp last{};         // Arrival of the last one.
  };
  static constexpr std::size_t kSampleOctetsMax = 300;
  static constexpr std::size_t kProgramOctetsMax = 48;
  static constexpr std::size_t kHostOctetsMax = 255;

  std::uint64_t lines = 0;
  std::uint64_t other = 0;  // Not folded, or of shapes that had to make room.
  std::vector<Row> rows;
};

// What one worker sees between two reports. A line costs one fold and one look-up; beyond the
// bounds lines are only counted, so a flood of unmatched lines cannot slow ingest.
class UnmatchedTally {
 public:
  struct Options {
    std::size_t folded_max = 2'500;  // Lines folded between two reports; a microsecond each.
    std::size_t shapes_max = 2'000;  // Different shapes kept between two reports; the first ones.
  };

  UnmatchedTally();
  explicit UnmatchedTally(const Options& options);
  ~UnmatchedTally();
  UnmatchedTally(const UnmatchedTally&) = delete;
  UnmatchedTally& operator=(const UnmatchedTally&) = delete;

  // False when the line went into `other`. Views are copied where they are kept.
  bool add(std::string_view program, std::string_view text, std::string_view host, Timestamp now) {
    ++lines_;
    if (folded_ < options_.folded_max && fold(program, text, host, now)) return true;
    ++other_;
    return false;
  }

  // Everything since the last call, in the order of first appearance.
  [[nodiscard]] UnmatchedReport take();

 private:
  struct State;

  bool fold(std::string_view program, std::string_view text, std::string_view host, Timestamp now);

  Options options_;
  std::uint64_t lines_ = 0;
  std::uint64_t other_ = 0;
  std::size_t folded_ = 0;
  std::unique_ptr<State> state_;
};

// The reports of all workers since the start, heavy hitters kept (space-saving: a new shape takes
// the place of the one with the least weight and inherits it as its own, so one that keeps coming
// stays).
class UnmatchedTable {
 public:
  explicit UnmatchedTable(std::size_t shapes_max = 2'000);
  ~UnmatchedTable();
  UnmatchedTable(const UnmatchedTable&) = delete;
  UnmatchedTable& operator=(const UnmatchedTable&) = delete;

  void add(UnmatchedReport report);

  // All rows, greatest count first, those of equal count by program and shape.
  [[nodiscard]] UnmatchedReport snapshot() const;

  // The same, made anew when something came and the last one is 2 s old by the caller's clock.
  // Never null; never changes, so other threads may read it.
  [[nodiscard]] std::shared_ptr<const UnmatchedReport> shared_snapshot(Timestamp now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
