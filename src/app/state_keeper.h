#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/store_thread.h"
#include "sluice/base/error.h"
#include "sluice/base/time.h"
#include "sluice/pipeline/publisher.h"
#include "sluice/values/datapoint.h"
#include "sluice/values/delta.h"
#include "store/journal.h"

namespace sluice {

// What changes the Publisher, in the order in which it happened. Each is one row of the journal.
struct StateChange {
  // The numbers stand in files.
  enum class Kind : std::uint8_t {
    kTick = 1,      // Merge the deltas, then tick.
    kFlush = 2,     // Merge the deltas, then flush: the relay stopped.
    kForget = 3,    // Forget the host.
    kResume = 4,    // The relay was started: since the change before nobody watched.
    kClusters = 5,  // A new cluster map for windows that are opened from now on.
    kWindow = 6,    // If windows are of another length: flush, then go on with these.
  } kind = Kind::kTick;
  Timestamp time{};
  std::vector<Delta> deltas = {};
  std::string host = {};
  std::shared_ptr<const ClusterMap> clusters = {};
  std::chrono::seconds window{0};
};

// Makes one change. What it publishes is appended to `datapoints`. The same changes in the same
// order always give the same state and the same datapoints. False: the host to forget is not known.
bool apply(StateChange change, Publisher& publisher, std::vector<Datapoint>& datapoints);

// Makes the Publisher outlive the process: each change is in the journal before it is made, and a
// start makes them again. A checkpoint of the state replaces the rows when they outgrow it.
class StateKeeper {
 public:
  struct Options {
    JournalOptions journal;
    // Rows are replaced by a checkpoint when they take more than the windows do, but never below
    // the first and always above the second: the one keeps checkpoints rare, the other starts
    // short.
    std::uint64_t rows_bytes_min = std::uint64_t{4} << 20;
    std::uint64_t rows_bytes_max = std::uint64_t{64} << 20;
    // No change gets a sequence up to this: the greatest that any spool holds. A journal that was
    // lost would begin at 1, and spools would take new changes for those that they have.
    std::uint64_t sequence_floor = 0;
    // What the changes up to this have published is in all spools: it is not worked out again.
    std::uint64_t delivered = 0;
  };

  // What a start found of the life before.
  struct Past {
    bool is_known = false;      // There was a checkpoint, and it could be read.
    bool was_stopped = false;   // The last change was the flush of a stop: nothing broke off.
    Timestamp end{};            // Of the last change.
    std::uint64_t changes = 0;  // Since the checkpoint.
  };

  // Called on the loop before a checkpoint is queued: what the rows that it replaces have published
  // must be safe on disk first, so the jobs that see to it are queued here.
  using BeforeForgetting = std::function<void()>;

  // `thread` must outlive the keeper.
  StateKeeper(StoreThread& thread, Options options, BeforeForgetting before_forgetting,
              Timestamp now);

  // How publishers are made: a new one, and one from a checkpoint (Publisher::restore()).
  struct Makers {
    std::function<std::unique_ptr<Publisher>()> fresh;
    std::function<Expected<std::unique_ptr<Publisher>>(std::string_view state,
                                                       std::span<const std::string> windows)>
        restored;
  };
  // What the change `sequence` published when it was made first; nothing of those that are
  // delivered. False: the relay is to stop, and the rest is left for the next start.
  using OnReplayed =
      std::function<bool(std::uint64_t sequence, std::vector<Datapoint>&& datapoints)>;

  // The publisher as it stood after the last change in the journal, or a new one when there is none
  // or it cannot be read (a notice says so). To be called once, before anything else and before the
  // loop runs: it takes the time it takes. Null when on_replayed() ended it: changes may be
  // committed all the same, and the next start makes them.
  [[nodiscard]] std::unique_ptr<Publisher> restore(const Makers& makers,
                                                   const OnReplayed& on_replayed, Timestamp now);
  [[nodiscard]] const Past& past() const noexcept { return past_; }

  // Writes the change, then calls `then`, which makes it, on the loop with its sequence; also when
  // the journal cannot be written, because a relay without a disk goes on in memory. Further
  // changes may be committed before that: they are made in their order.
  void commit(StateChange change, std::move_only_function<void(StateChange, std::uint64_t)> then);

  // No further change gets a sequence up to this. Returns what the next one gets at least.
  std::uint64_t begin_above(std::uint64_t sequence) {
    next_sequence_ = std::max(next_sequence_, sequence + 1);
    return next_sequence_;
  }

  // Starts a checkpoint if one is due. `publisher` stands as the last change that was made left it,
  // so the rows of those that are committed and not made yet are kept.
  void save_if_due(Publisher& publisher, Timestamp now);

  // As Journal::sync, behind what was committed.
  void sync() {
    thread_.run([this] { journal_.sync(); }, [] {});
  }

  // As of the last change.
  [[nodiscard]] const JournalStats& stats() const noexcept { return standing_.stats; }
  [[nodiscard]] bool has_disk() const noexcept { return standing_.has_disk; }
  [[nodiscard]] std::uint64_t rows_bytes() const noexcept { return standing_.rows_bytes; }
  // What the operator must know, one sentence each, since the last call.
  [[nodiscard]] std::vector<Notice> take_notices();

 private:
  struct Checkpoint;
  // How the journal stands after a job. Made by the thread: it may be at the next job when the loop
  // hears of this one.
  struct Standing {
    JournalStats stats;
    bool has_disk = false;
    bool needs_checkpoint = false;
    std::uint64_t rows_bytes = 0;
    std::vector<Notice> notices;
  };

  Expected<std::unique_ptr<Publisher>> load(const Makers& makers, const OnReplayed& on_replayed);
  [[nodiscard]] Standing look();
  void note(Standing standing);

  StoreThread& thread_;
  Options options_;
  BeforeForgetting before_forgetting_;
  Journal journal_;  // The thread's, once it has been given a job.
  std::uint64_t next_sequence_ = 1;
  bool is_left_ = false;  // The journal was not read to its end.
  Past past_;
  std::uint64_t last_made_ = 0;  // The sequence of the last change that `publisher` holds.
  Standing standing_;
  bool is_saving_ = false;
  bool needs_all_windows_ = true;  // The last checkpoint, if any, does not hold the others.
};

}  // namespace sluice
