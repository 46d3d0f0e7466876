#pragma once

#include <uv.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "net/carbon_dialer.h"
#include "net/handle.h"

namespace sluice {

struct CarbonWatchOptions {
  std::string host;  // Name or address; looked up again at each connect.
  std::uint16_t port = 2003;
  std::chrono::milliseconds connect_timeout{5000};
  // Pause before the next connect, doubled after each failure up to the greatest, with jitter. A
  // receiver that is full or pauses its port sees one connect a minute at most.
  std::chrono::milliseconds retry_min{500};
  std::chrono::milliseconds retry_max{60'000};
  // A connection of this age is replaced by refresh(). Far enough below the shortest idle limit of
  // the usual receivers (go-carbon ends a silent connection after 90 to 120 s) that with a refresh
  // once a minute none is ever seen.
  std::chrono::milliseconds fresh_for{20'000};
};

// Keeps one idle connection to a receiver, which sends nothing. Its end says that the receiver may
// have died, and what only its memory held with it: between two batches nothing else shows that. A
// machine that vanished is noticed by TCP's keepalive.
class CarbonWatch {
 public:
  // Called from the loop when a connection that stood has ended (closed, reset, vanished), and when
  // a later connect is refused for the first time. `reason` is for people: "it closed the watch
  // connection". May destroy the watch.
  using OnEnd = std::function<void(const std::string& reason)>;

  // Connects at once.
  CarbonWatch(uv_loop_t* loop, CarbonWatchOptions options, OnEnd on_end);
  ~CarbonWatch();
  CarbonWatch(const CarbonWatch&) = delete;
  CarbonWatch& operator=(const CarbonWatch&) = delete;

  // The receiver has just acknowledged something, so it lives and accepts: an old connection is
  // replaced, the new one first, before an idle limit of the receiver ends it. One that could not
  // be made is tried again at once.
  void refresh();

  // A connection stands.
  [[nodiscard]] bool is_up() const noexcept { return socket_ != nullptr; }

 private:
  void dial();
  void dialed(CarbonDialer::Result result);
  void stand(Handle<CarbonSocket> socket);
  void retry_later();
  void receive(ssize_t count);
  void drop();
  void end(const std::string& reason);
  void tell(const std::string& reason);
  [[nodiscard]] bool has_ended_unseen(std::string& reason) const;

  static void on_alloc(uv_handle_t* handle, std::size_t wanted, uv_buf_t* buffer) noexcept;
  static void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) noexcept;
  static void on_retry(uv_timer_t* timer) noexcept;

  uv_loop_t* loop_;
  CarbonWatchOptions options_;
  OnEnd on_end_;
  std::minstd_rand jitter_;
  std::chrono::milliseconds retry_after_;
  bool was_up_ = false;  // Since the last refused connect.
  std::size_t ignored_octets_ = 0;
  std::uint64_t standing_since_ms_ = 0;  // Of the loop's clock.
  Handle<uv_timer_t> retry_timer_;
  Handle<CarbonSocket> socket_;           // Stands.
  std::unique_ptr<CarbonDialer> dialer_;  // The next one.
};

}  // namespace sluice
