#pragma once

#include <uv.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/carbon_client.h"
#include "net/handle.h"
#include "net/lookup.h"
#include "sluice/base/error.h"
#include "sluice/values/datapoint.h"

namespace sluice {

// One batch on its way: look-up, connection, writing, half-close, acknowledgement. What
// CarbonClient makes anew for each batch, so that nothing of an older one can touch a newer.
class CarbonAttempt {
 public:
  // Called once, from the loop, never from within the constructor. May destroy the attempt.
  using Done = std::function<void(Batch batch, Expected<void> outcome)>;

  CarbonAttempt(uv_loop_t* loop, const CarbonClientOptions& options, Batch batch, Done done);
  ~CarbonAttempt();
  CarbonAttempt(const CarbonAttempt&) = delete;
  CarbonAttempt& operator=(const CarbonAttempt&) = delete;

 private:
  enum class Phase : std::uint8_t { kLookup, kConnect, kWrite, kAwaitEof, kFailed };
  struct Socket;

  void look_up();
  void try_next_address();
  int start_connecting(const SocketAddress& address);
  void give_up_address(std::string_view why);
  void connected(int status);
  void send_batch();
  void shut_down(int status);
  void receive(ssize_t count);
  void judge_eof();
  [[nodiscard]] std::size_t untaken_octets() const noexcept;
  void time_out();

  void enter(Phase phase, std::chrono::milliseconds timeout);
  void fail_with(std::string what);
  void fail_with_status(int status);
  void finish(Expected<void> outcome);

  // libuv's callbacks: find the attempt, return if there is none any more, call a member.
  static void on_connect(uv_connect_t* request, int status) noexcept;
  static void on_write(uv_write_t* request, int status) noexcept;
  static void on_shutdown(uv_shutdown_t* request, int status) noexcept;
  static void on_alloc(uv_handle_t* handle, std::size_t wanted, uv_buf_t* buffer) noexcept;
  static void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) noexcept;
  static void on_timer(uv_timer_t* timer) noexcept;

  uv_loop_t* loop_;
  CarbonClientOptions options_;
  Done done_;
  Batch batch_;
  std::string failures_;  // Of the addresses tried so far, for people.
  Phase phase_ = Phase::kLookup;
  bool is_shut_ = false;  // The kernel has queued our FIN.
  std::size_t ignored_octets_ = 0;
  std::vector<SocketAddress> addresses_;
  std::size_t next_address_ = 0;
  std::unique_ptr<Lookup> lookup_;
  Handle<uv_timer_t> timer_;
  Handle<Socket> socket_;
};

}  // namespace sluice
