#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/store_thread.h"
#include "sluice/base/time.h"
#include "sluice/values/datapoint.h"
#include "store/spool.h"

namespace sluice {

// A destination's spool as the control loop sees it. Every call becomes a job of the StoreThread
// and comes back as a callback on the loop, in the order of the calls; the loop never touches the
// spool, only what it said of itself last. Callbacks that are still due when this is destroyed are
// not called; the jobs are done all the same, and then the spool is closed.
class AsyncSpool {
 public:
  using Then = std::function<void()>;
  // Told how many datapoints wait once more, without those of a batch whose fate is open.
  using Replayed = std::function<void(std::uint64_t count)>;
  using Datapoints = std::shared_ptr<const std::vector<Datapoint>>;

  // Opens the spool, and has what an earlier life was acknowledged shortly before its end wait once
  // more: what ended that life may have ended the destination as well.
  AsyncSpool(StoreThread& store, SpoolOptions options, Replayed opened);
  ~AsyncSpool();
  AsyncSpool(const AsyncSpool&) = delete;
  AsyncSpool& operator=(const AsyncSpool&) = delete;

  // As Spool::put. `then` is called once the datapoints are in the spool.
  void put(Datapoints datapoints, std::uint64_t sequence, Then then);

  // The next batch of the first kind, else of the second.
  using Took = std::function<void(std::optional<Batch> batch)>;
  void take(Which first, std::optional<Which> second, Took took);

  // The fate of the batch that was taken.
  void acknowledge(Then then);
  void count_unconfirmed(Then then);
  void give_back(Then then);

  // As Spool::set_options.
  void set_options(SpoolOptions options);

  // As Spool::replay.
  void replay(Replayed replayed);
  // As Spool::sync and Spool::tick.
  void sync(Then then);
  void tick(Then then);

  // As of the last callback.
  [[nodiscard]] const SpoolStats& stats() const noexcept { return stats_; }
  // Datapoints whose put() has not come back: neither in stats().put nor anywhere else.
  [[nodiscard]] std::uint64_t on_the_way() const noexcept { return on_the_way_; }
  // The greatest that was put, as of the last callback.
  [[nodiscard]] std::uint64_t last_sequence() const noexcept { return last_sequence_; }
  [[nodiscard]] bool is_open() const noexcept { return is_open_; }

  // True when there is nothing to send and nothing comes: only new series may wait for their turn.
  [[nodiscard]] bool is_empty() const noexcept;

 private:
  // What a job brings back.
  struct Answer {
    std::optional<Batch> batch;
    std::uint64_t replayed = 0;
    SpoolStats stats;
    std::uint64_t last_sequence = 0;
    std::vector<Notice> notices;
  };
  using Operation = std::function<void(Spool& spool, Answer& answer)>;
  using Answered = std::function<void(Answer& answer)>;

  void run(Operation operation, Answered answered);
  void run(Operation operation, Then then);
  void learn(Answer& answer);

  StoreThread& store_;
  std::shared_ptr<std::optional<Spool>> spool_;  // The store's thread alone looks inside.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  SpoolStats stats_;
  std::uint64_t on_the_way_ = 0;
  std::uint64_t last_sequence_ = 0;
  bool is_open_ = false;
};

}  // namespace sluice
