#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

// What one request may take. A glob of series is the longest thing that a path holds, a text to
// explain the longest body.
struct RequestLimits {
  std::size_t line_bytes_max = 4096;
  std::size_t header_bytes_max = 16 * 1024;  // The request line included.
  std::size_t body_bytes_max = 64 * 1024 + 1024;
};

// What the octets that a client has sent so far are.
struct RequestFrame {
  enum class Status : std::uint8_t {
    kNeedMore,
    kComplete,  // The first `bytes` of them are one request; what follows is of the next.
    kRefused,   // No request that is served; `problem` says why.
  } status = Status::kNeedMore;
  std::size_t bytes = 0;
  bool is_told_to_wait = false;  // The header is whole, and the client waits for "100 Continue".
  int problem_status = 0;        // Of HTTP: 400, 411, 413, 414, 431.
  std::string problem;
};

// Finds the end of the request that `bytes` begin with (RFC 9112 section 6). A body has a
// Content-Length or does not exist: chunks are refused, as no client of a relay needs them.
[[nodiscard]] RequestFrame frame_request(std::string_view bytes, const RequestLimits& limits);

}  // namespace sluice
