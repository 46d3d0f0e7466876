#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "net/fd.h"

namespace sluice {

// Sees to it that a stop ends, whatever hangs: a disk, a loop, a worker. It takes SIGTERM and
// SIGINT on a thread of its own, passes them on to whoever stops the relay in good order, and ends
// the process itself when that takes too long, with a line in the log that says what could not be
// kept and why.
//
// To be made before any other thread, which then inherits that both signals are blocked.
class StopGuard {
 public:
  using Clock = std::chrono::steady_clock;
  // On top of the time for a stop: to close what is open.
  static constexpr std::chrono::milliseconds kSlack{2000};
  // After the second signal.
  static constexpr std::chrono::milliseconds kSlackWhenAsked{500};

  // A stop may take `at_most` and kSlack from the first signal on.
  explicit StopGuard(std::chrono::milliseconds at_most);
  // The relay has stopped in good order.
  ~StopGuard();
  StopGuard(const StopGuard&) = delete;
  StopGuard& operator=(const StopGuard&) = delete;

  // Called on the guard's thread at each of the two signals; one that came before is told at once.
  // An empty function: nobody is told any more, and no call is under way when this returns.
  using OnSignal = std::function<void(int number, bool is_again)>;
  void tell(OnSignal on_signal);

  // What would be lost, and what the stop waits for, in words for the log. Called on the guard's
  // thread, at the very end; so it must not refer to anything that ends before the guard does.
  using Describe = std::function<std::string()>;
  void describe_with(Describe describe);

 private:
  void run();
  [[nodiscard]] int wait_ms() const;
  void take_signal();
  [[noreturn]] void end();

  std::chrono::milliseconds at_most_;
  Fd signals_;
  Fd wake_;
  std::mutex mutex_;
  OnSignal on_signal_;
  Describe describe_;
  int first_signal_ = 0;
  std::optional<Clock::time_point> deadline_;  // The thread's.
  bool was_asked_twice_ = false;               // The thread's.
  std::thread thread_;                         // Last, so that it finds everything made.
};

}  // namespace sluice
