#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "config/config.h"
#include "net/fd.h"
#include "sluice/base/error.h"

namespace sluice {

struct SocketOptions {
  // Several sockets may share the address, one per worker; the kernel spreads peers over them.
  // Every one of them must say so. Nothing then tells two programs apart: see open_sockets().
  bool reuse_port = false;
  // Octets of the kernel's receive queue, 0 for its default (net.core.rmem_default). What was
  // really given is told by receive_buffer_bytes().
  std::size_t receive_buffer_bytes = 0;
};

// A bound UDP socket, or a bound TCP socket that listens, non-blocking and closed on exec. A host
// that is a name is looked up (blocking; for start-up). "[::]" also takes IPv4. Port 0 takes a free
// one: local_endpoint() tells which. Errors start with the endpoint and say what to look at.
[[nodiscard]] Expected<Fd> open_udp(const Endpoint& endpoint, const SocketOptions& options = {});
[[nodiscard]] Expected<Fd> open_tcp_listener(const Endpoint& endpoint,
                                             const SocketOptions& options = {});

// `count` sockets of the endpoint's kind on one address, one per worker (options.reuse_port is set
// when there are several). Refuses an address that another program, or another sluice, already has,
// which SO_REUSEPORT alone would let it share.
[[nodiscard]] Expected<std::vector<Fd>> open_sockets(const Endpoint& endpoint, std::size_t count,
                                                     SocketOptions options = {});

// Where a socket is bound, with the port that the kernel chose if it was 0; a unix socket too.
[[nodiscard]] Expected<Endpoint> local_endpoint(int fd);

// Octets that the kernel's receive queue holds, in the measure of SocketOptions (the kernel doubles
// it for its own use). Less than asked for when net.core.rmem_max is lower and the program lacks
// CAP_NET_ADMIN; the operator should then be told. 0 when `fd` is no socket.
[[nodiscard]] std::size_t receive_buffer_bytes(int fd) noexcept;

// Datagrams that the kernel has dropped on this socket since it was opened, because its queue was
// full (or the checksum wrong). Wraps at 2^32. 0 where the kernel does not tell.
[[nodiscard]] std::uint32_t udp_kernel_drops(int fd) noexcept;

}  // namespace sluice
