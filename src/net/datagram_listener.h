#pragma once

#include <uv.h>

#include <chrono>
#include <cstddef>
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

struct DatagramListenerOptions {
  PeerPolicy peers;
  bool is_local = false;                // The socket is a unix one.
  std::size_t max_message = 64 * 1024;  // Octets kept of a datagram.
};

struct DatagramListenerCallbacks {
  // Datagrams are about to be read, a system call's worth. May be empty.
  std::function<void()> on_arrival;
  // A datagram; both views die with the call. `truncated`: it was longer than max_message.
  std::function<void(std::string_view datagram, bool truncated, const Peer& peer)> on_datagram;
  // A peer that is not allowed began to send; called when the sender changes, not per datagram. The
  // owner limits how often that is logged. May be empty.
  std::function<void(const Peer& peer)> on_refused;
};

// Reads datagrams of a UDP or a unix socket, up to 20 in one system call, into one buffer. A turn
// of the loop takes at most about 40, so that a flood leaves room for the rest of the loop.
// Callbacks must not destroy the listener.
class DatagramListener {
 public:
  // Takes a bound datagram socket (open_udp(), open_unix_socket()). Reading begins at once.
  DatagramListener(uv_loop_t* loop, Fd socket, DatagramListenerOptions options,
                   DatagramListenerCallbacks callbacks);
  ~DatagramListener();  // Closes the socket; no callback comes any more.
  DatagramListener(const DatagramListener&) = delete;
  DatagramListener& operator=(const DatagramListener&) = delete;

  // For the end: stops reading from the loop, and reads here and now what the kernel's queue still
  // holds, until it is empty or `at_most` has passed. Not from within a callback.
  void drain(std::chrono::milliseconds at_most);

  [[nodiscard]] int fd() const noexcept;  // For local_endpoint(), udp_kernel_drops().
  [[nodiscard]] const DatagramListenerStats& stats() const noexcept { return stats_; }

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

  DatagramListenerOptions options_;
  DatagramListenerCallbacks callbacks_;
  DatagramListenerStats stats_;
  std::optional<Sender> sender_;
  std::unique_ptr<char[]> buffer_;
  Handle<uv_udp_t> udp_;
};

}  // namespace sluice
