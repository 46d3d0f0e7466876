#pragma once

#include <uv.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "net/address.h"
#include "net/fd.h"
#include "net/handle.h"
#include "net/listener_stats.h"
#include "sluice/values/peer.h"

namespace sluice {

struct UdpListenerOptions {
  PeerPolicy peers;
};

struct UdpListenerCallbacks {
  // A datagram; both views die with the call. `truncated`: the kernel cut it at 64 KiB.
  std::function<void(std::string_view datagram, bool truncated, const Peer& peer)> on_datagram;
  // A peer that is not allowed began to send; called when the sender changes, not per datagram. The
  // owner limits how often that is logged. May be empty.
  std::function<void(const Peer& peer)> on_refused;
};

// Reads datagrams, up to 20 in one system call, into one buffer. A turn of the loop takes at most
// about 40, so that a flood leaves room for the rest of the loop. Callbacks must not destroy the
// listener.
class UdpListener {
 public:
  // Takes a bound UDP socket (open_udp()). Reading begins at once.
  UdpListener(uv_loop_t* loop, Fd socket, UdpListenerOptions options,
              UdpListenerCallbacks callbacks);
  ~UdpListener();  // Closes the socket; no callback comes any more.
  UdpListener(const UdpListener&) = delete;
  UdpListener& operator=(const UdpListener&) = delete;

  // For the end: stops reading from the loop, and reads here and now what the kernel's queue still
  // holds, until it is empty or `at_most` has passed. Not from within a callback.
  void drain(std::chrono::milliseconds at_most);

  [[nodiscard]] int fd() const noexcept;  // For local_endpoint(), udp_kernel_drops().
  [[nodiscard]] const UdpListenerStats& stats() const noexcept { return stats_; }

 private:
  void receive(std::string_view datagram, bool truncated, const sockaddr& from);
  bool receive_now();
  void look_at(const sockaddr& from);

  static void on_alloc(uv_handle_t* handle, std::size_t wanted, uv_buf_t* buffer) noexcept;
  static void on_receive(uv_udp_t* udp, ssize_t count, const uv_buf_t* buffer, const sockaddr* from,
                         unsigned flags) noexcept;

  // The last sender: most datagrams come in runs of one.
  struct Sender {
    SocketAddress address;
    Peer peer;
    bool is_allowed = false;
  };

  UdpListenerOptions options_;
  UdpListenerCallbacks callbacks_;
  UdpListenerStats stats_;
  std::optional<Sender> sender_;
  std::unique_ptr<char[]> buffer_;
  Handle<uv_udp_t> udp_;
};

}  // namespace sluice
