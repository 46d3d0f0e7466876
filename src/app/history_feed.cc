#include "app/history_feed.h"

#include <chrono>
#include <utility>

#include "app/log.h"

namespace sluice {

HistoryFeed::HistoryFeed(HistoryOptions options, std::size_t waiting_max)
    : waiting_max_(waiting_max),
      thread_([this, options = std::move(options)]() mutable { work(std::move(options)); }) {}

HistoryFeed::~HistoryFeed() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  more_.notify_one();
  thread_.join();
}

void HistoryFeed::put(Datapoints datapoints) {
  {
    const std::lock_guard lock(mutex_);
    // One publication is taken whatever its size, or a large one would never be.
    if (stats_.waiting > 0 && stats_.waiting + datapoints->size() > waiting_max_) {
      stats_.dropped += datapoints->size();
      if (std::exchange(is_drop_told_, true)) return;
      say(LogId::kHistoryBehind,
          "history: its disk does not keep up, so points are missing in it "
          "(history_points_dropped_total); destinations are not affected");
      return;
    }
    stats_.waiting += datapoints->size();
    queue_.push_back(std::move(datapoints));
  }
  more_.notify_one();
}

const History* HistoryFeed::history() const {
  const std::lock_guard lock(mutex_);
  return history_.get();
}

HistoryFeed::Stats HistoryFeed::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void HistoryFeed::work(HistoryOptions options) {
  auto opened = std::make_unique<History>(std::move(options), std::chrono::system_clock::now());
  History& history = *opened;
  log_notices(history);
  std::unique_lock lock(mutex_);
  history_ = std::move(opened);
  stats_.history = history.stats();
  while (true) {
    more_.wait(lock, [this] { return is_ending_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const Datapoints datapoints = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    history.put(*datapoints, std::chrono::system_clock::now());
    log_notices(history);
    const HistoryStats standing = history.stats();
    lock.lock();
    stats_.history = standing;
    stats_.waiting -= datapoints->size();
  }
}

void HistoryFeed::log_notices(History& history) {
  for (const Notice& notice : history.take_notices()) say(notice);
}

}  // namespace sluice
