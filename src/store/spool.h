#pragma once

#include <absl/container/flat_hash_set.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sluice/base/error.h"
#include "sluice/base/time.h"
#include "sluice/values/datapoint.h"
#include "store/coalesce.h"
#include "store/file_identity.h"
#include "store/new_series.h"
#include "store/notice.h"
#include "store/spool_draft.h"
#include "store/spool_index.h"
#include "store/spool_tables.h"

namespace sluice {

struct SpoolOptions {
  std::string file;  // Its folder must exist. Empty: in memory alone.
  std::uint64_t bytes_max = std::uint64_t{1} << 30;
  // Whisper writes points older than its finest archive raw into a coarse one; better none.
  std::chrono::seconds age_max{23 * 3600};
  // How long what was acknowledged is kept for a replay. 0: not at all.
  std::chrono::seconds replay_window{120};
  // How many series that the destination has never been sent leave in a minute. 0: all at once.
  std::uint32_t new_series_per_minute = 0;
  // Windows that start within this before the newest one are live, older ones are backlog.
  std::chrono::seconds live_span{120};
};

// Which windows may leave.
enum class Which : std::uint8_t {
  kAny,      // Live ones as long as there are any, then the backlog.
  kLive,     // Live ones alone.
  kBacklog,  // The backlog alone, for a turn between live ones.
};

// The account of one spool, in datapoints. At every moment
//   spooled_at_start + put = acknowledged + unconfirmed + waiting + held + in_flight
//                            + superseded + dropped_full + dropped_old + dropped_damaged.
// A replay is no part of it: its datapoints were counted as acknowledged (or unconfirmed) before,
// and whatever becomes of them the second time, none of these numbers changes. They have numbers of
// their own: replay_waiting, replay_in_flight, and replayed.
struct SpoolStats {
  // Since the start.
  std::uint64_t spooled_at_start = 0;
  std::uint64_t put = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t unconfirmed = 0;      // Sent to a receiver that never answers a half-close.
  std::uint64_t superseded = 0;       // A newer version came before they left.
  std::uint64_t dropped_full = 0;     // The oldest, because bytes_max was reached.
  std::uint64_t dropped_old = 0;      // Older than age_max.
  std::uint64_t dropped_damaged = 0;  // The disk did not give them back.
  std::uint64_t replayed = 0;         // Acknowledged once more.
  std::uint64_t series_admitted = 0;  // New series that had their turn.
  std::uint64_t failures = 0;         // Times that the file could not be used.

  // Now.
  std::uint64_t waiting = 0;
  std::uint64_t held = 0;  // Of new series, until it is their turn.
  std::uint64_t in_flight = 0;
  std::uint64_t replay_waiting = 0;
  std::uint64_t replay_in_flight = 0;
  std::uint64_t new_series = 0;             // That wait for their turn,
  std::chrono::seconds new_series_time{0};  // and until the last of them had it, if no more come.
  bool is_new_series_growing = false;       // More came within the last kGrowingFor.
  std::uint64_t known_series = 0;           // That the destination has been sent.
  std::uint64_t bytes = 0;                  // Of everything kept, what was acknowledged included.
  std::optional<Seconds> oldest_window;     // Of what waits or is held, replays left out.
  bool is_on_disk = false;
};

// The datapoints that wait for one destination's acknowledgement, in a file. What was put survives
// a kill -9, and after sync() a power cut; what was acknowledged may be sent again after either.
//
// Of each path and time only the newest version leaves: the greater Datapoint::version, of two
// equal ones the one that was put later, and of two lives of the program the later life. An older
// one never leaves after a newer one, be it that a batch failed, that a replay is due or that the
// program was restarted. (Held to what it was told: the caller puts versions in order, and after a
// restart in which the file could not be read, or was older than what had been put, everything
// since last_sequence().)
//
// Never fails for good. When the file cannot be used any more, everything that can still be read
// goes on in memory, one notice says so, and the file is tried again once a minute. A file that was
// removed or replaced while it was used is noticed within a minute and made anew. If the program
// dies meanwhile, the next one finds the file as it was before.
//
// Synchronous, for one thread. Knows no clock: times are arguments, in any case they may go
// backwards.
class Spool {
 public:
  // For so long after a new series has come, more are looked for: a fleet comes with several
  // windows.
  static constexpr std::chrono::seconds kGrowingFor{120};

  Spool(SpoolOptions options, Timestamp now);
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Takes one publication in, as a whole. `sequence` is the row of the journal it came from: one
  // that is not above last_sequence() is inside already and is left alone. 0: it came from none.
  void put(std::span<const Datapoint> datapoints, std::uint64_t sequence);
  // The greatest that was put, in this life or before; 0 if none was.
  [[nodiscard]] std::uint64_t last_sequence() const noexcept { return last_sequence_; }

  // Other bounds and another pace from now on; the file stays the one that it is. What is beyond
  // them is let go as ever.
  void set_options(SpoolOptions options);

  // Everything put so far outlives a power cut when this returns (if the disk works). To be called
  // before a journal forgets the rows that it came from.
  void sync();

  // The next batch to send: newest window first, in it the fleet, clusters, groups, hosts, the
  // relay; series whose turn has come go before them. Live windows and backlog are never in one
  // batch. Nothing when nothing of this kind waits. One batch can be out at a time.
  [[nodiscard]] std::optional<Batch> take(Timestamp now, Which which = Which::kAny);

  // What became of the batch. It has arrived;
  void acknowledge(Timestamp now);
  // it was sent to a receiver of which nobody knows, and is done with;
  void count_unconfirmed(Timestamp now);
  // it has not, or nobody knows: what no newer version replaces waits again.
  void give_back();

  // The destination may have lost what it acknowledged: all of it within replay_window waits once
  // more. While a batch is in flight this happens when its fate is known.
  void replay(Timestamp now);

  // Forgets what is too old and tries a file that failed. To be called about once a second.
  void tick(Timestamp now);

  // True when there is nothing to send now: nothing waits and nothing is in flight. New series that
  // wait for their turn do not count.
  [[nodiscard]] bool is_empty() const noexcept { return index_.is_empty() && in_flight_.empty(); }
  [[nodiscard]] SpoolStats stats() const;
  [[nodiscard]] std::vector<Notice> take_notices();

 private:
  using Operation = std::function<Expected<void>()>;
  using Place = SpoolIndex::Place;

  // spool.cc: what comes in and goes out.
  void learn(const std::vector<LinesDraft>& rows, bool may_repeat);
  void fill(Batch& batch, Which which, Timestamp now);
  bool fill_from(Batch& batch, const Place& place);
  bool append_row(Batch& batch, const LinesInfo& row);
  void coalesce_at(const Place& place);
  [[nodiscard]] Expected<std::vector<LinesInfo>> list(const Place& place);
  [[nodiscard]] std::vector<LinesInfo> rows_at(const Place& place);
  [[nodiscard]] bool is_live(Seconds window) const noexcept;
  [[nodiscard]] bool is_too_old(Seconds window, Timestamp now) const noexcept;
  void finish(Timestamp now, std::uint64_t SpoolStats::* counter);
  void replay_now(Timestamp now);

  // spool_admission.cc: new series.
  [[nodiscard]] std::vector<LinesInfo> admit(Timestamp now);
  bool admit_group(std::int64_t group, Timestamp now, std::vector<LinesInfo>& leading);
  Expected<void> save_admission(std::int64_t group, std::span<const std::uint64_t> hashes);

  // spool_bounds.cc: what is let go.
  void enforce_bytes_max();
  void drop_old(Timestamp now);
  bool drop_from(Seconds window, std::uint64_t bytes_enough, std::uint64_t& counter);
  void forget_acknowledged(Timestamp now);
  std::size_t forget_acknowledged_rows(std::size_t rows_max);
  [[nodiscard]] std::uint64_t bytes() const noexcept;

  // spool_disk.cc: the file, and what to do when it fails. run() runs an operation in a
  // transaction, and once more in memory when the disk failed; false: neither worked. The operation
  // changes nothing but tables and its own results, from the start each time.
  bool run(const Operation& operation);
  Expected<void> run_once(const Operation& operation);
  void open_file(Timestamp now);
  bool go_on_in_memory(const Error& error);
  void move_to_memory();
  void look_at_file(Timestamp now);
  void try_file(Timestamp now);
  void shrink_file(Timestamp now);
  Expected<void> return_to_file(Timestamp now);
  Expected<void> read_late(SpoolTables& file);
  void salvage(const std::string& file);
  [[nodiscard]] bool make_room_on_disk() const;
  [[nodiscard]] bool is_on_disk() const;
  void notify(Notice::Kind kind, std::string text);

  // spool_load.cc: what is in the tables, and what can be read out of broken ones.
  [[nodiscard]] std::uint64_t accounted() const noexcept;
  void load_or_rescue();
  Expected<void> load();
  Expected<void> load_series();
  Expected<void> forget_lost_in_flight();
  Expected<void> rescue(SpoolTables& source, bool keeps_ids);
  Expected<void> rescue_series(SpoolTables& source);
  Expected<void> rescue_rows(SpoolTables& source, bool keeps_ids);
  Expected<void> rescue_row(const LinesInfo& info, std::optional<Seconds> acknowledged_at,
                            std::string_view lines);
  Expected<void> rescue_held(SpoolTables& source);
  Expected<std::uint64_t> sort_held_again();

  SpoolOptions options_;
  SpoolTables tables_;
  NewSeries series_;
  SpoolIndex index_;
  std::vector<LinesInfo> in_flight_;
  absl::flat_hash_set<std::int64_t> in_flight_ids_;
  std::deque<AcknowledgedRow> acknowledged_;  // Oldest first.
  std::uint64_t acknowledged_bytes_ = 0;
  std::uint64_t in_flight_bytes_ = 0;
  SpoolStats stats_;  // The counters; stats() adds what is now.
  std::vector<Notice> notices_;

  std::uint64_t last_sequence_ = 0;
  std::uint64_t version_base_ = 0;      // The versions of this life count from here.
  std::uint64_t greatest_version_ = 0;  // Of any row.
  std::uint64_t next_batch_id_ = 1;
  std::optional<Seconds> newest_window_;
  Timestamp now_{};                         // Of the last call that told it.
  std::optional<Timestamp> new_series_at_;  // When a new series came last, in this life.
  Timestamp next_try_{};
  Timestamp next_look_{};
  std::optional<FileIdentity> identity_;  // Of the file that is open.
  Timestamp next_shrink_{};
  Timestamp failed_at_{};
  std::uint64_t load_count_ = 0;  // Times that the index was read from the tables.
  bool is_known_full_told_ = false;
  bool may_admit_ = true;         // Not after a batch that failed.
  bool is_overlapping_ = false;   // Rows came in while a batch was in flight.
  bool is_replay_due_ = false;    // When the batch in flight is decided.
  bool is_file_read_ = false;     // What the file held is known.
  bool is_file_damaged_ = false;  // It must go before a new one is made.
  bool is_damage_ = false;        // The last operation that failed found the tables damaged.
};

}  // namespace sluice
