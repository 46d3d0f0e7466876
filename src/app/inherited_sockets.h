#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "net/fd.h"

namespace sluice {

// Sockets that systemd has opened for this program and keeps open over its restarts (units of type
// socket, sd_listen_fds(3)). A listener finds its own by the address that both of them name.
class InheritedSockets {
 public:
  // None.
  InheritedSockets() = default;

  // Those of this process. Children and later calls find none.
  [[nodiscard]] static InheritedSockets of_this_process();

  // Adds one: a bound datagram socket, or a stream socket that listens. Anything else is left().
  void add(Fd socket);

  // Removes and returns the sockets that are bound where `endpoint` says, non-blocking and closed
  // on exec. Several share an address if the unit names it several times with ReusePort=yes.
  [[nodiscard]] std::vector<Fd> take(const Endpoint& endpoint);

  // Where those are bound that nobody took, for the log: "udp://[::]:5514".
  [[nodiscard]] std::vector<std::string> left() const;

 private:
  struct Socket {
    Fd fd;
    Endpoint bound;
    bool is_usable = false;
  };

  std::vector<Socket> sockets_;
};

}  // namespace sluice
