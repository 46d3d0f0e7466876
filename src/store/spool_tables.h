#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/error.h"
#include "sluice/base/time.h"
#include "sluice/values/datapoint.h"
#include "store/database.h"
#include "store/spool_lines.h"

namespace sluice {

// Rows of one window and scope, added up.
struct LinesSum {
  Seconds window{};
  Scope scope = Scope::kHost;
  bool is_replay = false;
  std::uint64_t rows = 0;
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
};

// New series that leave together, when it is their turn. `id` grows with the order of arrival.
struct SeriesGroup {
  std::int64_t id = 0;
  Scope scope = Scope::kHost;
  std::vector<std::uint64_t> hashes;  // Of their paths.
};

struct AcknowledgedRow {
  std::int64_t id = 0;
  Seconds at{};
  std::uint64_t bytes = 0;  // As stored_bytes.
};

enum class Number : std::uint8_t { kLastSequence, kGreatestVersion, kTokenMillionths, kTokensAt };

// The tables of one spool, each operation one or two statements. Knows no rule of delivery. All
// that can fail fails because of the disk; the caller wraps what belongs together in a Transaction.
//
// batch: waiting, waiting for a replay, or acknowledged. lines: their text, apart because a change
// of state would otherwise write it again. held: lines of series that have not been admitted, by
// group.
class SpoolTables {
 public:
  // `path` may be ":memory:".
  [[nodiscard]] static Expected<SpoolTables> open(const std::string& path, Timestamp now);

  // A file that was moved aside because it is damaged, for reading alone.
  [[nodiscard]] static Expected<SpoolTables> open_damaged(const std::string& path);

  // How many datapoints wait in the file that nobody has open, or are held; it is left as it is.
  [[nodiscard]] static Expected<std::uint64_t> count_waiting(const std::string& path);

  [[nodiscard]] Database& database() noexcept { return database_; }
  [[nodiscard]] const Database& database() const noexcept { return database_; }

  // Lines that wait, in flight or not. The id is chosen when it is 0, and returned.
  [[nodiscard]] Expected<std::int64_t> insert(const LinesInfo& info, std::string_view lines);
  [[nodiscard]] Expected<std::vector<LinesSum>> sum_waiting();
  [[nodiscard]] Expected<std::vector<LinesInfo>> waiting_in(Seconds window, Scope scope);
  // Nothing when the row is gone or its lines are not what they were.
  [[nodiscard]] Expected<std::optional<std::string>> read_lines(const LinesInfo& info);
  [[nodiscard]] Expected<void> replace_lines(const LinesInfo& info, std::string_view lines);
  [[nodiscard]] Expected<void> remove(std::int64_t id);

  [[nodiscard]] Expected<void> mark_acknowledged(std::int64_t id, Seconds at);
  [[nodiscard]] Expected<std::vector<AcknowledgedRow>> acknowledged();  // Oldest first.
  // All that was acknowledged waits once more; returns what it is.
  [[nodiscard]] Expected<std::vector<LinesInfo>> replay_acknowledged();

  // Lines of series that wait for their turn. `info.id` as in insert().
  [[nodiscard]] Expected<void> hold(std::int64_t group, const LinesInfo& info,
                                    std::string_view lines);
  [[nodiscard]] Expected<std::vector<LinesSum>> sum_held();
  [[nodiscard]] Expected<std::vector<LinesDraft>> held_by(std::int64_t group);
  // Those of the group that came last stand first.
  struct HeldRow {
    std::int64_t group = 0;
    LinesInfo info;
  };
  [[nodiscard]] Expected<std::vector<HeldRow>> held_in(Seconds window, std::uint64_t bytes_enough);
  [[nodiscard]] Expected<void> remove_held(const HeldRow& row);
  [[nodiscard]] Expected<void> remove_held_by(std::int64_t group);
  [[nodiscard]] Expected<void> remove_held_in(Seconds window);

  [[nodiscard]] Expected<void> save_group(const SeriesGroup& group);
  [[nodiscard]] Expected<void> remove_group(std::int64_t group);
  [[nodiscard]] Expected<std::vector<SeriesGroup>> groups();
  // Appends all hashes. After an error, those that could be read.
  [[nodiscard]] Expected<void> add_known(std::span<const std::uint64_t> hashes);
  [[nodiscard]] Expected<void> known(std::vector<std::uint64_t>& hashes);

  [[nodiscard]] Expected<void> save(Number number, std::int64_t value);
  [[nodiscard]] Expected<std::int64_t> load(Number number);  // 0 when it was never saved.

  // For reading around damage: what can be read from one end of a table until an error comes.
  struct StoredRow {
    LinesInfo info;
    std::optional<Seconds> acknowledged_at;
  };
  [[nodiscard]] std::vector<StoredRow> readable_rows(bool from_the_end);
  [[nodiscard]] std::vector<std::int64_t> readable_held_groups(bool from_the_end);

 private:
  enum Query : std::size_t;
  static constexpr std::size_t kQueryCount = 31;

  Expected<void> prepare();
  [[nodiscard]] Statement& query(Query query) noexcept { return statements_[query]; }

  Database database_;
  std::array<Statement, kQueryCount> statements_;  // Gone before the connection.
};

}  // namespace sluice
