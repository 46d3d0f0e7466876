#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace sluice {

// Tells somebody who waits at a terminal how far a command is: one line on standard error, from the
// second second on, once a second, gone at the end. Says nothing when standard error is no
// terminal, or when standard output is one, where the results themselves go by.
class Progress {
 public:
  // `noun`: what is counted, in the plural. The view outlives this.
  explicit Progress(std::string_view noun);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // One more is done.
  void step();

 private:
  using Clock = std::chrono::steady_clock;

  std::string_view noun_;
  bool is_wanted_;
  bool is_shown_ = false;
  std::uint64_t count_ = 0;
  Clock::time_point next_;
};

}  // namespace sluice
