#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/error.h"
#include "sluice/base/time.h"
#include "store/database.h"
#include "store/file_identity.h"
#include "store/notice.h"

namespace sluice {

struct JournalOptions {
  std::string file;  // "journal.db" in the state folder, which must exist.
  // Octets of rows since the last checkpoint. Rows beyond are refused, and a checkpoint is needed;
  // the caller makes one long before.
  std::uint64_t bytes_max = std::uint64_t{1} << 30;
  // While the file cannot be written: how often it is tried again. While it can: how often it is
  // looked at whether it is still there.
  std::chrono::seconds retry_interval{60};
  // Makes sure that the folder is there and nobody else's: asked before the file is opened, and
  // whenever it is looked at. After an error it is not used. None: it needs no asking.
  std::function<Expected<void>()> claim_folder = {};
};

// One change of the state. Views belong to whoever made the row.
struct JournalRow {
  std::uint64_t sequence = 0;  // Greater than that of every row before, over restarts too.
  Timestamp time{};            // The time that the change was made with.
  std::uint8_t kind = 0;       // What the bytes are; the caller's own numbers.
  std::string_view bytes;
};

struct JournalWindow {
  Seconds start{};
  std::string_view bytes;
};

// The whole state after the row `sequence`. Of the windows only those that changed since the last
// checkpoint are given again; the others are in the file.
struct JournalCheckpoint {
  std::uint64_t sequence = 0;
  std::string_view state;  // Everything but the windows.
  std::span<const JournalWindow> windows;
  std::span<const Seconds> living;  // The starts of all windows of the state, each once.
};

// Who takes in what a journal holds: the state of the last checkpoint, its windows (the oldest
// first), the rows after it in order. Views are valid during the call. An error ends the reading.
struct JournalReplay {
  std::function<Expected<void>(std::string_view state)> take_state;
  std::function<Expected<void>(const JournalWindow& window)> take_window;
  std::function<Expected<void>(const JournalRow& row)> take_row;
};

struct JournalStats {
  std::uint64_t appends = 0;       // Calls of append() whose rows are on disk.
  std::uint64_t octets = 0;        // In these rows.
  std::uint64_t appends_lost = 0;  // Calls whose rows are not.
  std::uint64_t checkpoints = 0;
};

// What a restart needs to stand where the relay stood: a checkpoint of the state, and a row for
// each change after it. What is in rows and states the caller alone knows; each has a checksum, so
// that a damaged one is never taken for numbers. Synchronous and for one thread; times are
// arguments.
//
// A journal always works. While its file cannot be used (no folder, full disk, failing disk) it
// holds nothing and refuses rows; append() tries the file again once a minute. So it does with a
// file that was removed or replaced while it was used. When rows are missing, needs_checkpoint()
// says so, and rows are refused until a checkpoint of all windows has been made: a state that lacks
// rows would publish parts of numbers as whole ones.
class Journal {
 public:
  Journal(JournalOptions options, Timestamp now);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Hands over what the file holds. False: there is no checkpoint, so nothing. After an error the
  // caller's state is half made and of no use: it starts afresh and calls set_aside(). To be called
  // before the first append, or never.
  [[nodiscard]] Expected<bool> load(const JournalReplay& replay);

  // load() was ended by its caller, who will read it another time: rows may be appended behind
  // those that are there.
  void leave_unread() noexcept { needs_checkpoint_ = false; }

  // What was read is of no use, `why` says the reason: the file is moved aside to
  // "NAME.damaged-TIME", and a fresh one needs a checkpoint.
  void set_aside(std::string_view why, Timestamp now);

  // Takes the rows of a tick. True: they are on disk, and outlive a power cut. False: they are not,
  // and are counted.
  bool append(std::span<const JournalRow> rows, Timestamp now);

  // Replaces the last checkpoint and the rows up to its own, all or nothing. While
  // needs_checkpoint(), it must hold every row given to append() so far, and all windows; older
  // ones are refused. False: it is not on disk, and the one before counts on.
  bool checkpoint(const JournalCheckpoint& checkpoint, Timestamp now);

  // Moves what the write-ahead log holds to the file, so that closing it has little left to do.
  void sync();

  // The file can be written, but rows are missing in it (or it is new).
  [[nodiscard]] bool needs_checkpoint() const noexcept {
    return needs_checkpoint_ && database_.has_value();
  }
  [[nodiscard]] bool has_disk() const noexcept { return database_.has_value(); }
  // Octets in the rows since the last checkpoint: what a restart has to replay, and the time for
  // the next checkpoint when it outgrows the state.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  // The greatest sequence that was loaded or given; 0 if none.
  [[nodiscard]] std::uint64_t last_sequence() const noexcept { return last_sequence_; }
  [[nodiscard]] const JournalStats& stats() const noexcept { return stats_; }

  // What the operator must know, one sentence each, since the last call.
  [[nodiscard]] std::vector<Notice> take_notices();

 private:
  void open(Timestamp now);
  Expected<void> prepare_file(Timestamp now);
  void lose_disk(const Error& error, Timestamp now);
  void look_at_file(Timestamp now);
  Expected<void> write_rows(std::span<const JournalRow> rows);
  Expected<bool> write_checkpoint(const JournalCheckpoint& checkpoint);
  Expected<void> write_windows(const JournalCheckpoint& checkpoint);
  Expected<std::uint64_t> read_number(std::string_view sql);
  Expected<bool> load_state(const JournalReplay& replay);
  Expected<void> load_windows(const JournalReplay& replay);
  Expected<void> load_rows(const JournalReplay& replay);

  JournalOptions options_;
  std::optional<Database> database_;  // Nothing while the file cannot be used.
  bool needs_checkpoint_ = true;
  bool is_doubtful_ =
      false;             // The file failed while it was written: it is looked at before it is used.
  bool is_out_ = false;  // An outage has been told, its end has not.
  Timestamp last_try_{};
  Timestamp last_look_{};
  std::optional<FileIdentity> identity_;  // Of the file that is open.
  std::uint64_t bytes_ = 0;
  std::uint64_t last_sequence_ = 0;
  JournalStats stats_;
  std::vector<Notice> notices_;
};

}  // namespace sluice
