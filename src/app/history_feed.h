#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "sluice/values/datapoint.h"
#include "store/history.h"

namespace sluice {

// The history and the thread that fills it. Whoever publishes hands its datapoints over and goes on;
// when the thread does not keep up, what is handed over is dropped and counted, and ingest does not
// notice.
class HistoryFeed {
 public:
  using Datapoints = std::shared_ptr<const std::vector<Datapoint>>;

  // Datapoints that may wait: some two windows of 20,000 busy hosts.
  static constexpr std::size_t kWaitingMax = 1'000'000;

  // Opens the history in the thread, which logs what it has to say.
  explicit HistoryFeed(HistoryOptions options, std::size_t waiting_max = kWaitingMax);
  // Writes what waits, then ends.
  ~HistoryFeed();
  HistoryFeed(const HistoryFeed&) = delete;
  HistoryFeed& operator=(const HistoryFeed&) = delete;

  void put(Datapoints datapoints);

  // For queries from any thread; null until it is open.
  [[nodiscard]] const History* history() const;

  struct Stats {
    HistoryStats history;
    std::uint64_t dropped = 0;  // Because too many waited.
    std::uint64_t waiting = 0;
  };
  // As of the last time that something was written: never waits for the disk.
  [[nodiscard]] Stats stats() const;

 private:
  void work(HistoryOptions options);
  void log_notices(History& history);

  const std::size_t waiting_max_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable more_;
  std::deque<Datapoints> queue_;
  Stats stats_;
  bool is_drop_told_ = false;
  bool is_ending_ = false;
  std::unique_ptr<History> history_;  // Once it is there it stays.
  std::thread thread_;                // Last, so that it finds everything made.
};

}  // namespace sluice
