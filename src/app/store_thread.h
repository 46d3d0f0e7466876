#pragma once

#include <uv.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "http/snapshot.h"
#include "net/handle.h"

namespace sluice {

// The thread that owns the disk: runs jobs on SQLite objects one after the other, in the order in
// which they were given, and calls what is to follow each of them on the loop. What a job uses
// belongs to this thread until its `then` is called; a loop never waits for a disk.
class StoreThread {
 public:
  using Job = std::move_only_function<void()>;

  explicit StoreThread(uv_loop_t* loop);
  // Runs every job that was given, then ends. No `then` is called any more.
  ~StoreThread();
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  // From the loop's thread only. `then` is called on the loop, after `job` and before the `then` of
  // any later job; never from within run(). It may call run() again, and must not destroy this.
  // The queue has no bound of its own: each caller has few jobs under way and can see how many.
  void run(Job job, Job then = {});

  // Jobs whose `then` has not been called yet. From the loop's thread only.
  [[nodiscard]] std::size_t pending() const noexcept { return pending_; }

  // How old the oldest job is that is not done; may be looked at from any thread, and outlives
  // this.
  [[nodiscard]] std::shared_ptr<const DiskGauge> gauge() const noexcept { return gauge_; }

 private:
  struct Work {
    Job job;
    Job then;
    std::chrono::steady_clock::time_point given;
  };

  void work();
  void complete();
  void show_oldest();
  static void on_done(uv_async_t* async) noexcept;

  Handle<uv_async_t> done_wake_;
  std::size_t pending_ = 0;
  std::shared_ptr<DiskGauge> gauge_ = std::make_shared<DiskGauge>();
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<Work> waiting_;
  std::deque<Work> done_;
  bool is_ending_ = false;
  bool is_working_ = false;
  std::thread thread_;  // Last, so that it finds everything made.
};

}  // namespace sluice
