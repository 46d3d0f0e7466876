#include "net/socket.h"

#include <fmt/format.h>
#include <linux/sock_diag.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>

#include "net/address.h"

namespace sluice {
namespace {

// The kernel cuts it to net.core.somaxconn (4096). Many agents reconnect at once after a restart.
constexpr int kBacklog = 4096;

using Transport = Endpoint::Transport;

bool is_udp(const Endpoint& endpoint) noexcept { return endpoint.transport == Transport::kUdp; }

std::string hint_for(int error, const Endpoint& endpoint) {
  switch (error) {
    case EADDRINUSE:
      return fmt::format(
          "address already in use; is another sluice or rsyslog listening there? ({})",
          is_udp(endpoint) ? "ss -lunp" : "ss -ltnp");
    case EACCES:
      return "permission denied; ports below 1024 need CAP_NET_BIND_SERVICE "
             "(systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE)";
    case EADDRNOTAVAIL:
      return "this machine has no such address (ip address)";
    case EAFNOSUPPORT:
      return "this machine has no IPv6 (sysctl net.ipv6.conf.all.disable_ipv6)";
    case EMFILE:
    case ENFILE:
      return "no file descriptor is left; raise LimitNOFILE (ulimit -n)";
    default:
      return std::strerror(error);
  }
}

std::unexpected<Error> fail_at(const Endpoint& endpoint, int error) {
  return at(endpoint.to_string(), Error{{}, hint_for(error, endpoint)});
}

// The path is followed by a zero octet, but need not be.
std::string path_of(const SocketAddress& address) {
  const auto* const local = reinterpret_cast<const sockaddr_un*>(&address.storage);
  const std::size_t room = address.length - offsetof(sockaddr_un, sun_path);
  return {local->sun_path, strnlen(local->sun_path, room)};
}

Expected<SocketAddress> resolve(const Endpoint& endpoint) {
  if (const auto address = parse_socket_address(endpoint.host, endpoint.port)) return *address;
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = is_udp(endpoint) ? SOCK_DGRAM : SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status =
      getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (status != 0) {
    return at(endpoint.to_string(),
              Error{{}, fmt::format("cannot look up the name: {}", gai_strerror(status))});
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  const auto address = copy_address(*found->ai_addr);
  if (!address) return fail_at(endpoint, EADDRNOTAVAIL);
  return *address;
}

int set_int(int fd, int level, int name, int value) noexcept {
  return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : errno;
}

// FORCE goes beyond net.core.rmem_max and needs CAP_NET_ADMIN.
void set_receive_buffer(int fd, std::size_t bytes) noexcept {
  if (bytes == 0) return;
  const int value = static_cast<int>(std::min<std::size_t>(bytes, std::size_t{1} << 30));
  if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, value) == 0) return;
  (void)set_int(fd, SOL_SOCKET, SO_RCVBUF,
                value);  // What it came to, receive_buffer_bytes() tells.
}

// A UDP socket gets no SO_REUSEADDR: with it, another program could take its datagrams away.
int prepare(int fd, const SocketAddress& address, bool is_tcp,
            const SocketOptions& options) noexcept {
  int error = 0;
  if (is_tcp) error = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (error == 0 && options.reuse_port) error = set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (error == 0 && address.family() == AF_INET6) {
    const bool is_any = address_of(*address.get()) == Address{};
    error = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, is_any ? 0 : 1);
  }
  set_receive_buffer(fd, options.receive_buffer_bytes);
  return error;
}

Expected<Fd> open_socket(const Endpoint& endpoint, const SocketOptions& options) {
  const auto address = resolve(endpoint);
  if (!address) return std::unexpected(address.error());
  const bool is_tcp = !is_udp(endpoint);
  const int type = (is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  Fd fd(socket(address->family(), type, 0));
  if (!fd.is_open()) return fail_at(endpoint, errno);
  if (const int error = prepare(fd.get(), *address, is_tcp, options); error != 0) {
    return fail_at(endpoint, error);
  }
  if (bind(fd.get(), address->get(), address->length) != 0) return fail_at(endpoint, errno);
  // Here and not later: of two sockets that are bound alike, the second to listen is refused.
  if (is_tcp && listen(fd.get(), kBacklog) != 0) return fail_at(endpoint, errno);
  return fd;
}

}  // namespace

Expected<Fd> open_udp(const Endpoint& endpoint, const SocketOptions& options) {
  return open_socket({Transport::kUdp, endpoint.host, endpoint.port}, options);
}

Expected<Fd> open_tcp_listener(const Endpoint& endpoint, const SocketOptions& options) {
  return open_socket({Transport::kTcp, endpoint.host, endpoint.port}, options);
}

Expected<std::vector<Fd>> open_sockets(const Endpoint& endpoint, std::size_t count,
                                       SocketOptions options) {
  Endpoint place = endpoint;
  options.reuse_port = false;
  {
    // Without SO_REUSEPORT this fails if anybody has the address; it also chooses the port.
    auto alone = open_socket(place, options);
    if (!alone) return std::unexpected(std::move(alone.error()));
    const auto bound = local_endpoint(alone->get());
    if (!bound) return std::unexpected(bound.error());
    place.port = bound->port;
    if (count == 1) {
      std::vector<Fd> one;
      one.push_back(std::move(*alone));
      return one;
    }
  }
  options.reuse_port = true;
  std::vector<Fd> sockets;
  while (sockets.size() < count) {
    auto next = open_socket(place, options);
    if (!next) return std::unexpected(std::move(next.error()));
    sockets.push_back(std::move(*next));
  }
  return sockets;
}

Expected<Endpoint> local_endpoint(int fd) {
  SocketAddress address;
  address.length = sizeof address.storage;
  int type = 0;
  socklen_t type_length = sizeof type;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.length) != 0 ||
      getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_length) != 0) {
    return fail(fmt::format("cannot tell where the socket is bound: {}", std::strerror(errno)));
  }
  const bool is_datagram = type == SOCK_DGRAM;
  if (address.family() == AF_UNIX) {
    return Endpoint{is_datagram ? Transport::kUnixgram : Transport::kUnix, path_of(address), 0};
  }
  const Transport transport = is_datagram ? Transport::kUdp : Transport::kTcp;
  return Endpoint{transport, address.text(), address.port()};
}

std::size_t receive_buffer_bytes(int fd) noexcept {
  int bytes = 0;
  socklen_t length = sizeof bytes;
  if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &length) != 0) return 0;
  return static_cast<std::size_t>(bytes) / 2;
}

std::uint32_t udp_kernel_drops(int fd) noexcept {
  std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
  socklen_t length = sizeof info;
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info.data(), &length) != 0) return 0;
  return info[SK_MEMINFO_DROPS];
}

}  // namespace sluice
