#pragma once

#include <uv.h>

#include <catch2/catch.hpp>
#include <chrono>

namespace sluice {

// A loop for one test case. Declare it first: when everything else is gone, its destructor checks
// that the loop closes, which shows that no handle and no request was left behind.
class TestLoop {
 public:
  TestLoop() { uv_loop_init(&loop_); }
  ~TestLoop() {
    run_until([this] { return uv_loop_alive(&loop_) == 0; });
    CHECK(uv_loop_close(&loop_) == 0);
  }
  TestLoop(const TestLoop&) = delete;
  TestLoop& operator=(const TestLoop&) = delete;

  uv_loop_t* get() { return &loop_; }

  // Runs until `is_done`, and says whether that came before the deadline, which is only there to
  // end a test that hangs.
  bool run_until(const auto& is_done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!is_done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      turn();
    }
    return true;
  }

  // One turn, which waits at most a few milliseconds.
  void turn() {
    uv_timer_t wake;
    uv_timer_init(&loop_, &wake);
    uv_unref(reinterpret_cast<uv_handle_t*>(&wake));
    uv_timer_start(&wake, [](uv_timer_t*) {}, 2, 0);
    uv_run(&loop_, UV_RUN_ONCE);
    uv_close(reinterpret_cast<uv_handle_t*>(&wake), nullptr);
    uv_run(&loop_, UV_RUN_NOWAIT);
  }

 private:
  uv_loop_t loop_;
};

}  // namespace sluice
