#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "http/status_server.h"

namespace sluice {

// Hosts to forget, from the status server's threads to the control loop and back.
class ForgetOrders {
 public:
  // One host, asked for and not answered yet.
  struct Order {
    std::string host;
    std::optional<Forgotten> answer;
  };

  // `wake` is called from the asker's thread when take() is worth calling.
  explicit ForgetOrders(std::function<void()> wake) : wake_(std::move(wake)) {}

  // From any thread: waits for the loop's answer, at most `at_most`.
  [[nodiscard]] Forgotten ask(std::string host, std::chrono::milliseconds at_most);

  // From the loop: what is to be done, each to be answered once.
  [[nodiscard]] std::vector<std::shared_ptr<Order>> take();
  void answer(Order& order, Forgotten answer);
  // From now on nobody waits: whoever asks, or has asked, is told kNoAnswer.
  void close();

 private:
  // Each holds a thread of the server while it waits.
  static constexpr std::size_t kOrdersMax = 2;

  std::function<void()> wake_;
  std::mutex mutex_;  // Guards what follows, and the answers.
  std::condition_variable answered_;
  std::vector<std::shared_ptr<Order>> orders_;
  bool is_closed_ = false;
};

}  // namespace sluice
