#pragma once

#include <sys/socket.h>
#include <uv.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "net/fd.h"
#include "net/handle.h"
#include "net/sockets.h"

namespace sluice {

// A carbon receiver that behaves as it is told, on the test's own loop. A step every millisecond
// does what a blocking receiver would do with plain sockets.
class FakeCarbon {
 public:
  struct Manner {
    bool accepts = true;
    bool reads = true;
    bool closes_at_eof = true;
    std::size_t reads_at_once = 64 * 1024;                               // A step.
    std::size_t closes_after = std::numeric_limits<std::size_t>::max();  // Octets read; 0: at once.
    bool closes_when_drained = false;  // After `closes_after`, but only while its queue is empty.
    std::string says;                  // Sent before it closes.
    std::size_t receive_buffer = 0;    // Octets, 0 for the kernel's default.
    int backlog = 16;
  };

  FakeCarbon(uv_loop_t* loop, Manner manner)
      : manner_(std::move(manner)), timer_(make_handle<uv_timer_t>(loop, this, uv_timer_init)) {
    SocketOptions options;
    options.receive_buffer_bytes = manner_.receive_buffer;
    auto fd = open_tcp_listener({Endpoint::Transport::kTcp, "127.0.0.1", 0}, options);
    REQUIRE(fd);
    listener_ = std::move(*fd);
    REQUIRE(listen(listener_.get(), manner_.backlog) == 0);
    port_ = bound_at(listener_.get()).port;
    uv_timer_start(timer_.get(), &on_step, 0, 1);
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& received() const { return received_; }
  [[nodiscard]] std::size_t connection_count() const { return connection_count_; }
  Manner& manner() { return manner_; }
  void stop_listening() { listener_.reset(); }
  [[nodiscard]] std::size_t open_count() const { return connections_.size(); }

  // As when a carbon ends: a FIN for each connection with nothing unread.
  void close_connections() { connections_.clear(); }
  void reset_connections() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    for (const Fd& fd : connections_)
      REQUIRE(setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    connections_.clear();
  }

 private:
  static void on_step(uv_timer_t* timer) { static_cast<FakeCarbon*>(timer->data)->step(); }

  void step() {
    if (manner_.accepts && listener_.is_open()) accept_waiting();
    std::erase_if(connections_, [this](const Fd& fd) { return serve(fd.get()); });
  }

  void accept_waiting() {
    Fd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.is_open()) return;
    ++connection_count_;
    connections_.push_back(std::move(fd));
  }

  // True when the connection is to be closed.
  bool serve(int fd) {
    if (is_done(fd)) return say_goodbye(fd);
    if (!manner_.reads) return false;
    bool is_ended = false;
    received_ += read_waiting(fd, manner_.reads_at_once, is_ended);
    return is_ended ? manner_.closes_at_eof : is_done(fd) && say_goodbye(fd);
  }

  [[nodiscard]] bool is_done(int fd) const {
    if (received_.size() < manner_.closes_after) return false;
    if (!manner_.closes_when_drained) return waiting(fd);
    return !waiting(fd);
  }

  static bool waiting(int fd) {
    char octet = 0;
    return recv(fd, &octet, 1, MSG_DONTWAIT | MSG_PEEK) > 0;
  }

  bool say_goodbye(int fd) const {
    return manner_.says.empty() ||
           send(fd, manner_.says.data(), manner_.says.size(), MSG_NOSIGNAL) > 0;
  }

  Manner manner_;
  Fd listener_;
  std::uint16_t port_ = 0;
  std::string received_;
  std::size_t connection_count_ = 0;
  std::vector<Fd> connections_;
  Handle<uv_timer_t> timer_;
};

}  // namespace sluice
