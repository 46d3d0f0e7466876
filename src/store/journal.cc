#include "store/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <tuple>
#include <utility>

#include "sluice/base/check.h"
#include "store/stable_hash.h"

namespace sluice {
namespace {

constexpr std::int32_t kApplicationId = 0x736c4a4e;  // "slJN"
constexpr std::int32_t kSchemaVersion = 1;
constexpr const char* kSchema = R"(
  CREATE TABLE entry (
    sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind INTEGER NOT NULL,
    checksum INTEGER NOT NULL, bytes BLOB NOT NULL);
  CREATE TABLE state (
    sequence INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, bytes BLOB NOT NULL);
  CREATE TABLE window_state (
    start INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, bytes BLOB NOT NULL);
)";

std::int64_t stored(std::uint64_t value) { return std::bit_cast<std::int64_t>(value); }

std::int64_t stored(Seconds time) { return time.time_since_epoch().count(); }

std::int64_t checksum_of(std::string_view bytes, std::int64_t key) {
  return stored(stable_hash(bytes, static_cast<std::uint64_t>(key)));
}

// A row's time and kind are in its checksum too.
std::int64_t checksum_of(const JournalRow& row) {
  const std::uint64_t head[] = {row.sequence, row.kind,
                                static_cast<std::uint64_t>(row.time.time_since_epoch().count())};
  const std::string_view head_bytes(reinterpret_cast<const char*>(head), sizeof head);
  return checksum_of(row.bytes, stored(stable_hash(head_bytes)));
}

}  // namespace

Journal::Journal(JournalOptions options, Timestamp now) : options_(std::move(options)) {
  open(now);
}

void Journal::open(Timestamp now) {
  last_try_ = now;
  needs_checkpoint_ = true;
  bytes_ = 0;
  if (auto ready = prepare_file(now); !ready) lose_disk(ready.error(), now);
}

Expected<void> Journal::prepare_file(Timestamp now) {
  if (options_.claim_folder) {
    if (auto claimed = options_.claim_folder(); !claimed) return claimed;
  }
  auto database = Database::open({.path = options_.file,
                                  .application_id = kApplicationId,
                                  .schema_version = kSchemaVersion,
                                  .schema = kSchema,
                                  .synchronous = Synchronous::kFull},
                                 now);
  if (!database) return std::unexpected(database.error());
  if (!database->note().empty()) notices_.push_back({Notice::Kind::kMovedAside, database->note()});
  database_ = std::move(*database);
  identity_ = FileIdentity::of(options_.file);
  last_look_ = now;
  if (!std::exchange(is_doubtful_, false)) return {};
  auto check = database_->prepare("PRAGMA quick_check(1)");
  if (!check) return std::unexpected(check.error());
  const auto row = check->step();
  if (row && *row && check->column_text(0) == "ok") return {};
  *check = {};
  set_aside("it is damaged", now);
  return {};
}

// What is written to a file that was removed, or replaced, is seen by nobody after this life.
void Journal::look_at_file(Timestamp now) {
  const bool is_time = now >= last_look_ + options_.retry_interval || now < last_look_;
  if (!database_ || !is_time) return;
  last_look_ = now;
  if (options_.claim_folder) {
    if (auto claimed = options_.claim_folder(); !claimed) return lose_disk(claimed.error(), now);
  }
  if (FileIdentity::of(options_.file) == identity_) return;
  notices_.push_back(
      {Notice::Kind::kReplaced,
       fmt::format("{} was removed or replaced while the relay used it; it is made anew, with all "
                   "that the relay holds; stop the relay before you touch its state_dir",
                   options_.file)});
  database_.reset();
  is_out_ = true;  // Its end is told.
  open(now);
}

// The connection goes too: whatever was wrong with it, the next one begins anew.
void Journal::lose_disk(const Error& error, Timestamp now) {
  database_.reset();
  needs_checkpoint_ = true;
  bytes_ = 0;
  last_try_ = now;
  if (std::exchange(is_out_, true)) return;
  notices_.push_back({Notice::Kind::kJournalFailed,
                      fmt::format("{}; until then the journal is not kept, and a restart loses "
                                  "what has come in; it is tried "
                                  "again every {} s",
                                  error.message(), options_.retry_interval.count())});
}

void Journal::set_aside(std::string_view why, Timestamp now) {
  database_.reset();
  is_doubtful_ = false;
  auto target = Database::move_aside(options_.file, "damaged", now);
  if (target) {
    notices_.push_back(
        {Notice::Kind::kMovedAside,
         fmt::format("{}: {}; it was moved to {} and a fresh one was made; it can be removed when "
                     "nobody wants to look into it",
                     options_.file, why, *target)});
  } else {
    notices_.push_back({Notice::Kind::kJournalFailed, target.error().message()});
  }
  open(now);
}

Expected<std::uint64_t> Journal::read_number(std::string_view sql) {
  auto statement = database_->prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  const auto row = statement->step();
  if (!row) return std::unexpected(row.error());
  return *row ? static_cast<std::uint64_t>(statement->column_int64(0)) : 0;
}

bool Journal::append(std::span<const JournalRow> rows, Timestamp now) {
  if (rows.empty()) return true;
  for (const JournalRow& row : rows) {
    SLUICE_CHECK(row.sequence > last_sequence_, "rows are appended in the order of their sequence");
    last_sequence_ = row.sequence;
  }
  look_at_file(now);
  // A clock that was put back does not put the next try off.
  const bool is_time = now >= last_try_ + options_.retry_interval || now < last_try_;
  if (!database_ && is_time) open(now);
  std::uint64_t octets = 0;
  for (const JournalRow& row : rows) octets += row.bytes.size();
  if (bytes_ + octets > options_.bytes_max) needs_checkpoint_ = true;
  if (database_ && !needs_checkpoint_) {
    const auto written = write_rows(rows);
    if (written) {
      // Not at the checkpoint: a disk that has room for no more would be told of every minute.
      if (std::exchange(is_out_, false))
        notices_.push_back({Notice::Kind::kJournalKept,
                            fmt::format("{}: the journal is kept again", options_.file)});
      ++stats_.appends;
      stats_.octets += octets;
      bytes_ += octets;
      return true;
    }
    is_doubtful_ = true;
    lose_disk(written.error(), now);
  }
  ++stats_.appends_lost;
  return false;
}

Expected<void> Journal::write_rows(std::span<const JournalRow> rows) {
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return std::unexpected(transaction.error());
  auto insert = database_->prepare("INSERT INTO entry VALUES (?1, ?2, ?3, ?4, ?5)");
  if (!insert) return std::unexpected(insert.error());
  for (const JournalRow& row : rows) {
    insert->bind(1, stored(row.sequence)).bind(2, row.time.time_since_epoch().count());
    insert->bind(3, row.kind).bind(4, checksum_of(row)).bind_blob(5, row.bytes);
    if (auto done = insert->run(); !done) return done;
  }
  return transaction->commit();
}

void Journal::sync() {
  // Rows are on the disk in either file, so nothing is lost when it fails; closing tries again.
  if (database_) std::ignore = database_->execute("PRAGMA wal_checkpoint(PASSIVE)");
}

bool Journal::checkpoint(const JournalCheckpoint& checkpoint, Timestamp now) {
  if (!database_) return false;
  // What is missing in the file must be in the checkpoint, or it would be missing for good. A
  // caller on another thread may not know yet that it is needed.
  const bool is_whole = checkpoint.sequence >= last_sequence_ &&
                        checkpoint.windows.size() == checkpoint.living.size();
  if (needs_checkpoint_ && !is_whole) return false;
  last_sequence_ = std::max(last_sequence_, checkpoint.sequence);
  const auto written = write_checkpoint(checkpoint);
  if (!written) {
    is_doubtful_ = true;
    lose_disk(written.error(), now);
    return false;
  }
  needs_checkpoint_ = !*written;
  if (needs_checkpoint_) return false;
  ++stats_.checkpoints;
  return true;
}

// False: a window that lives is neither given nor in the file. Rows go first, so that on a full
// disk the checkpoint can take their pages.
Expected<bool> Journal::write_checkpoint(const JournalCheckpoint& checkpoint) {
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return std::unexpected(transaction.error());
  if (needs_checkpoint_) {
    auto cleared = database_->execute("DELETE FROM entry; DELETE FROM window_state");
    if (!cleared) return std::unexpected(cleared.error());
  }
  auto remove = database_->prepare("DELETE FROM entry WHERE sequence <= ?1");
  if (!remove) return std::unexpected(remove.error());
  remove->bind(1, stored(checkpoint.sequence));
  if (auto done = remove->run(); !done) return std::unexpected(done.error());
  if (auto done = database_->execute("DELETE FROM state"); !done)
    return std::unexpected(done.error());
  auto insert = database_->prepare("INSERT INTO state VALUES (?1, ?2, ?3)");
  if (!insert) return std::unexpected(insert.error());
  const std::int64_t sequence = stored(checkpoint.sequence);
  insert->bind(1, sequence).bind(2, checksum_of(checkpoint.state, sequence));
  insert->bind_blob(3, checkpoint.state);
  if (auto done = insert->run(); !done) return std::unexpected(done.error());
  if (auto done = write_windows(checkpoint); !done) return std::unexpected(done.error());

  const auto windows = read_number("SELECT count(*) FROM window_state");
  if (!windows) return std::unexpected(windows.error());
  if (*windows != checkpoint.living.size()) return false;
  const auto bytes = read_number("SELECT total(length(bytes)) FROM entry");
  if (!bytes) return std::unexpected(bytes.error());
  if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
  bytes_ = *bytes;
  return true;
}

Expected<void> Journal::write_windows(const JournalCheckpoint& checkpoint) {
  std::vector<Seconds> living(checkpoint.living.begin(), checkpoint.living.end());
  std::ranges::sort(living);
  std::vector<std::int64_t> gone;
  auto starts = database_->prepare("SELECT start FROM window_state");
  if (!starts) return std::unexpected(starts.error());
  for (auto row = starts->step();; row = starts->step()) {
    if (!row) return std::unexpected(row.error());
    if (!*row) break;
    const Seconds start{std::chrono::seconds(starts->column_int64(0))};
    if (!std::ranges::binary_search(living, start)) gone.push_back(starts->column_int64(0));
  }
  auto remove = database_->prepare("DELETE FROM window_state WHERE start = ?1");
  if (!remove) return std::unexpected(remove.error());
  for (const std::int64_t start : gone) {
    if (auto done = remove->bind(1, start).run(); !done) return done;
  }
  auto put = database_->prepare("INSERT OR REPLACE INTO window_state VALUES (?1, ?2, ?3)");
  if (!put) return std::unexpected(put.error());
  for (const JournalWindow& window : checkpoint.windows) {
    const std::int64_t start = stored(window.start);
    put->bind(1, start).bind(2, checksum_of(window.bytes, start)).bind_blob(3, window.bytes);
    if (auto done = put->run(); !done) return done;
  }
  return {};
}

Expected<bool> Journal::load(const JournalReplay& replay) {
  if (!database_) return false;
  auto loaded = load_state(replay);
  if (loaded && *loaded) {
    if (auto done = load_windows(replay); !done) loaded = std::unexpected(done.error());
  }
  if (loaded && *loaded) {
    if (auto done = load_rows(replay); !done) loaded = std::unexpected(done.error());
  }
  if (!loaded) return std::unexpected(std::move(loaded).error());
  needs_checkpoint_ = !*loaded;
  return loaded;
}

Expected<bool> Journal::load_state(const JournalReplay& replay) {
  const auto last = read_number("SELECT max(sequence) FROM entry");
  if (!last) return std::unexpected(last.error());
  last_sequence_ = std::max(last_sequence_, *last);
  auto select = database_->prepare("SELECT sequence, checksum, bytes FROM state");
  if (!select) return std::unexpected(select.error());
  const auto row = select->step();
  if (!row) return std::unexpected(row.error());
  if (!*row) return false;
  const std::int64_t sequence = select->column_int64(0);
  last_sequence_ = std::max(last_sequence_, static_cast<std::uint64_t>(sequence));
  if (checksum_of(select->column_blob(2), sequence) != select->column_int64(1))
    return fail("the state of its checkpoint is damaged");
  if (auto taken = replay.take_state(select->column_blob(2)); !taken)
    return at("the state of its checkpoint", taken.error());
  return true;
}

Expected<void> Journal::load_windows(const JournalReplay& replay) {
  auto select =
      database_->prepare("SELECT start, checksum, bytes FROM window_state ORDER BY start");
  if (!select) return std::unexpected(select.error());
  while (true) {
    const auto row = select->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
    const std::int64_t start = select->column_int64(0);
    const JournalWindow window{.start = Seconds(std::chrono::seconds(start)),
                               .bytes = select->column_blob(2)};
    const std::string place = fmt::format("window {} of its checkpoint", start);
    if (checksum_of(window.bytes, start) != select->column_int64(1))
      return fail(place + " is damaged");
    if (auto taken = replay.take_window(window); !taken) return at(place, taken.error());
  }
}

Expected<void> Journal::load_rows(const JournalReplay& replay) {
  auto select = database_->prepare(
      "SELECT sequence, time, kind, checksum, bytes FROM entry ORDER BY sequence");
  if (!select) return std::unexpected(select.error());
  std::uint64_t bytes = 0;
  while (true) {
    const auto stands = select->step();
    if (!stands) return std::unexpected(stands.error());
    if (!*stands) break;
    const JournalRow row{
        .sequence = static_cast<std::uint64_t>(select->column_int64(0)),
        .time = Timestamp(std::chrono::nanoseconds(select->column_int64(1))),
        .kind = static_cast<std::uint8_t>(select->column_int64(2)),
        .bytes = select->column_blob(4),
    };
    const std::string place = fmt::format("row {}", row.sequence);
    if (checksum_of(row) != select->column_int64(3)) return fail(place + " is damaged");
    if (auto taken = replay.take_row(row); !taken) return at(place, taken.error());
    bytes += row.bytes.size();
  }
  bytes_ = bytes;
  return {};
}

std::vector<Notice> Journal::take_notices() { return std::exchange(notices_, {}); }

}  // namespace sluice
