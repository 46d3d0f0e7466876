#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sluice {

// Threads that answer whole requests, in the order in which they came; urgent ones first.
class AnswerPool {
 public:
  struct Request {
    std::uint64_t client = 0;
    std::string bytes;
    std::string peer;
    std::string local;
  };
  struct Answer {
    std::uint64_t client = 0;
    std::string bytes;
    bool is_last = false;
  };
  using Work = std::function<Answer(const Request& request)>;

  // `done` is called from a thread whenever take() is worth calling.
  AnswerPool(std::size_t threads, std::size_t waiting_max, Work work, std::function<void()> done);
  // Answers nothing more than what is being answered.
  ~AnswerPool();
  AnswerPool(const AnswerPool&) = delete;
  AnswerPool& operator=(const AnswerPool&) = delete;

  // False: too many wait already, and the request is dropped.
  [[nodiscard]] bool add(Request request, bool is_urgent);
  [[nodiscard]] std::vector<Answer> take();

 private:
  void run();

  std::size_t waiting_max_;
  Work work_;
  std::function<void()> done_;
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable more_;
  std::deque<Request> waiting_;
  std::vector<Answer> answers_;
  bool is_ending_ = false;
  std::vector<std::thread> threads_;  // Last, so that they find everything made.
};

}  // namespace sluice
