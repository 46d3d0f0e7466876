#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "http/snapshot.h"
#include "sluice/base/error.h"

namespace sluice {

// What became of a request to forget a host.
enum class Forgotten : std::uint8_t {
  kDone,
  kUnknownHost,
  kNoAnswer,  // The relay is too busy, or about to stop.
};

struct StatusServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 9514;  // 0: a free one.
  std::string instance;       // Also taken as a Host header.
  // Called from the server's threads, and may take its time. Empty: nothing can be forgotten.
  std::function<Forgotten(const std::string& host)> forget;
};

// Serves the last snapshot over HTTP in threads of its own: /healthz, /metrics, /api/v1/ledger,
// /api/v1/senders, /api/v1/attention. Only GET and HEAD, but for POST /api/v1/forget, which this
// machine alone may ask for; requests whose Host header names another machine are refused (DNS
// rebinding); everything a client can do is bounded in size and time, and ingest never waits for
// one.
class StatusServer {
 public:
  [[nodiscard]] static Expected<std::unique_ptr<StatusServer>> start(
      const StatusServerOptions& options);
  ~StatusServer();
  StatusServer(const StatusServer&) = delete;
  StatusServer& operator=(const StatusServer&) = delete;

  // From now on requests see this one. From one thread only.
  void publish(std::shared_ptr<const Snapshot> snapshot);

  [[nodiscard]] std::uint16_t port() const noexcept;

  struct State;
  explicit StatusServer(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace sluice
