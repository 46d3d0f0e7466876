#pragma once

#include <uv.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "net/carbon_client.h"
#include "net/carbon_dialer.h"
#include "net/handle.h"
#include "sluice/values/datapoint.h"

namespace sluice {

// One batch on its way: connection, writing, half-close, acknowledgement. What CarbonClient makes
// anew for each batch, so that nothing of an older one can touch a newer.
class CarbonAttempt {
 public:
  // Called once, from the loop, never from within the constructor. May destroy the attempt.
  using Done = CarbonClient::Done;

  CarbonAttempt(uv_loop_t* loop, const CarbonClientOptions& options, Batch batch, AwaitEnd await,
                Done done);
  ~CarbonAttempt();
  CarbonAttempt(const CarbonAttempt&) = delete;
  CarbonAttempt& operator=(const CarbonAttempt&) = delete;

 private:
  enum class Phase : std::uint8_t {
    kWrite,
    kAwaitEof,
    kAwaitTaken,  // AwaitEnd::kBriefly: until our octets and our FIN are the peer's kernel's.
    kSettle,      // AwaitEnd::kBriefly: a moment more for an EOF, which would prove more.
    kFailed,
  };

  void connected(CarbonDialer::Result result);
  void send_batch();
  void shut_down(int status);
  void receive(ssize_t count);
  void judge_eof();
  [[nodiscard]] std::size_t untaken_octets() const noexcept;
  [[nodiscard]] bool has_ended_unseen() const noexcept;
  void time_out();
  void time_out_awaiting_end();
  void poll_taken();

  void enter(Phase phase, std::chrono::milliseconds timeout);
  void fail_with(CarbonFailure::Kind kind, std::string what);
  void fail_with_status(int status);
  void finish(SendOutcome outcome);

  // libuv's callbacks: find the attempt, return if there is none any more, call a member.
  static void on_write(uv_write_t* request, int status) noexcept;
  static void on_shutdown(uv_shutdown_t* request, int status) noexcept;
  static void on_alloc(uv_handle_t* handle, std::size_t wanted, uv_buf_t* buffer) noexcept;
  static void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) noexcept;
  static void on_timer(uv_timer_t* timer) noexcept;

  uv_loop_t* loop_;
  CarbonClientOptions options_;
  AwaitEnd await_;
  Done done_;
  Batch batch_;
  CarbonFailure failure_;
  Phase phase_ = Phase::kWrite;
  bool is_shut_ = false;  // The kernel has queued our FIN.
  std::size_t ignored_octets_ = 0;
  std::uint64_t taken_deadline_ms_ = 0;  // Of the loop's clock, for kAwaitTaken.
  Handle<uv_timer_t> timer_;
  Handle<CarbonSocket> socket_;
  std::unique_ptr<CarbonDialer> dialer_;
};

}  // namespace sluice
