// What is in the tables of a spool, and what can still be read out of broken ones.
#include <algorithm>
#include <tuple>
#include <utility>

#include "store/spool.h"
#include "store/stable_hash.h"

namespace sluice {

// What the ledger says is here.
std::uint64_t Spool::accounted() const noexcept {
  std::uint64_t count = index_.waiting_count() + index_.held_count();
  for (const LinesInfo& row : in_flight_) count += row.is_replay ? 0 : row.count;
  return count;
}

// Makes the index from the tables. What was in it and is not in them is lost, and counted.
void Spool::load_or_rescue() {
  const std::uint64_t before = accounted();
  auto loaded = run_once([this] { return load(); });
  if (!loaded && go_on_in_memory(loaded.error())) return;  // Which loads.
  const std::uint64_t after = accounted();
  if (after < before) stats_.dropped_damaged += before - after;
}

Expected<void> Spool::load() {
  ++load_count_;
  if (auto done = forget_lost_in_flight(); !done) return done;
  const auto waiting = tables_.sum_waiting();
  if (!waiting) return std::unexpected(waiting.error());
  const auto held = tables_.sum_held();
  if (!held) return std::unexpected(held.error());
  auto acknowledged = tables_.acknowledged();
  if (!acknowledged) return std::unexpected(acknowledged.error());
  const auto sequence = tables_.load(Number::kLastSequence);
  if (!sequence) return std::unexpected(sequence.error());
  const auto version = tables_.load(Number::kGreatestVersion);
  if (!version) return std::unexpected(version.error());

  SpoolIndex index;
  for (const LinesSum& sum : *waiting) index.add(sum);
  for (const LinesSum& sum : *held) index.hold(sum);
  for (const LinesInfo& row : in_flight_) index.remove(row);
  index_ = std::move(index);
  acknowledged_.assign(acknowledged->begin(), acknowledged->end());
  acknowledged_bytes_ = 0;
  for (const AcknowledgedRow& row : acknowledged_) acknowledged_bytes_ += row.bytes;
  last_sequence_ = std::max(last_sequence_, static_cast<std::uint64_t>(*sequence));
  greatest_version_ = std::max(greatest_version_, static_cast<std::uint64_t>(*version));
  if (const auto newest = index_.newest_window())
    newest_window_ = std::max(newest_window_.value_or(Seconds::min()), *newest);
  return {};
}

// A row that is on its way cannot come back when the tables do not have it any more.
Expected<void> Spool::forget_lost_in_flight() {
  for (auto row = in_flight_.begin(); row != in_flight_.end();) {
    const auto lines = tables_.read_lines(*row);
    if (!lines) return std::unexpected(lines.error());
    if (*lines) {
      ++row;
      continue;
    }
    in_flight_ids_.erase(row->id);
    in_flight_bytes_ -= stored_bytes(*row);
    if (auto done = tables_.remove(row->id); !done) return done;
    row = in_flight_.erase(row);
  }
  return {};
}

Expected<void> Spool::load_series() {
  std::vector<std::uint64_t> known;
  auto done = tables_.known(known);
  series_.add_known(known);
  if (!done) return done;
  auto groups = tables_.groups();
  if (!groups) return std::unexpected(groups.error());
  for (SeriesGroup& group : *groups) series_.add_group(std::move(group));
  const auto tokens = tables_.load(Number::kTokenMillionths);
  if (!tokens) return std::unexpected(tokens.error());
  const auto at = tables_.load(Number::kTokensAt);
  if (!at) return std::unexpected(at.error());
  if (*at != 0) series_.bucket().restore(*tokens, Timestamp(std::chrono::nanoseconds(*at)));
  return {};
}

// Puts what can be read of `source` into the tables, beside what is there. What cannot be read is
// passed over: an error is one of the tables themselves. Ids are kept for batches in flight, when
// the tables are empty.
Expected<void> Spool::rescue(SpoolTables& source, bool keeps_ids) {
  if (auto done = rescue_series(source); !done) return done;
  if (auto done = rescue_rows(source, keeps_ids); !done) return done;
  if (auto done = rescue_held(source); !done) return done;
  const auto sequence = source.load(Number::kLastSequence).value_or(0);
  const auto version = source.load(Number::kGreatestVersion).value_or(0);
  auto done = tables_.save(Number::kLastSequence,
                           std::max(static_cast<std::int64_t>(last_sequence_), sequence));
  if (done)
    done = tables_.save(Number::kGreatestVersion,
                        std::max(static_cast<std::int64_t>(greatest_version_), version));
  return done;
}

Expected<void> Spool::rescue_series(SpoolTables& source) {
  std::vector<std::uint64_t> known;
  std::ignore = source.known(known);
  series_.add_known(known);
  for (const SeriesGroup& group : series_.all_groups()) {
    if (auto done = tables_.save_group(group); !done) return done;
  }
  return tables_.add_known(series_.all_known());
}

Expected<void> Spool::rescue_rows(SpoolTables& source, bool keeps_ids) {
  std::vector<SpoolTables::StoredRow> rows = source.readable_rows(false);
  const std::int64_t last = rows.empty() ? 0 : rows.back().info.id;
  for (const SpoolTables::StoredRow& row : source.readable_rows(true)) {
    if (row.info.id <= last) break;
    rows.push_back(row);  // From behind the damage.
  }
  std::ranges::sort(rows, {}, [](const SpoolTables::StoredRow& row) { return row.info.id; });
  for (const SpoolTables::StoredRow& row : rows) {
    const auto lines = source.read_lines(row.info);
    if (!lines || !*lines) continue;
    LinesInfo info = row.info;
    if (!keeps_ids) info.id = 0;
    if (auto done = rescue_row(info, row.acknowledged_at, **lines); !done) return done;
  }
  return {};
}

Expected<void> Spool::rescue_row(const LinesInfo& info, std::optional<Seconds> acknowledged_at,
                                 std::string_view lines) {
  const auto id = tables_.insert(info, lines);
  if (!id) return std::unexpected(id.error());
  if (acknowledged_at) {
    if (auto done = tables_.mark_acknowledged(*id, *acknowledged_at); !done) return done;
  }
  // What waits here had its turn, even if nobody remembers.
  std::vector<std::uint64_t> known;
  for (std::string_view rest = lines; !rest.empty();) {
    const std::uint64_t hash = stable_hash(path_of(next_line(rest)));
    if (!series_.is_known(hash)) known.push_back(hash);
  }
  series_.add_known(known);
  return tables_.add_known(known);
}

Expected<void> Spool::rescue_held(SpoolTables& source) {
  std::vector<std::int64_t> groups = source.readable_held_groups(false);
  for (const std::int64_t group : source.readable_held_groups(true)) groups.push_back(group);
  std::ranges::sort(groups);
  groups.erase(std::ranges::unique(groups).begin(), groups.end());
  SpoolDraft draft(series_);
  for (const std::int64_t group : groups) {
    const auto rows = source.held_by(group);
    if (!rows) continue;
    for (const LinesDraft& row : *rows) {
      for (std::string_view rest = row.lines; !rest.empty();)
        draft.add_line(next_line(rest), row.info);
    }
  }
  std::ignore = draft.finish();
  return draft.store(tables_);
}

// Series that turned out to be known, and lines of them that were held, have nothing to wait for:
// they must not leave after what comes now. Returns how many lines a later one of the same
// publication replaced.
Expected<std::uint64_t> Spool::sort_held_again() {
  series_.release_known();
  SpoolDraft draft(series_);
  for (const std::int64_t group : tables_.readable_held_groups(false)) {
    const auto rows = tables_.held_by(group);
    if (!rows) return std::unexpected(rows.error());
    for (const LinesDraft& row : *rows) {
      for (std::string_view rest = row.lines; !rest.empty();)
        draft.add_line(next_line(rest), row.info);
    }
    if (auto done = tables_.remove_held_by(group); !done) return std::unexpected(done.error());
  }
  const std::uint64_t repeated = draft.finish();
  if (auto done = draft.store(tables_); !done) return std::unexpected(done.error());
  return repeated;
}

}  // namespace sluice
