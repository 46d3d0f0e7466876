#include "store/spool.h"

#include <algorithm>
#include <map>
#include <utility>

#include "sluice/base/check.h"

namespace sluice {

Spool::Spool(SpoolOptions options, Timestamp now)
    : options_(std::move(options)), series_(options_.new_series_per_minute), now_(now) {
  open_file(now);
  stats_.spooled_at_start = index_.waiting_count() + index_.held_count();
}

void Spool::set_options(SpoolOptions options) {
  options.file = std::move(options_.file);
  options_ = std::move(options);
  series_.set_rate(options_.new_series_per_minute);
  enforce_bytes_max();
}

void Spool::put(std::span<const Datapoint> datapoints, std::uint64_t sequence) {
  if (sequence != 0 && sequence <= last_sequence_) return;
  if (sequence == 0 && datapoints.empty()) return;
  stats_.put += datapoints.size();
  const std::size_t series_before = series_.waiting_count();
  SpoolDraft draft(series_, datapoints.size());
  std::uint64_t greatest = greatest_version_;
  for (const Datapoint& datapoint : datapoints) {
    const std::uint64_t version = version_base_ + datapoint.version;
    greatest = std::max(greatest, version);
    draft.add(datapoint, version);
  }
  const std::uint64_t repeated = draft.finish();
  const bool is_stored = run([&]() -> Expected<void> {
    if (auto done = draft.store(tables_); !done) return done;
    if (auto done = tables_.save(Number::kGreatestVersion, static_cast<std::int64_t>(greatest));
        !done)
      return done;
    if (sequence == 0) return {};
    return tables_.save(Number::kLastSequence, static_cast<std::int64_t>(sequence));
  });
  if (!is_stored) {
    stats_.dropped_damaged += datapoints.size();
    return;
  }
  if (series_.waiting_count() > series_before) new_series_at_ = now_;
  stats_.superseded += repeated;
  greatest_version_ = greatest;
  if (sequence != 0) last_sequence_ = sequence;
  learn(draft.waiting(), draft.may_repeat());
  for (const SpoolDraft::Held& held : draft.held()) {
    index_.hold(held.draft.info);
    newest_window_ = std::max(newest_window_.value_or(Seconds::min()), held.draft.info.window);
  }
  enforce_bytes_max();
}

// Rows of one publication share no path, unless they are of several versions. Where nothing else
// waits, that saves reading and sorting them all before they leave: the way of most windows.
void Spool::learn(const std::vector<LinesDraft>& rows, bool may_repeat) {
  std::map<std::pair<Seconds, Scope>, std::uint64_t> alone;  // Places to the version that is there.
  for (const LinesDraft& row : rows) {
    const Place place{row.info.window, row.info.scope};
    if (index_.at(place).rows == 0) alone[{place.window, place.scope}] = row.info.version;
    const auto known = alone.find({place.window, place.scope});
    index_.add(row.info, !may_repeat && known != alone.end() && known->second == row.info.version);
    newest_window_ = std::max(newest_window_.value_or(Seconds::min()), row.info.window);
  }
  if (!rows.empty()) is_overlapping_ = true;
}

bool Spool::is_live(Seconds window) const noexcept {
  return !newest_window_ || window >= *newest_window_ - options_.live_span;
}

bool Spool::is_too_old(Seconds window, Timestamp now) const noexcept {
  return window + options_.age_max < floor_to_seconds(now);
}

std::optional<Batch> Spool::take(Timestamp now, Which which) {
  SLUICE_CHECK(in_flight_.empty(), "one batch is out at a time");
  tick(now);
  Batch batch{.id = next_batch_id_};
  is_overlapping_ = false;
  bool has_room = true;
  if (which != Which::kBacklog) {
    for (const LinesInfo& row : admit(now)) has_room = has_room && append_row(batch, row);
  }
  // A file that fails ends a batch; an empty one is tried again with what could be saved.
  constexpr int kTries = 3;
  for (int i = 0; i < kTries && has_room; ++i) {
    const std::uint64_t load_count = load_count_;
    fill(batch, which, now);
    has_room = batch.datapoint_count == 0 && load_count != load_count_;
  }
  if (batch.datapoint_count == 0) return std::nullopt;
  ++next_batch_id_;
  return batch;
}

void Spool::fill(Batch& batch, Which which, Timestamp now) {
  for (auto place = index_.first(); place; place = index_.after(*place)) {
    const bool is_backlog = !is_live(place->window);
    if (is_too_old(place->window, now)) return;  // So are all that follow.
    if (which == Which::kBacklog && !is_backlog) continue;
    if (which == Which::kLive && is_backlog) return;
    if (batch.datapoint_count > 0 && is_backlog != batch.is_backlog) return;
    batch.is_backlog = is_backlog;
    if (!fill_from(batch, *place)) return;
  }
}

bool Spool::fill_from(Batch& batch, const Place& place) {
  if (!index_.at(place).is_disjoint) coalesce_at(place);
  if (!index_.at(place).is_disjoint) return false;  // The file failed.
  for (const LinesInfo& row : rows_at(place)) {
    if (!append_row(batch, row)) return false;
  }
  return true;
}

// The rows that wait there, and are not in flight.
Expected<std::vector<LinesInfo>> Spool::list(const Place& place) {
  auto rows = tables_.waiting_in(place.window, place.scope);
  if (rows)
    std::erase_if(*rows, [&](const LinesInfo& row) { return in_flight_ids_.contains(row.id); });
  return rows;
}

std::vector<LinesInfo> Spool::rows_at(const Place& place) {
  std::vector<LinesInfo> rows;
  const bool is_read = run([&]() -> Expected<void> {
    auto listed = list(place);
    if (!listed) return std::unexpected(listed.error());
    rows = std::move(*listed);
    return {};
  });
  if (is_read && rows.size() == index_.at(place).rows) return rows;
  load_or_rescue();  // Where the file contradicts what is known of it, the file counts.
  return {};
}

// False when the batch has no room for the row, or the file failed: then it is sent as it is.
bool Spool::append_row(Batch& batch, const LinesInfo& row) {
  if (batch.datapoint_count + row.count > kBatchDatapointsMax ||
      batch.lines.size() + row.bytes > kBatchBytesMax)
    return false;
  const std::uint64_t load_count = load_count_;
  std::optional<std::string> lines;
  const bool is_read = run([&]() -> Expected<void> {
    auto read = tables_.read_lines(row);
    if (!read) return std::unexpected(read.error());
    lines = std::move(*read);
    return lines ? Expected<void>() : tables_.remove(row.id);
  });
  if (!is_read || load_count != load_count_) return false;
  index_.remove(row);
  if (!lines) {
    if (!row.is_replay) stats_.dropped_damaged += row.count;
    return true;
  }
  batch.lines += *lines;
  batch.datapoint_count += row.count;
  in_flight_.push_back(row);
  in_flight_ids_.insert(row.id);
  in_flight_bytes_ += stored_bytes(row);
  return true;
}

void Spool::coalesce_at(const Place& place) {
  Coalesced result;
  const bool is_done = run([&]() -> Expected<void> {
    const auto rows = list(place);
    if (!rows) return std::unexpected(rows.error());
    auto coalesced = coalesce(tables_, *rows);
    if (!coalesced) return std::unexpected(coalesced.error());
    result = std::move(*coalesced);
    return {};
  });
  if (!is_done) return;
  for (const RowChange& change : result.changes) {
    index_.remove(change.before);
    if (change.after) index_.add(*change.after, true);
  }
  index_.set_disjoint(place);
  stats_.superseded += result.superseded;
  stats_.dropped_damaged += result.damaged;
}

void Spool::acknowledge(Timestamp now) { finish(now, &SpoolStats::acknowledged); }

void Spool::count_unconfirmed(Timestamp now) { finish(now, &SpoolStats::unconfirmed); }

void Spool::finish(Timestamp now, std::uint64_t SpoolStats::* counter) {
  now_ = now;
  const bool is_kept = options_.replay_window.count() > 0;
  const Seconds at = floor_to_seconds(now);
  run([&]() -> Expected<void> {
    for (const LinesInfo& row : in_flight_) {
      auto done = is_kept ? tables_.mark_acknowledged(row.id, at) : tables_.remove(row.id);
      if (!done) return done;
    }
    return {};
  });
  for (const LinesInfo& row : std::exchange(in_flight_, {})) {
    (row.is_replay ? stats_.replayed : stats_.*counter) += row.count;
    if (!is_kept) continue;
    acknowledged_.push_back({row.id, at, stored_bytes(row)});
    acknowledged_bytes_ += stored_bytes(row);
  }
  in_flight_ids_.clear();
  in_flight_bytes_ = 0;
  may_admit_ = true;
  if (std::exchange(is_replay_due_, false)) replay_now(now);
}

void Spool::give_back() {
  for (const LinesInfo& row : std::exchange(in_flight_, {})) index_.add(row, !is_overlapping_);
  in_flight_ids_.clear();
  in_flight_bytes_ = 0;
  may_admit_ = false;
  if (std::exchange(is_replay_due_, false)) replay_now(now_);
  enforce_bytes_max();
}

void Spool::replay(Timestamp now) {
  now_ = now;
  if (in_flight_.empty())
    replay_now(now);
  else
    is_replay_due_ = true;
}

void Spool::replay_now(Timestamp now) {
  while (!acknowledged_.empty() &&
         acknowledged_.front().at + options_.replay_window < floor_to_seconds(now)) {
    if (forget_acknowledged_rows(1) == 0) break;
  }
  std::vector<LinesInfo> rows;
  const bool is_done = run([&]() -> Expected<void> {
    auto replayed = tables_.replay_acknowledged();
    if (!replayed) return std::unexpected(replayed.error());
    rows = std::move(*replayed);
    return {};
  });
  if (!is_done) return;
  acknowledged_.clear();
  acknowledged_bytes_ = 0;
  for (const LinesInfo& row : rows) index_.add(row, false);
}

void Spool::sync() {
  if (!is_on_disk()) return;
  auto done = tables_.database().execute("PRAGMA wal_checkpoint(PASSIVE)");
  if (done) return;
  is_damage_ = tables_.database().is_damaged();
  go_on_in_memory(done.error());
}

void Spool::tick(Timestamp now) {
  now_ = now;
  forget_acknowledged(now);
  drop_old(now);
  try_file(now);
  shrink_file(now);
  if (series_.known_count() < NewSeries::kKnownMax || is_known_full_told_) return;
  is_known_full_told_ = true;
  notify(Notice::Kind::kSpoolCrowded,
         "spool " + options_.file +
             ": it knows as many series as it can remember; further new ones "
             "leave at once. Are there paths that change all the time?");
}

SpoolStats Spool::stats() const {
  SpoolStats stats = stats_;
  stats.waiting = index_.waiting_count();
  stats.held = index_.held_count();
  for (const LinesInfo& row : in_flight_)
    (row.is_replay ? stats.replay_in_flight : stats.in_flight) += row.count;
  stats.replay_waiting = index_.replay_count();
  stats.new_series = series_.waiting_count();
  stats.new_series_time = series_.time_to_admit(now_);
  stats.is_new_series_growing =
      stats.new_series > 0 && new_series_at_ && now_ - *new_series_at_ < kGrowingFor;
  stats.known_series = series_.known_count();
  stats.bytes = bytes();
  stats.oldest_window = index_.oldest_unsent_window();
  stats.is_on_disk = is_on_disk();
  return stats;
}

std::vector<Notice> Spool::take_notices() { return std::exchange(notices_, {}); }

}  // namespace sluice
