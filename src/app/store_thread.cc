#include "app/store_thread.h"

#include <utility>

#include "sluice/base/check.h"

namespace sluice {
namespace {

Handle<uv_async_t> make_wake(uv_loop_t* loop, StoreThread* owner, uv_async_cb callback) {
  auto wake = std::make_unique<uv_async_t>();
  SLUICE_CHECK(uv_async_init(loop, wake.get(), callback) == 0,
               "an async handle needs one descriptor");
  wake->data = owner;
  return Handle<uv_async_t>(wake.release());
}

}  // namespace

StoreThread::StoreThread(uv_loop_t* loop)
    : done_wake_(make_wake(loop, this, on_done)), thread_([this] { work(); }) {}

StoreThread::~StoreThread() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  more_.notify_one();
  thread_.join();
}

void StoreThread::run(Job job, Job then) {
  ++pending_;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(job), std::move(then), std::chrono::steady_clock::now()});
    if (!is_working_) show_oldest();
  }
  more_.notify_one();
}

void StoreThread::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    more_.wait(lock, [this] { return is_ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    Work work = std::move(waiting_.front());
    waiting_.pop_front();
    is_working_ = true;
    lock.unlock();
    work.job();
    work.job = nullptr;  // What the job holds is let go of here, not on the loop.
    lock.lock();
    is_working_ = false;
    show_oldest();
    done_.push_back(std::move(work));
    if (done_.size() > 1) continue;  // The loop knows, and has not come yet.
    lock.unlock();                   // Or it would wake only to wait for it.
    uv_async_send(done_wake_.get());
    lock.lock();
  }
}

// Under the mutex, while no job is at work.
void StoreThread::show_oldest() {
  const auto oldest =
      waiting_.empty() ? std::chrono::steady_clock::time_point{} : waiting_.front().given;
  gauge_->oldest_job.store(oldest.time_since_epoch().count(), std::memory_order_relaxed);
}

void StoreThread::complete() {
  std::deque<Work> done;
  {
    const std::lock_guard lock(mutex_);
    done.swap(done_);
  }
  for (Work& work : done) {
    --pending_;
    if (work.then) work.then();
  }
}

void StoreThread::on_done(uv_async_t* async) noexcept {
  auto* const self = static_cast<StoreThread*>(async->data);
  if (self != nullptr) self->complete();
}

}  // namespace sluice
