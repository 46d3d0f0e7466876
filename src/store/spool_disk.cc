// The file of a spool, and how the spool goes on without it.
#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <tuple>
#include <utility>

#include "sluice/base/check.h"
#include "store/spool.h"

namespace sluice {
namespace {

constexpr const char* kMemory = ":memory:";
constexpr std::chrono::seconds kRetry{60};

// Where versions count from in a life that could not read the file: above all that it may hold,
// since no life publishes a million times a second.
std::uint64_t blind_version_base(Timestamp now) {
  constexpr unsigned kMillion = 20;  // 2^20.
  const std::int64_t seconds = floor_to_seconds(now).time_since_epoch().count();
  return seconds > 0 ? static_cast<std::uint64_t>(seconds) << kMillion : 0;
}

// A file is made smaller when that much of it is free,
constexpr std::int64_t kFreeBytesMax = std::int64_t{64} << 20;
// and no more than this is left, which has to be copied.
constexpr std::int64_t kCopiedBytesMax = std::int64_t{32} << 20;

SpoolTables open_memory(Timestamp now) {
  auto tables = SpoolTables::open(kMemory, now);
  SLUICE_CHECK(tables.has_value(), "tables in memory can be made");
  return std::move(*tables);
}

}  // namespace

void Spool::notify(Notice::Kind kind, std::string text) {
  constexpr std::size_t kNoticesMax = 100;  // If nobody takes them.
  if (notices_.size() < kNoticesMax) notices_.push_back({kind, std::move(text)});
}

bool Spool::is_on_disk() const { return tables_.database().path() != kMemory; }

void Spool::open_file(Timestamp now) {
  if (options_.file.empty()) {
    tables_ = open_memory(now);
    is_file_read_ = true;
    return;
  }
  auto tables = SpoolTables::open(options_.file, now);
  if (!tables) {
    ++stats_.failures;
    notify(Notice::Kind::kSpoolInMemory,
           fmt::format("spool {}; it is kept in memory and lost if the relay stops; the file is "
                       "tried again every minute",
                       tables.error().message()));
    tables_ = open_memory(now);
    version_base_ = greatest_version_ = blind_version_base(now);
    failed_at_ = now;
    next_try_ = now + kRetry;
    return;
  }
  tables_ = std::move(*tables);
  identity_ = FileIdentity::of(options_.file);
  next_look_ = now + kRetry;
  is_file_read_ = true;
  const std::string moved_to = tables_.database().moved_to();
  if (!moved_to.empty()) notify(Notice::Kind::kMovedAside, "spool " + tables_.database().note());
  if (auto loaded = run_once([this] { return load_series(); }); !loaded)
    go_on_in_memory(loaded.error());
  load_or_rescue();
  if (moved_to.find(".damaged-") != std::string::npos) salvage(moved_to);
  version_base_ = greatest_version_;
}

// Takes what can be read out of a file that had to go.
void Spool::salvage(const std::string& file) {
  auto source = SpoolTables::open_damaged(file);
  if (!source) return;
  run([&] { return rescue(*source, false); });
  load_or_rescue();
  notify(Notice::Kind::kMovedAside,
         fmt::format("spool {}: {} waiting datapoints and {} known series could be read out of it",
                     file, index_.waiting_count() + index_.held_count(), series_.known_count()));
}

Expected<void> Spool::run_once(const Operation& operation) {
  auto transaction = Transaction::begin(tables_.database());
  if (!transaction) {
    is_damage_ = tables_.database().is_damaged();
    return std::unexpected(transaction.error());
  }
  auto done = operation();
  if (done) done = transaction->commit();
  // Asked before the rollback, which is another operation.
  if (!done) is_damage_ = tables_.database().is_damaged();
  return done;
}

bool Spool::run(const Operation& operation) {
  auto done = run_once(operation);
  if (!done && go_on_in_memory(done.error())) done = run_once(operation);
  return done.has_value();
}

// False when memory itself failed, and nothing is left to try.
bool Spool::go_on_in_memory(const Error& error) {
  const bool was_on_disk = is_on_disk();
  if (!was_on_disk && !is_damage_) return false;
  if (was_on_disk) {
    ++stats_.failures;
    is_file_damaged_ = is_damage_;
    failed_at_ = now_;
    next_try_ = now_ + kRetry;
  }
  move_to_memory();
  if (was_on_disk)
    notify(
        Notice::Kind::kSpoolInMemory,
        fmt::format("spool {}; it goes on in memory with {} datapoints that wait, which are lost "
                    "if the relay stops; the file is tried again every minute",
                    error.message(), accounted()));
  return true;
}

void Spool::move_to_memory() {
  SpoolTables memory = open_memory(now_);
  const bool is_copied = !is_damage_ && tables_.database().copy_to(memory.database()).has_value();
  if (!is_copied) memory = open_memory(now_);
  SpoolTables source = std::exchange(tables_, std::move(memory));
  if (!is_copied) std::ignore = run_once([&] { return rescue(source, true); });
  is_damage_ = false;
  load_or_rescue();
}

// What is written to a file that was removed, or replaced, is seen by nobody after this life.
void Spool::look_at_file(Timestamp now) {
  if (!is_on_disk() || (now < next_look_ && now + kRetry >= next_look_)) return;
  next_look_ = now + kRetry;
  if (FileIdentity::of(options_.file) == identity_) return;
  is_damage_ = false;
  const Error gone{{}, options_.file + ": it was removed or replaced while the relay used it"};
  if (go_on_in_memory(gone)) next_try_ = now;
}

void Spool::try_file(Timestamp now) {
  look_at_file(now);
  if (is_on_disk() || options_.file.empty()) return;
  if (now < next_try_ && now + kRetry >= next_try_) return;  // The clock may have been set back.
  next_try_ = now + kRetry;
  if (auto done = return_to_file(now); !done) return;
  notify(Notice::Kind::kSpoolOnDisk,
         fmt::format("spool {}: it is on disk again after {} s, with all that waited in memory",
                     options_.file,
                     std::chrono::duration_cast<std::chrono::seconds>(now - failed_at_).count()));
}

Expected<void> Spool::return_to_file(Timestamp now) {
  if (!make_room_on_disk()) return fail("no room");
  if (is_file_damaged_) {
    const auto moved = Database::move_aside(options_.file, "damaged", now);
    if (!moved) return std::unexpected(moved.error());
    is_file_damaged_ = false;
    notify(Notice::Kind::kMovedAside,
           fmt::format("spool {}: the damaged file was moved to {}; it can be removed when nobody "
                       "wants to look into it",
                       options_.file, *moved));
  }
  auto file = SpoolTables::open(options_.file, now);
  if (!file) return std::unexpected(file.error());
  if (!file->database().note().empty())
    notify(Notice::Kind::kMovedAside, "spool " + file->database().note());
  if (!is_file_read_) {
    if (auto done = read_late(*file); !done) return done;
  }
  // Pages are copied, those that hold nothing any more too.
  if (auto done = tables_.database().execute("VACUUM"); !done) return done;
  if (auto done = tables_.database().copy_to(file->database()); !done) return done;
  tables_ = std::move(*file);
  identity_ = FileIdentity::of(options_.file);
  next_look_ = now + kRetry;
  return {};
}

// After an outage the file would keep the size it had at its worst.
void Spool::shrink_file(Timestamp now) {
  if (!is_on_disk() || (now < next_shrink_ && now + kRetry >= next_shrink_)) return;
  next_shrink_ = now + kRetry;
  Database& database = tables_.database();
  const auto page_bytes = database.read_number("PRAGMA page_size");
  const auto pages = database.read_number("PRAGMA page_count");
  const auto free_pages = database.read_number("PRAGMA freelist_count");
  if (!page_bytes || !pages || !free_pages) return;  // The next operation finds out why.
  if (*free_pages * *page_bytes < kFreeBytesMax) return;
  if ((*pages - *free_pages) * *page_bytes > kCopiedBytesMax) return;
  std::ignore = database.execute("VACUUM");  // All or nothing; a disk too full for it has time.
}

// The file could not be read at the start: what it holds is taken in before it is replaced.
Expected<void> Spool::read_late(SpoolTables& file) {
  const std::uint64_t before = accounted();
  std::uint64_t repeated = 0;
  auto done = run_once([&]() -> Expected<void> {
    if (auto rescued = rescue(file, false); !rescued) return rescued;
    const auto sorted = sort_held_again();
    if (!sorted) return std::unexpected(sorted.error());
    repeated = *sorted;
    return {};
  });
  if (!done) return done;
  is_file_read_ = true;
  load_or_rescue();
  stats_.superseded += repeated;
  stats_.spooled_at_start += accounted() + repeated - before;
  return {};
}

// Filling up a disk once a minute would be felt by its other users, so it is not tried without
// room. What the old file takes counts only when it can go: a program that died between its end and
// the first octet of the new one would have lost what waits.
bool Spool::make_room_on_disk() const {
  constexpr std::uint64_t kReserve = 256 * 1024;
  constexpr std::uint64_t kKnownBytes = 16;
  // Once in the write-ahead log, once in the file, with some loss.
  const std::uint64_t needed =
      2 * (bytes() + bytes() / 4 + series_.known_count() * kKnownBytes) + kReserve;
  std::error_code error;
  const auto folder = std::filesystem::absolute(options_.file, error).parent_path();
  const auto available = [&] { return std::filesystem::space(folder, error).available; };
  if (available() > needed || error) return true;  // Opening the file tells what the error was.
  if (accounted() > 0 || !is_file_read_ || is_file_damaged_) return false;
  for (const char* const suffix : {"-wal", "-shm", ""})
    std::filesystem::remove(options_.file + suffix, error);
  return available() > needed;
}

}  // namespace sluice
