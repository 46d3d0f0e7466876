#pragma once

#include <uv.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/handle.h"
#include "net/lookup.h"
#include "sluice/base/error.h"

namespace sluice {

// Why a destination did not do what it was asked, and what that says about it.
struct CarbonFailure : Error {
  enum class Kind : std::uint8_t {
    kOther,       // Says nothing about the life of the receiver: a time out, a name not found.
    kDied,        // Refused, reset, or closed too early: the receiver has ended, or may have.
    kUnanswered,  // The peer's kernel took everything and our FIN, but its program has not closed.
  };
  Kind kind = Kind::kOther;
};

// A connection with everything libuv still uses until its close callback: destroying the Handle
// leaves this alive that long.
struct CarbonSocket {
  uv_tcp_t tcp;
  uv_connect_t connect;
  uv_write_t write;
  uv_shutdown_t shutdown;
  std::array<char, 2048> ignored;  // carbon never says anything; what it says goes here.
};

// The kind behind one of libuv's status codes of a connection.
[[nodiscard]] CarbonFailure::Kind kind_of_status(int status) noexcept;

// Makes one connection: looks the name up, then tries its addresses in order until one answers.
class CarbonDialer {
 public:
  using Result = std::expected<Handle<CarbonSocket>, CarbonFailure>;
  // Called once, from the loop, never from within the constructor. The new owner sets
  // `tcp.data`, which is null. An error names the addresses tried, not the destination. May destroy
  // the dialer.
  using Done = std::function<void(Result result)>;

  // `connect_timeout` is that of the look-up, and again of each address.
  CarbonDialer(uv_loop_t* loop, const std::string& host, std::uint16_t port,
               std::chrono::milliseconds connect_timeout, Done done);
  CarbonDialer(const CarbonDialer&) = delete;
  CarbonDialer& operator=(const CarbonDialer&) = delete;

 private:
  enum class Phase : std::uint8_t { kLookup, kConnect, kFailed };

  void look_up(const std::string& host, std::uint16_t port);
  void try_next_address();
  int start_connecting(const SocketAddress& address);
  void give_up_address(int status, std::string_view why);
  void connected(int status);
  void time_out();
  void enter(Phase phase, std::chrono::milliseconds timeout);
  void fail_with(std::string what);
  void finish(Result result);

  static void on_connect(uv_connect_t* request, int status) noexcept;
  static void on_timer(uv_timer_t* timer) noexcept;

  uv_loop_t* loop_;
  std::chrono::milliseconds connect_timeout_;
  Done done_;
  Phase phase_ = Phase::kLookup;
  CarbonFailure::Kind kind_ = CarbonFailure::Kind::kOther;
  std::string failures_;  // Of the addresses tried so far, for people.
  std::vector<SocketAddress> addresses_;
  std::size_t next_address_ = 0;
  std::unique_ptr<Lookup> lookup_;
  Handle<uv_timer_t> timer_;
  Handle<CarbonSocket> socket_;
};

}  // namespace sluice
