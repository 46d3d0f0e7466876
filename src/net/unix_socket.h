#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "config/config.h"
#include "net/fd.h"
#include "sluice/base/error.h"

namespace sluice {

// The file of a bound unix socket. Removed with its owner, unless another program has put its own
// in the place meanwhile: to be told apart, the socket must be closed after it.
class SocketFile {
 public:
  SocketFile() = default;
  // The file at `path` as it is now.
  explicit SocketFile(std::string path) noexcept;
  ~SocketFile() { remove(); }
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&& other) noexcept;
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

  // Removes the file now: nobody new finds the socket.
  void remove() noexcept;

 private:
  std::string path_;  // Empty: nothing is owned.
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

struct UnixSocket {
  Fd socket;  // Non-blocking, closed on exec; a stream socket listens.
  SocketFile file;
};

// Binds a socket to the path of `endpoint`, which must be a unix one. The file gets `mode`, and at
// no moment more. A socket file that nobody listens at any more is replaced; one with a listener,
// and anything that is no socket, is an error.
[[nodiscard]] Expected<UnixSocket> open_unix_socket(const Endpoint& endpoint, std::uint32_t mode);

}  // namespace sluice
