#include "http/answer_pool.h"

#include <utility>

namespace sluice {

AnswerPool::AnswerPool(std::size_t threads, std::size_t waiting_max, Work work,
                       std::function<void()> done)
    : waiting_max_(waiting_max), work_(std::move(work)), done_(std::move(done)) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

AnswerPool::~AnswerPool() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  more_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool AnswerPool::add(Request request, bool is_urgent) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= waiting_max_ && !is_urgent) return false;
    if (is_urgent) {
      waiting_.push_front(std::move(request));
    } else {
      waiting_.push_back(std::move(request));
    }
  }
  more_.notify_one();
  return true;
}

std::vector<AnswerPool::Answer> AnswerPool::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(answers_, {});
}

void AnswerPool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    more_.wait(lock, [this] { return is_ending_ || !waiting_.empty(); });
    if (is_ending_) return;
    const Request request = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    Answer answer = work_(request);
    lock.lock();
    answers_.push_back(std::move(answer));
    done_();
  }
}

}  // namespace sluice
