#include "store/database.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "sluice/base/check.h"

namespace sluice {
namespace {

// Longer than any checkpoint of a neighbour, short enough that a stop is not held up.
constexpr int kBusyTimeoutMs = 2000;

// A long outage makes a long write-ahead log; this much of it is kept for reuse, not all.
constexpr int kWalBytesKept = 16 * 1024 * 1024;

// What SQLite's result means for whoever runs the relay, and what to do.
std::string explain(int result, int system_error, const char* sqlite_says) {
  const std::string system =
      system_error == 0 ? std::string(sqlite_says) : std::string(std::strerror(system_error));
  switch (result & 0xff) {
    case SQLITE_FULL:
      return "the disk is full; free some space";
    case SQLITE_READONLY:
      return fmt::format("it cannot be written ({}); look at its owner, mode and mount", system);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return fmt::format("it cannot be opened ({}); look at its folder, owner and mode", system);
    case SQLITE_IOERR:
      return fmt::format("the disk failed ({}); look at the kernel's log", system);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fmt::format("it is damaged ({})", sqlite_says);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process uses it; only one relay may use a state folder";
    default:
      return sqlite_says;
  }
}

// Made by us and not by SQLite, which would leave it readable for everyone. The -wal and -shm files
// get the mode of their database.
Expected<void> make_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  if (file < 0 && errno == EEXIST) return {};
  if (file < 0) {
    const char* const advice = errno == ENOSPC ? "free some space" : "look at its folder and owner";
    return at(path,
              Error{{}, fmt::format("it cannot be made ({}); {}", std::strerror(errno), advice)});
  }
  const bool is_ours = ::fchmod(file, 0640) == 0;  // Whatever the umask was.
  ::close(file);
  if (!is_ours) return at(path, Error{{}, "its mode cannot be set to 0640"});
  return {};
}

std::string describe_move(const std::string& path, const std::string& kind,
                          const std::string& target) {
  const char* what = "is damaged";
  const char* advice = "it can be removed when nobody wants to look into it";
  if (kind == "foreign") what = "was not written by this part of sluice";
  if (kind == "foreign") advice = "give it back to its owner, or remove it";
  if (kind == "newer") what = "was written by a newer sluice";
  if (kind == "newer") advice = "to go on with it, run the newer version and move it back";
  if (kind == "older") what = "was written by an older sluice in a form that is not read any more";
  return fmt::format("{} {}; it was moved to {} and a fresh one was made; {}", path, what, target,
                     advice);
}

}  // namespace

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Statement& Statement::bind(int index, std::int64_t value) {
  const int result = sqlite3_bind_int64(statement_.get(), index, value);
  if (bind_error_ == SQLITE_OK) bind_error_ = result;
  return *this;
}

Statement& Statement::bind_text(int index, std::string_view text) {
  const int result = sqlite3_bind_text64(statement_.get(), index, text.data(), text.size(),
                                         SQLITE_STATIC, SQLITE_UTF8);
  if (bind_error_ == SQLITE_OK) bind_error_ = result;
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
  // A null pointer would bind NULL.
  const char* const data = bytes.data() == nullptr ? "" : bytes.data();
  const int result =
      sqlite3_bind_blob64(statement_.get(), index, data, bytes.size(), SQLITE_STATIC);
  if (bind_error_ == SQLITE_OK) bind_error_ = result;
  return *this;
}

Statement& Statement::bind_null(int index) {
  const int result = sqlite3_bind_null(statement_.get(), index);
  if (bind_error_ == SQLITE_OK) bind_error_ = result;
  return *this;
}

Expected<bool> Statement::step() {
  int result = std::exchange(bind_error_, SQLITE_OK);
  if (result == SQLITE_OK) result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  sqlite3* const connection = sqlite3_db_handle(statement_.get());
  std::string what;
  if (result != SQLITE_DONE)
    what = explain(result, sqlite3_system_errno(connection), sqlite3_errmsg(connection));
  sqlite3_reset(statement_.get());
  if (result == SQLITE_DONE) return false;
  const char* const path = sqlite3_db_filename(connection, "main");
  return at(path == nullptr || *path == '\0' ? ":memory:" : path, Error{{}, std::move(what)});
}

Expected<void> Statement::run() {
  while (true) {
    const auto more = step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return {};
  }
}

void Statement::reset() noexcept { sqlite3_reset(statement_.get()); }

std::int64_t Statement::column_int64(int index) const noexcept {
  return sqlite3_column_int64(statement_.get(), index);
}

std::string_view Statement::column_text(int index) const noexcept {
  const auto* const text =
      reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), index));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), index))};
}

std::string_view Statement::column_blob(int index) const noexcept {
  const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), index));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), index))};
}

bool Statement::column_is_null(int index) const noexcept {
  return sqlite3_column_type(statement_.get(), index) == SQLITE_NULL;
}

void Database::Closer::operator()(sqlite3* connection) const noexcept {
  sqlite3_close_v2(connection);
}

Expected<Database> Database::open(const DatabaseOptions& options, Timestamp now) {
  SLUICE_CHECK(options.application_id != 0 && options.schema_version > 0,
               "a database of ours has an application id and a version");
  std::string note;
  std::string moved_to;
  for (int attempt = 0;; ++attempt) {
    auto database = connect(options);
    if (!database) return database;
    auto mismatch = database->kind_of_mismatch(options);
    if (!mismatch) return std::unexpected(mismatch.error());
    if (mismatch->empty()) {
      database->note_ = std::move(note);
      database->moved_to_ = std::move(moved_to);
      return database;
    }
    const std::string problem = database->failure().error().message();
    database->connection_.reset();
    // A fresh file that reads as damaged is no file's fault.
    if (attempt > 0 || options.path == ":memory:") return fail(problem);
    auto target = move_aside(options.path, *mismatch, now);
    if (!target) return std::unexpected(target.error());
    note = describe_move(options.path, *mismatch, *target);
    moved_to = std::move(*target);
  }
}

Expected<Database> Database::open_damaged(const std::string& path) {
  auto database = connect({.path = path});
  if (!database) return database;
  // The first lets SQLite read a file that is shorter than it says.
  auto done = database->execute("PRAGMA writable_schema = ON; PRAGMA query_only = ON;");
  if (!done) return std::unexpected(done.error());
  return database;
}

Expected<std::string> Database::move_aside(const std::string& path, const std::string& kind,
                                           Timestamp now) {
  const std::string stem =
      fmt::format("{}.{}-{:%Y%m%dT%H%M%SZ}", path, kind,
                  fmt::gmtime(floor_to_seconds(now).time_since_epoch().count()));
  std::string target = stem;  // A name that is free.
  std::error_code error;
  for (int i = 2; std::filesystem::exists(target, error); ++i)
    target = fmt::format("{}-{}", stem, i);
  for (const char* const suffix : {"-wal", "-shm", ""}) {
    if (!std::filesystem::exists(path + suffix, error)) continue;
    std::filesystem::rename(path + suffix, target + suffix, error);
    if (error)
      return at(path + suffix, Error{{},
                                     fmt::format("it cannot be moved aside to {} ({}); move or "
                                                 "remove it by hand",
                                                 target + suffix, error.message())});
  }
  return target;
}

Expected<Database> Database::connect(const DatabaseOptions& options) {
  if (options.path != ":memory:") {
    if (auto made = make_file(options.path); !made) return std::unexpected(made.error());
  }
  Database database;
  database.path_ = options.path;
  sqlite3* connection = nullptr;
  const int result =
      sqlite3_open_v2(options.path.c_str(), &connection,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  database.connection_.reset(connection);
  if (connection == nullptr) return at(options.path, Error{{}, "no memory to open it"});
  sqlite3_extended_result_codes(connection, 1);
  if (result != SQLITE_OK) return database.failure();
  sqlite3_busy_timeout(connection, kBusyTimeoutMs);
  // The lock is taken with the first access after this, and kept; then no -shm file is needed.
  if (options.is_exclusive) {
    if (auto done = database.execute("PRAGMA locking_mode = EXCLUSIVE"); !done)
      return std::unexpected(done.error());
  }
  return database;
}

// Empty: the file is ours and ready. Otherwise why it must go: "damaged", "foreign", "newer",
// "older".
Expected<std::string> Database::kind_of_mismatch(const DatabaseOptions& options) {
  const auto objects = read_number("SELECT count(*) FROM sqlite_master");
  if (!objects)
    return is_damaged() ? Expected<std::string>("damaged") : std::unexpected(objects.error());
  const auto application = read_number("PRAGMA application_id");
  if (!application) return std::unexpected(application.error());
  const auto version = read_number("PRAGMA user_version");
  if (!version) return std::unexpected(version.error());

  const bool is_empty = *objects == 0 && *application == 0 && *version == 0;
  if (!is_empty && *application != options.application_id) return "foreign";
  if (*version > options.schema_version) return "newer";
  if (!is_empty && *version < options.schema_version) return "older";
  auto ready = configure(options);
  if (ready && is_empty) ready = make_schema(options);
  if (ready) return std::string();
  return is_damaged() ? Expected<std::string>("damaged") : std::unexpected(ready.error());
}

Expected<void> Database::configure(const DatabaseOptions& options) {
  std::string sql = options.shrinks ? "PRAGMA auto_vacuum = INCREMENTAL;" : "";  // Before all else.
  sql += fmt::format("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = {};", kWalBytesKept);
  sql += options.synchronous == Synchronous::kFull ? "PRAGMA synchronous = FULL;"
                                                   : "PRAGMA synchronous = NORMAL;";
  // Debian's SQLite overwrites what is deleted, which would write each row once more.
  sql += "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = OFF;";
  if (auto done = execute(sql); !done) return done;
  // A file that cannot be written shows now and not at the first commit.
  return execute(
      fmt::format("BEGIN IMMEDIATE; PRAGMA user_version = {}; ROLLBACK;", options.schema_version));
}

Expected<void> Database::make_schema(const DatabaseOptions& options) {
  auto transaction = Transaction::begin(*this);
  if (!transaction) return std::unexpected(transaction.error());
  auto made = execute(options.schema);
  if (made)
    made = execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};",
                               options.application_id, options.schema_version));
  return made ? transaction->commit() : made;
}

Expected<std::int64_t> Database::read_number(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  const auto row = statement->step();
  if (!row) return std::unexpected(row.error());
  return *row ? statement->column_int64(0) : 0;
}

Expected<void> Database::execute(const std::string& sql) {
  if (sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK)
    return {};
  auto error = failure();
  if (sqlite3_get_autocommit(connection_.get()) == 0 && sql.starts_with("BEGIN"))
    sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  return error;
}

Expected<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) return failure();
  return Statement(statement);
}

std::int64_t Database::last_insert_id() const noexcept {
  return sqlite3_last_insert_rowid(connection_.get());
}

std::int64_t Database::changes() const noexcept { return sqlite3_changes64(connection_.get()); }

bool Database::is_damaged() const noexcept {
  const int result = sqlite3_errcode(connection_.get()) & 0xff;
  return result == SQLITE_CORRUPT || result == SQLITE_NOTADB;
}

std::unexpected<Error> Database::failure() const {
  sqlite3* const connection = connection_.get();
  return at(path_, Error{{},
                         explain(sqlite3_errcode(connection), sqlite3_system_errno(connection),
                                 sqlite3_errmsg(connection))});
}

Expected<void> Database::copy_to(Database& target) {
  sqlite3_backup* const copy =
      sqlite3_backup_init(target.connection_.get(), "main", connection_.get(), "main");
  if (copy == nullptr) return target.failure();
  const int result = sqlite3_backup_step(copy, -1);
  sqlite3_backup_finish(copy);
  if (result == SQLITE_DONE) return {};
  return at(path_ + " -> " + target.path_,
            Error{{},
                  explain(result, sqlite3_system_errno(target.connection_.get()),
                          sqlite3_errstr(result))});
}

Expected<Transaction> Transaction::begin(Database& database) {
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun)
    return std::unexpected(begun.error());
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  if (database_ == nullptr) return;
  // Some failures (a full disk, for one) have rolled back already.
  sqlite3* const connection = database_->connection_.get();
  if (sqlite3_get_autocommit(connection) == 0)
    sqlite3_exec(connection, "ROLLBACK", nullptr, nullptr, nullptr);
}

Expected<void> Transaction::commit() {
  auto done = database_->execute("COMMIT");
  if (done) database_ = nullptr;
  return done;
}

}  // namespace sluice
