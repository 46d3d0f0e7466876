#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "net/address.h"
#include "sluice/base/error.h"

namespace sluice {

// Looks up the TCP addresses of a name in libuv's thread pool, where a slow name server holds up no
// loop.
class Lookup {
 public:
  // Called once per start() that succeeded, from the loop. May destroy the lookup.
  using Done = std::function<void(Expected<std::vector<SocketAddress>> addresses)>;

  Lookup(uv_loop_t* loop, Done done);
  // Forgets the answer. The loop stays alive until the thread that asks has come back.
  ~Lookup();
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  // Asks, once per Lookup. Fails at once for what cannot be a name.
  [[nodiscard]] Expected<void> start(const std::string& host, std::uint16_t port);

 private:
  struct Request;

  static void on_answer(uv_getaddrinfo_t* request, int status, addrinfo* found) noexcept;

  uv_loop_t* loop_;
  Request* request_ = nullptr;  // Frees itself in its callback.
  Done done_;
};

}  // namespace sluice
