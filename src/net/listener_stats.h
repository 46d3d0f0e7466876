#pragma once

#include <cstdint>

namespace sluice {

// What a datagram listener has counted since it was made. (What the kernel dropped
// before: udp_kernel_drops().)
struct DatagramListenerStats {
  std::uint64_t datagrams = 0;       // Handed to the owner.
  std::uint64_t octets = 0;          // Of those.
  std::uint64_t truncated = 0;       // Of those, longer than max_message.
  std::uint64_t refused_allow = 0;   // Datagrams of peers that are not allowed.
  std::uint64_t receive_errors = 0;  // The socket reported an error instead of a datagram.

  friend bool operator==(const DatagramListenerStats&, const DatagramListenerStats&) = default;
};

// What a stream listener has counted since it was made. A connection that was accepted ends in
// exactly one of the closed_ counters or is still open.
struct StreamListenerStats {
  std::uint64_t accepted = 0;          // Connections taken, the refused ones not among them.
  std::uint64_t open = 0;              // Connections now.
  std::uint64_t refused_allow = 0;     // Closed at once: the peer is not allowed.
  std::uint64_t refused_limit = 0;     // Closed at once: as many as allowed were open.
  std::uint64_t accept_errors = 0;     // No descriptor was left, or it was reset before we took it.
  std::uint64_t closed_eof = 0;        // The peer ended its stream.
  std::uint64_t closed_error = 0;      // Reset, keep-alive without answer and the like.
  std::uint64_t closed_tls = 0;        // The peer spoke TLS.
  std::uint64_t closed_http = 0;       // The peer spoke HTTP.
  std::uint64_t closed_bad_count = 0;  // An octet count beyond any limit: the stream lost its step.
  std::uint64_t pauses = 0;            // pause() while it was reading.
  std::uint64_t closed_drain = 0;      // Still open at the end of drain().
  std::uint64_t octets = 0;            // Read.
  std::uint64_t frames = 0;            // Handed to the owner.
  std::uint64_t truncated = 0;         // Of those, longer than max_message.
  std::uint64_t incomplete = 0;        // Of those, cut short by the end of the stream.
  std::uint64_t cut_off = 0;         // Unfinished messages lost to an error or the end of drain().
  std::uint64_t dropped_octets = 0;  // Framer::dropped_octets(), unfinished messages that were lost
                                     // among them.

  friend bool operator==(const StreamListenerStats&, const StreamListenerStats&) = default;
};

}  // namespace sluice
