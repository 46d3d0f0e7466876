#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "http/fleet_api.h"
#include "http/http_front.h"
#include "http/series_api.h"
#include "http/snapshot.h"
#include "sluice/base/error.h"

namespace sluice {

// A text to explain, and how to read it; empty means the relay's own.
struct ExplainRequest {
  std::string_view text;
  std::string framing;
  std::string tz;
  std::size_t messages_max = 0;  // Further ones are left out.
};

// What became of a request to forget a host.
enum class Forgotten : std::uint8_t {
  kDone,
  kUnknownHost,
  kNoAnswer,  // The relay is too busy, or about to stop.
};

struct StatusServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 9514;       // 0: a free one.
  std::vector<std::string> hosts;  // Also taken as a Host header, without port.
  // What clients must send as "Authorization: Bearer TOKEN", but for /healthz and the page's own
  // files. Empty: nothing.
  std::string token;
  std::vector<PageLink> links;  // What the page shows with every host.
  std::string relay_path;       // Where the relay's own series begin: "sluice.relays.relay1".
  HttpFrontOptions front;       // Its `host` and `port` are those above.
  // Called from the server's threads, and may take its time. Empty: nothing can be forgotten.
  std::function<Forgotten(const std::string& host)> forget;
  // Empty: there is no history; null: it is not open yet.
  HistorySource history;
  FleetSource fleet;
  // Explains the text of a request (docs/explain.md): a JSON object for each message, or what is
  // wrong with the framing or zone that it asks for.
  std::function<Expected<std::vector<std::string>>(const ExplainRequest& request)> explain;
};

// Serves the last snapshot over HTTP in threads of its own: /healthz, /metrics, /api/v1/... and the
// page. Only GET and HEAD, but for POST /api/v1/forget, which this machine alone may ask for;
// requests whose Host header names another machine are refused (DNS rebinding); everything a client
// can do is bounded in size and time (HttpFront), and ingest never waits for one.
class StatusServer {
 public:
  // `first` is what requests see until publish().
  [[nodiscard]] static Expected<std::unique_ptr<StatusServer>> start(
      const StatusServerOptions& options,
      std::shared_ptr<const Snapshot> first = std::make_shared<const Snapshot>());
  // Closes every client. Takes as long as what it was given to call (`forget`), and no longer.
  ~StatusServer();
  StatusServer(const StatusServer&) = delete;
  StatusServer& operator=(const StatusServer&) = delete;

  // From now on requests see this one. From one thread only.
  void publish(std::shared_ptr<const Snapshot> snapshot);

  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] HttpFrontStats clients() const;

  struct State;
  explicit StatusServer(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace sluice
