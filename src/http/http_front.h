#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/request_frame.h"
#include "sluice/base/error.h"

namespace sluice {

struct HttpFrontOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  // 0: a free one.
  RequestLimits limits;
  // Open at once. One more takes the place of the one that has been idle for longest.
  std::size_t clients_max = 256;
  std::size_t requests_per_client_max = 1000;    // Then the connection is closed.
  std::size_t threads = 6;                       // That answer.
  std::size_t waiting_max = 256;                 // Whole requests that no thread has taken yet.
  std::chrono::milliseconds request_time{5000};  // From a request's first octet to its last.
  std::chrono::milliseconds idle_time{5000};     // Before that first octet.
  std::chrono::milliseconds answer_time{10000};  // To take a whole answer in.
};

// One whole request, header and body, and the addresses of both ends. Views.
struct HttpRequest {
  std::string_view bytes;
  std::string_view peer;
  std::string_view local;
};

// What is said to one request.
struct HttpAnswer {
  std::string bytes;
  bool is_last = false;  // The connection is closed after it.
};

struct HttpFrontStats {
  std::uint64_t requests = 0;         // Whole ones.
  std::uint64_t clients_refused = 0;  // Closed to make room for another, or for want of it.
  std::uint64_t clients_late = 0;     // Closed because a request or an answer took too long.
};

// Everything about HTTP that has to do with sockets and time. One thread reads and writes all
// clients without ever waiting for one; others answer, and are given whole requests alone. So a
// client that sends or reads slowly, or not at all, costs a place and holds up nobody, and the end
// of this waits for no client: it closes them.
class HttpFront {
 public:
  // Called from several threads.
  using Answerer = std::function<HttpAnswer(const HttpRequest& request)>;
  // The answer to what is not a request that is served, header included.
  using Refuser = std::function<std::string(int status, std::string_view why)>;

  [[nodiscard]] static Expected<std::unique_ptr<HttpFront>> start(const HttpFrontOptions& options,
                                                                  Answerer answer, Refuser refuse);
  // Waits for the answers that are being made, and for nothing else.
  ~HttpFront();
  HttpFront(const HttpFront&) = delete;
  HttpFront& operator=(const HttpFront&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] HttpFrontStats stats() const;  // From any thread.

  struct State;
  explicit HttpFront(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace sluice
