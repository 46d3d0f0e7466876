#pragma once

#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sluice/base/error.h"
#include "store/spool_lines.h"
#include "store/spool_tables.h"

namespace sluice {

// What coalescing did to a row.
struct RowChange {
  LinesInfo before;
  std::optional<LinesInfo> after;  // Nothing when no line of it is left.
};

struct Coalesced {
  std::vector<RowChange> changes;
  std::uint64_t superseded = 0;  // Lines that a newer one replaced; replays do not count.
  std::uint64_t damaged = 0;     // Lines of rows that could not be read.
};

// Takes every line out of `rows` (of one window and scope) whose path has a newer one among them:
// one of a greater version, of two equal ones the one that was put later. Afterwards no path is in
// two of the rows. Reads each row once, and those that lose a line twice; memory is some 40 octets
// a path. To be called in a transaction.
[[nodiscard]] Expected<Coalesced> coalesce(SpoolTables& tables, std::span<const LinesInfo> rows);

// The same for the rows of one admission group, which are short: gives the newest lines of each
// window, oldest window first, as drafts. Rows whose lines are empty were damaged.
struct CoalescedGroup {
  std::vector<LinesDraft> drafts;
  std::uint64_t superseded = 0;
  std::uint64_t damaged = 0;
  std::vector<std::uint64_t> hashes;  // Of the paths in the drafts, each once.
};
[[nodiscard]] CoalescedGroup coalesce_group(std::span<const LinesDraft> rows);

}  // namespace sluice
