#include "store/spool_tables.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

namespace sluice {
namespace {

constexpr std::int32_t kApplicationId = 0x536c5370;  // "SlSp"
constexpr std::int32_t kSchemaVersion = 1;

// state: 0 waits, 1 waits for a replay, 2 acknowledged. Hashes are 64-bit numbers in the machine's
// own order. The index on held carries what is added up, so that a start need not read the lines.
constexpr const char* kSchema = R"(
CREATE TABLE batch (
  id INTEGER PRIMARY KEY, window INTEGER NOT NULL, scope INTEGER NOT NULL, state INTEGER NOT NULL,
  version INTEGER NOT NULL, count INTEGER NOT NULL, bytes INTEGER NOT NULL,
  checksum INTEGER NOT NULL, acknowledged_at INTEGER);
CREATE INDEX batch_waiting ON batch (window, scope) WHERE state < 2;
CREATE INDEX batch_acknowledged ON batch (acknowledged_at) WHERE state = 2;
CREATE TABLE lines (batch_id INTEGER PRIMARY KEY, text BLOB NOT NULL);
CREATE TABLE held (
  series_group INTEGER NOT NULL, window INTEGER NOT NULL, id INTEGER NOT NULL,
  scope INTEGER NOT NULL, version INTEGER NOT NULL, count INTEGER NOT NULL, bytes INTEGER NOT NULL,
  checksum INTEGER NOT NULL, text BLOB NOT NULL,
  PRIMARY KEY (series_group, window, id)) WITHOUT ROWID;
CREATE INDEX held_window ON held (window, count, bytes);
CREATE TABLE series_group (id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, hashes BLOB NOT NULL);
CREATE TABLE known (id INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
CREATE TABLE number (id INTEGER PRIMARY KEY, value INTEGER NOT NULL);
)";

Seconds seconds_from(std::int64_t value) { return Seconds(std::chrono::seconds(value)); }

std::int64_t number_of(Seconds time) { return time.time_since_epoch().count(); }

// What a damaged file says may be anything.
Scope scope_from(std::int64_t value) {
  return static_cast<Scope>(
      std::clamp<std::int64_t>(value, 0, static_cast<std::int64_t>(Scope::kRelay)));
}

std::string_view bytes_of(std::span<const std::uint64_t> hashes) {
  return {reinterpret_cast<const char*>(hashes.data()), hashes.size_bytes()};
}

void append_hashes(std::vector<std::uint64_t>& hashes, std::string_view bytes) {
  const std::size_t before = hashes.size();
  hashes.resize(before + bytes.size() / sizeof(std::uint64_t));
  if (hashes.size() > before)
    std::memcpy(&hashes[before], bytes.data(), (hashes.size() - before) * sizeof(std::uint64_t));
}

// The first columns of every query that tells of rows: id, window, scope, state, version, count,
// bytes.
LinesInfo read_info(const Statement& row) {
  return {.id = row.column_int64(0),
          .window = seconds_from(row.column_int64(1)),
          .scope = scope_from(row.column_int64(2)),
          .is_replay = row.column_int64(3) == 1,
          .version = static_cast<std::uint64_t>(row.column_int64(4)),
          .count = static_cast<std::uint32_t>(row.column_int64(5)),
          .bytes = static_cast<std::uint64_t>(row.column_int64(6))};
}

// Calls `take` for each row that is left.
template <typename Take>
Expected<void> each_row(Statement& statement, Take take) {
  while (true) {
    const auto more = statement.step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return {};
    take(statement);
  }
}

// What `read` makes of each row, as a list.
template <typename Read>
auto list_rows(Statement& statement, Read read)
    -> Expected<std::vector<decltype(read(statement))>> {
  std::vector<decltype(read(statement))> list;
  auto done = each_row(statement, [&](const Statement& row) { list.push_back(read(row)); });
  if (!done) return std::unexpected(done.error());
  return list;
}

std::int64_t signed_of(std::uint64_t value) { return static_cast<std::int64_t>(value); }

}  // namespace

#define SLUICE_BATCH_INFO "SELECT id, window, scope, state, version, count, bytes "

// In the order of `sql` in prepare().
enum SpoolTables::Query : std::size_t {
  kInsertBatch,
  kInsertLines,
  kSumWaiting,
  kWaitingIn,
  kReadLines,
  kUpdateBatch,
  kUpdateLines,
  kRemoveBatch,
  kRemoveLines,
  kMarkAcknowledged,
  kAcknowledged,
  kReplayed,
  kReplay,
  kHold,
  kSumHeld,
  kHeldBy,
  kHeldIn,
  kRemoveHeld,
  kRemoveHeldBy,
  kRemoveHeldIn,
  kSaveGroup,
  kRemoveGroup,
  kGroups,
  kAddKnown,
  kKnown,
  kSave,
  kLoad,
  kRows,
  kRowsFromTheEnd,
  kHeldGroups,
  kHeldGroupsFromTheEnd,
  kCount
};

Expected<SpoolTables> SpoolTables::open(const std::string& path, Timestamp now) {
  auto database = Database::open({.path = path,
                                  .application_id = kApplicationId,
                                  .schema_version = kSchemaVersion,
                                  .schema = kSchema,
                                  .synchronous = Synchronous::kNormal},
                                 now);
  if (!database) return std::unexpected(database.error());
  SpoolTables tables;
  tables.database_ = std::move(*database);
  if (auto prepared = tables.prepare(); !prepared) return std::unexpected(prepared.error());
  return tables;
}

Expected<std::uint64_t> SpoolTables::count_waiting(const std::string& path) {
  auto tables = open_damaged(path);
  if (!tables) return std::unexpected(std::move(tables).error());
  const auto waiting = tables->sum_waiting();
  if (!waiting) return std::unexpected(waiting.error());
  const auto held = tables->sum_held();
  if (!held) return std::unexpected(held.error());
  std::uint64_t count = 0;
  for (const LinesSum& sum : *waiting) count += sum.is_replay ? 0 : sum.count;
  for (const LinesSum& sum : *held) count += sum.count;
  return count;
}

Expected<SpoolTables> SpoolTables::open_damaged(const std::string& path) {
  auto database = Database::open_damaged(path);
  if (!database) return std::unexpected(database.error());
  SpoolTables tables;
  tables.database_ = std::move(*database);
  if (auto prepared = tables.prepare(); !prepared) return std::unexpected(prepared.error());
  return tables;
}

Expected<void> SpoolTables::prepare() {
  static_assert(kCount == kQueryCount);
  constexpr std::array<std::string_view, kCount> sql{
      "INSERT INTO batch (id, window, scope, state, version, count, bytes, checksum) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
      "INSERT OR REPLACE INTO lines (batch_id, text) VALUES (?1, ?2)",
      "SELECT window, scope, state, count(*), sum(count), sum(bytes) FROM batch WHERE state < 2 "
      "GROUP BY window, scope, state",
      SLUICE_BATCH_INFO "FROM batch WHERE window = ?1 AND scope = ?2 AND state < 2 ORDER BY id",
      "SELECT checksum, text FROM batch JOIN lines ON batch_id = id WHERE id = ?1",
      "UPDATE batch SET count = ?2, bytes = ?3, checksum = ?4 WHERE id = ?1",
      "UPDATE lines SET text = ?2 WHERE batch_id = ?1",
      "DELETE FROM batch WHERE id = ?1",
      "DELETE FROM lines WHERE batch_id = ?1",
      "UPDATE batch SET state = 2, acknowledged_at = ?2 WHERE id = ?1",
      "SELECT id, acknowledged_at, bytes FROM batch WHERE state = 2 ORDER BY acknowledged_at, id",
      SLUICE_BATCH_INFO "FROM batch WHERE state = 2 ORDER BY id",
      "UPDATE batch SET state = 1, acknowledged_at = NULL WHERE state = 2",
      "INSERT INTO held (series_group, window, id, scope, version, count, bytes, checksum, text) "
      "VALUES (?1, ?2, (SELECT ifnull(max(id), 0) + 1 FROM held WHERE series_group = ?1 AND "
      "window = ?2), ?3, ?4, ?5, ?6, ?7, ?8)",
      "SELECT window, 0, 0, count(*), sum(count), sum(bytes) FROM held GROUP BY window",
      "SELECT id, window, scope, 0, version, count, bytes, checksum, text FROM held "
      "WHERE series_group = ?1 ORDER BY window, id",
      "SELECT id, window, 0, 0, 0, count, bytes, series_group FROM held WHERE window = ?1 "
      "ORDER BY series_group DESC, id",
      "DELETE FROM held WHERE series_group = ?1 AND window = ?2 AND id = ?3",
      "DELETE FROM held WHERE series_group = ?1",
      "DELETE FROM held WHERE window = ?1",
      "INSERT OR REPLACE INTO series_group (id, scope, hashes) VALUES (?1, ?2, ?3)",
      "DELETE FROM series_group WHERE id = ?1",
      "SELECT id, scope, hashes FROM series_group ORDER BY id",
      "INSERT INTO known (hashes) VALUES (?1)",
      "SELECT hashes FROM known",
      "INSERT OR REPLACE INTO number (id, value) VALUES (?1, ?2)",
      "SELECT value FROM number WHERE id = ?1",
      SLUICE_BATCH_INFO ", acknowledged_at FROM batch ORDER BY id",
      SLUICE_BATCH_INFO ", acknowledged_at FROM batch ORDER BY id DESC",
      "SELECT DISTINCT series_group FROM held ORDER BY series_group",
      "SELECT DISTINCT series_group FROM held ORDER BY series_group DESC",
  };
  for (std::size_t i = 0; i < sql.size(); ++i) {
    auto statement = database_.prepare(sql[i]);
    if (!statement) return std::unexpected(statement.error());
    statements_[i] = std::move(*statement);
  }
  return {};
}

Expected<std::int64_t> SpoolTables::insert(const LinesInfo& info, std::string_view lines) {
  Statement& batch = query(kInsertBatch);
  info.id == 0 ? batch.bind_null(1) : batch.bind(1, info.id);
  batch.bind(2, number_of(info.window)).bind(3, static_cast<std::int64_t>(info.scope));
  batch.bind(4, info.is_replay ? 1 : 0).bind(5, signed_of(info.version)).bind(6, info.count);
  batch.bind(7, signed_of(info.bytes)).bind(8, signed_of(checksum_of(info, lines)));
  if (auto done = batch.run(); !done) return std::unexpected(done.error());
  const std::int64_t id = database_.last_insert_id();
  if (auto done = query(kInsertLines).bind(1, id).bind_blob(2, lines).run(); !done)
    return std::unexpected(done.error());
  return id;
}

Expected<std::vector<LinesSum>> SpoolTables::sum_waiting() {
  return list_rows(query(kSumWaiting), [](const Statement& row) {
    return LinesSum{.window = seconds_from(row.column_int64(0)),
                    .scope = scope_from(row.column_int64(1)),
                    .is_replay = row.column_int64(2) == 1,
                    .rows = static_cast<std::uint64_t>(row.column_int64(3)),
                    .count = static_cast<std::uint64_t>(row.column_int64(4)),
                    .bytes = static_cast<std::uint64_t>(row.column_int64(5))};
  });
}

Expected<std::vector<LinesInfo>> SpoolTables::waiting_in(Seconds window, Scope scope) {
  Statement& select = query(kWaitingIn);
  select.bind(1, number_of(window)).bind(2, static_cast<std::int64_t>(scope));
  return list_rows(select, read_info);
}

Expected<std::optional<std::string>> SpoolTables::read_lines(const LinesInfo& info) {
  Statement& select = query(kReadLines);
  const auto found = select.bind(1, info.id).step();
  if (!found) return std::unexpected(found.error());
  std::optional<std::string> lines;
  if (*found && select.column_int64(0) == signed_of(checksum_of(info, select.column_blob(1))))
    lines = select.column_blob(1);
  select.reset();
  return lines;
}

Expected<void> SpoolTables::replace_lines(const LinesInfo& info, std::string_view lines) {
  Statement& batch = query(kUpdateBatch);
  batch.bind(1, info.id).bind(2, info.count).bind(3, signed_of(info.bytes));
  if (auto done = batch.bind(4, signed_of(checksum_of(info, lines))).run(); !done) return done;
  return query(kUpdateLines).bind(1, info.id).bind_blob(2, lines).run();
}

Expected<void> SpoolTables::remove(std::int64_t id) {
  if (auto done = query(kRemoveLines).bind(1, id).run(); !done) return done;
  return query(kRemoveBatch).bind(1, id).run();
}

Expected<void> SpoolTables::mark_acknowledged(std::int64_t id, Seconds at) {
  return query(kMarkAcknowledged).bind(1, id).bind(2, number_of(at)).run();
}

Expected<std::vector<AcknowledgedRow>> SpoolTables::acknowledged() {
  return list_rows(query(kAcknowledged), [](const Statement& row) {
    return AcknowledgedRow{.id = row.column_int64(0),
                           .at = seconds_from(row.column_int64(1)),
                           .bytes = static_cast<std::uint64_t>(row.column_int64(2)) + kRowBytes};
  });
}

Expected<std::vector<LinesInfo>> SpoolTables::replay_acknowledged() {
  auto list = list_rows(query(kReplayed), read_info);
  if (!list) return list;
  for (LinesInfo& info : *list) info.is_replay = true;
  if (auto done = query(kReplay).run(); !done) return std::unexpected(done.error());
  return list;
}

Expected<void> SpoolTables::hold(std::int64_t group, const LinesInfo& info,
                                 std::string_view lines) {
  Statement& insert = query(kHold);
  insert.bind(1, group).bind(2, number_of(info.window));
  insert.bind(3, static_cast<std::int64_t>(info.scope)).bind(4, signed_of(info.version));
  insert.bind(5, info.count).bind(6, signed_of(info.bytes));
  return insert.bind(7, signed_of(checksum_of(info, lines))).bind_blob(8, lines).run();
}

Expected<std::vector<LinesSum>> SpoolTables::sum_held() {
  return list_rows(query(kSumHeld), [](const Statement& row) {
    return LinesSum{.window = seconds_from(row.column_int64(0)),
                    .rows = static_cast<std::uint64_t>(row.column_int64(3)),
                    .count = static_cast<std::uint64_t>(row.column_int64(4)),
                    .bytes = static_cast<std::uint64_t>(row.column_int64(5))};
  });
}

Expected<std::vector<LinesDraft>> SpoolTables::held_by(std::int64_t group) {
  return list_rows(query(kHeldBy).bind(1, group), [](const Statement& row) {
    LinesDraft draft{read_info(row), std::string(row.column_blob(8))};
    // Damaged lines count, but are not sent.
    if (row.column_int64(7) != signed_of(checksum_of(draft.info, draft.lines))) draft.lines.clear();
    return draft;
  });
}

Expected<std::vector<SpoolTables::HeldRow>> SpoolTables::held_in(Seconds window,
                                                                 std::uint64_t bytes_enough) {
  Statement& select = query(kHeldIn).bind(1, number_of(window));
  std::vector<HeldRow> list;
  for (std::uint64_t bytes = 0; bytes < bytes_enough;) {
    const auto more = select.step();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    list.push_back({.group = select.column_int64(7), .info = read_info(select)});
    bytes += stored_bytes(list.back().info);
  }
  select.reset();
  return list;
}

Expected<void> SpoolTables::remove_held(const HeldRow& row) {
  Statement& remove = query(kRemoveHeld);
  return remove.bind(1, row.group).bind(2, number_of(row.info.window)).bind(3, row.info.id).run();
}

Expected<void> SpoolTables::remove_held_by(std::int64_t group) {
  return query(kRemoveHeldBy).bind(1, group).run();
}

Expected<void> SpoolTables::remove_held_in(Seconds window) {
  return query(kRemoveHeldIn).bind(1, number_of(window)).run();
}

Expected<void> SpoolTables::save_group(const SeriesGroup& group) {
  Statement& save = query(kSaveGroup);
  save.bind(1, group.id).bind(2, static_cast<std::int64_t>(group.scope));
  return save.bind_blob(3, bytes_of(group.hashes)).run();
}

Expected<void> SpoolTables::remove_group(std::int64_t group) {
  return query(kRemoveGroup).bind(1, group).run();
}

Expected<std::vector<SeriesGroup>> SpoolTables::groups() {
  return list_rows(query(kGroups), [](const Statement& row) {
    SeriesGroup group{.id = row.column_int64(0), .scope = scope_from(row.column_int64(1))};
    append_hashes(group.hashes, row.column_blob(2));
    return group;
  });
}

Expected<void> SpoolTables::add_known(std::span<const std::uint64_t> hashes) {
  if (hashes.empty()) return {};
  return query(kAddKnown).bind_blob(1, bytes_of(hashes)).run();
}

Expected<void> SpoolTables::known(std::vector<std::uint64_t>& hashes) {
  return each_row(query(kKnown),
                  [&hashes](const Statement& row) { append_hashes(hashes, row.column_blob(0)); });
}

Expected<void> SpoolTables::save(Number number, std::int64_t value) {
  return query(kSave).bind(1, static_cast<std::int64_t>(number)).bind(2, value).run();
}

Expected<std::int64_t> SpoolTables::load(Number number) {
  Statement& select = query(kLoad).bind(1, static_cast<std::int64_t>(number));
  const auto found = select.step();
  if (!found) return std::unexpected(found.error());
  const std::int64_t value = *found ? select.column_int64(0) : 0;
  select.reset();
  return value;
}

std::vector<SpoolTables::StoredRow> SpoolTables::readable_rows(bool from_the_end) {
  std::vector<StoredRow> rows;
  std::ignore = each_row(query(from_the_end ? kRowsFromTheEnd : kRows), [&](const Statement& row) {
    rows.push_back({.info = read_info(row)});
    if (!row.column_is_null(7)) rows.back().acknowledged_at = seconds_from(row.column_int64(7));
  });
  return rows;
}

std::vector<std::int64_t> SpoolTables::readable_held_groups(bool from_the_end) {
  std::vector<std::int64_t> groups;
  std::ignore = each_row(query(from_the_end ? kHeldGroupsFromTheEnd : kHeldGroups),
                         [&](const Statement& row) { groups.push_back(row.column_int64(0)); });
  return groups;
}

}  // namespace sluice
