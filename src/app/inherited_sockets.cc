#include "app/inherited_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <utility>

#include "net/address.h"
#include "net/socket.h"

namespace sluice {
namespace {

bool is_listening(int fd) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value == 1;
}

// As the kernel writes it: "::" for "0:0::0". Names stay as they are.
std::string plain(const std::string& host) {
  const auto address = parse_socket_address(host, 0);
  return address ? address->text() : host;
}

bool is_same_place(const Endpoint& bound, const Endpoint& wanted) {
  if (bound.transport != wanted.transport || bound.port != wanted.port) return false;
  if (wanted.host == "localhost") return bound.host == "127.0.0.1" || bound.host == "::1";
  return bound.host == (wanted.is_unix() ? wanted.host : plain(wanted.host));
}

}  // namespace

InheritedSockets InheritedSockets::of_this_process() {
  InheritedSockets sockets;
  const int count = sd_listen_fds(1);  // They are closed on exec from here on.
  for (int i = 0; i < count; ++i) sockets.add(Fd(SD_LISTEN_FDS_START + i));
  return sockets;
}

void InheritedSockets::add(Fd socket) {
  Socket one{.fd = std::move(socket)};
  if (const auto bound = local_endpoint(one.fd.get())) {
    one.bound = *bound;
    one.is_usable = !one.bound.is_stream() || is_listening(one.fd.get());
    const int flags = fcntl(one.fd.get(), F_GETFL);
    (void)fcntl(one.fd.get(), F_SETFL, flags | O_NONBLOCK);
    // systemd sets it, and then another program could take the datagrams of a UDP socket away.
    const int off = 0;
    if (one.bound.transport == Endpoint::Transport::kUdp) {
      setsockopt(one.fd.get(), SOL_SOCKET, SO_REUSEADDR, &off, sizeof off);
    }
  }
  sockets_.push_back(std::move(one));
}

std::vector<Fd> InheritedSockets::take(const Endpoint& endpoint) {
  std::vector<Fd> taken;
  std::vector<Socket> rest;
  for (Socket& one : sockets_) {
    if (one.is_usable && is_same_place(one.bound, endpoint)) {
      taken.push_back(std::move(one.fd));
    } else {
      rest.push_back(std::move(one));
    }
  }
  sockets_ = std::move(rest);
  return taken;
}

std::vector<std::string> InheritedSockets::left() const {
  std::vector<std::string> places;
  for (const Socket& one : sockets_) {
    places.push_back(one.bound.host.empty() ? "a descriptor that is no bound socket"
                                            : one.bound.to_string());
  }
  return places;
}

}  // namespace sluice
