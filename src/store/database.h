#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sluice/base/error.h"
#include "sluice/base/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sluice {

// When a commit is safe. In either mode it outlives a kill -9 of the program, and a power cut never
// damages the file.
enum class Synchronous : std::uint8_t {
  kNormal,  // A power cut may take the last commits: no fsync a commit, one a checkpoint.
  kFull,    // A commit outlives a power cut: one fsync a commit.
};

struct DatabaseOptions {
  std::string path;                 // ":memory:" keeps everything in memory.
  std::int32_t application_id = 0;  // Not 0. Tells our file of one kind from every other file.
  std::int32_t schema_version = 1;  // Above 0.
  std::string schema;               // SQL that makes the tables of an empty database.
  Synchronous synchronous = Synchronous::kNormal;
  // True: this connection alone uses the file as long as it is open; another process that tries is
  // told so. False: other processes may read and write in between.
  bool is_exclusive = true;
  // True: a new file can give pages back that are free (PRAGMA incremental_vacuum).
  bool shrinks = false;
};

// A prepared statement. It must not outlive its Database. Parameters are numbered from 1, columns
// from 0; a bound text or blob must live until the next reset.
class Statement {
 public:
  Statement() = default;

  Statement& bind(int index, std::int64_t value);
  Statement& bind_text(int index, std::string_view text);
  Statement& bind_blob(int index, std::string_view bytes);
  Statement& bind_null(int index);

  // True: a row stands ready. False: there are no more; the statement was reset. After an error it
  // was reset too.
  [[nodiscard]] Expected<bool> step();
  // For statements that give no rows: runs to the end.
  [[nodiscard]] Expected<void> run();
  // Gives up the rest of the rows. Bound values are kept.
  void reset() noexcept;

  [[nodiscard]] std::int64_t column_int64(int index) const noexcept;
  // Views into the row, valid until the next step or reset. NULL reads as empty.
  [[nodiscard]] std::string_view column_text(int index) const noexcept;
  [[nodiscard]] std::string_view column_blob(int index) const noexcept;
  [[nodiscard]] bool column_is_null(int index) const noexcept;

 private:
  friend class Database;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
  int bind_error_ = 0;  // Of the first bind that failed since the last reset; step() reports it.
};

// One connection to one SQLite file of ours, in WAL mode, used by one thread at a time. Errors name
// the file and say what is wrong and what to do about it, ready for the log.
class Database {
 public:
  // Opens or makes the file (mode 0640; its folder must exist). A file that is damaged, that
  // another application wrote, or that has another schema version than ours is moved aside, as
  // "PATH.damaged-20240229T235959Z" (or .foreign-, .newer-, .older-) with its -wal and -shm, and a
  // fresh one is made; note() then tells. `now` only names such a file. Fails when the file cannot
  // be read, written, made or moved.
  [[nodiscard]] static Expected<Database> open(const DatabaseOptions& options, Timestamp now);

  // Moves the file that nobody has open aside, as open() does with one that is damaged, to
  // "PATH.KIND-20240229T235959Z"; gives its new name.
  [[nodiscard]] static Expected<std::string> move_aside(const std::string& path,
                                                        const std::string& kind, Timestamp now);

  // Opens a file that was moved aside, to read out of it what can be read; nothing is checked and
  // nothing can be written.
  [[nodiscard]] static Expected<Database> open_damaged(const std::string& path);

  // What happened to an earlier file, as one sentence for the log; empty if nothing did.
  [[nodiscard]] const std::string& note() const noexcept { return note_; }
  // Where the earlier file is now; empty if there was none that had to go.
  [[nodiscard]] const std::string& moved_to() const noexcept { return moved_to_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  // Runs one or more SQL statements that give no rows of interest.
  [[nodiscard]] Expected<void> execute(const std::string& sql);
  [[nodiscard]] Expected<Statement> prepare(std::string_view sql);
  // The first column of the first row; 0 when there is none.
  [[nodiscard]] Expected<std::int64_t> read_number(std::string_view sql);

  [[nodiscard]] std::int64_t last_insert_id() const noexcept;
  // Rows that the last INSERT, UPDATE or DELETE changed.
  [[nodiscard]] std::int64_t changes() const noexcept;
  // True if the last error said that the file itself is broken, not the disk below it.
  [[nodiscard]] bool is_damaged() const noexcept;

  // Replaces everything in `target` by what is in this database, or leaves `target` as it was.
  [[nodiscard]] Expected<void> copy_to(Database& target);

 private:
  friend class Transaction;
  struct Closer {
    void operator()(sqlite3* connection) const noexcept;
  };

  static Expected<Database> connect(const DatabaseOptions& options);
  Expected<std::string> kind_of_mismatch(const DatabaseOptions& options);
  Expected<void> configure(const DatabaseOptions& options);
  Expected<void> make_schema(const DatabaseOptions& options);
  [[nodiscard]] std::unexpected<Error> failure() const;

  std::string path_;
  std::string note_;
  std::string moved_to_;
  std::unique_ptr<sqlite3, Closer> connection_;
};

// Everything between begin and commit happens as a whole or not at all. Destroyed without a commit,
// or after a commit that failed, it is rolled back.
class Transaction {
 public:
  [[nodiscard]] static Expected<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  [[nodiscard]] Expected<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}

  Database* database_;  // Null when it is over.
};

}  // namespace sluice
