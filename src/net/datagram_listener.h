#pragma once

#include <sys/socket.h>
#include <uv.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

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

struct Datagram {
  std::string_view bytes;
  bool truncated = false;  // It was longer than max_message.
  const Peer& peer;
};

struct DatagramListenerCallbacks {
  // Datagrams are about to be read, a system call's worth. May be empty.
  std::function<void()> on_arrival;
  // What one system call read, in order, at least one; bytes and peers die with the call.
  std::function<void(std::span<const Datagram> datagrams)> on_datagrams;
  // A peer that is not allowed began to send; called when the sender changes, not per datagram. The
  // owner limits how often that is logged. May be empty.
  std::function<void(const Peer& peer)> on_refused;
};

// Reads datagrams of a UDP or a unix socket, up to 64 in one system call. A turn of the loop takes
// at most 1,024, so that a flood leaves room for the rest of the loop.
//
// While datagrams keep coming, it looks once a millisecond instead of being woken for each: that
// halves what the kernel costs a datagram (docs/performance.md). It does so only where the socket's
// receive buffer holds what comes meanwhile. After an error it looks so, too, lest one that lasts
// takes a whole processor.
//
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
  struct Sender {
    SocketAddress address;
    Peer peer;
    bool is_allowed = false;
  };

  // What one system call gave. An error is reported once; what arrived is read by the next call.
  struct Read {
    std::size_t datagrams = 0;
    bool failed = false;
  };

  void read_turn();
  Read read_batch();
  void hand_over(std::size_t count);
  void wait_for_datagrams();
  void look_soon();
  const SocketAddress& take_from(std::size_t i);
  const Sender& sender_of(const SocketAddress& from);
  const Sender& known_sender(const SocketAddress& from);

  DatagramListenerOptions options_;
  DatagramListenerCallbacks callbacks_;
  DatagramListenerStats stats_;

  // Where the kernel puts a batch: each datagram, and who sent it.
  std::unique_ptr<char[]> buffer_;
  std::vector<SocketAddress> from_;
  std::vector<iovec> pieces_;
  std::vector<mmsghdr> headers_;
  std::vector<Datagram> batch_;

  // Who sent lately, by the hash of the address, so that nothing is formatted per datagram.
  std::vector<std::unique_ptr<Sender>> senders_;
  std::vector<std::unique_ptr<Sender>> replaced_;  // While the batch that points to them lasts.
  const Sender* last_ = nullptr;

  bool may_look_later_ = false;  // The receive buffer is large enough for it.
  bool is_looking_ = false;      // By the timer, instead of being woken.
  unsigned quiet_looks_ = 0;     // In a row.
  Fd socket_;
  Handle<uv_poll_t> poll_;  // After the socket: closed before it.
  Handle<uv_timer_t> timer_;
};

}  // namespace sluice
