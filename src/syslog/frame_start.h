#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::detail {

// No decision about a frame needs more octets than this: blanks, a count, SP and one octet, or the
// first words of another protocol.
inline constexpr std::size_t kFrameStartOctetsMax = 48;

enum class FrameStart : std::uint8_t {
  kNeedMore,  // The octets so far may still become either.
  kLine,      // Up to a trailer.
  kCounted,   // By MSG-LEN.
  kBadCount,
  kTls,
  kHttp,
};

struct FrameStartContext {
  bool counts_only = false;      // Framing::kOctet.
  bool lines_only = false;       // Framing::kLf, Framing::kNul.
  bool has_counted = false;      // The connection has already sent a counted frame.
  bool is_stream_start = false;  // Nothing came before: other protocols are looked for.
  bool is_finished = false;      // No further octet will come.
};

struct FrameStartResult {
  FrameStart kind = FrameStart::kNeedMore;
  std::size_t header_octets = 0;  // To skip before the message: blanks, count, SP.
  std::uint64_t count = 0;        // kCounted: MSG-LEN.
};

// Tells from the first octets of a frame how it is framed (RFC 6587 section 3.4). `start` is not
// empty.
[[nodiscard]] FrameStartResult read_frame_start(std::string_view start,
                                                const FrameStartContext& context) noexcept;

}  // namespace sluice::detail
