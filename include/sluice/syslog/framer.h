#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice {

// How messages are told apart in a stream (RFC 6587 section 3.4).
enum class Framing : std::uint8_t {
  kAuto,   // Per frame: octet counting if it looks like a count, else up to the trailer.
  kOctet,  // Octet counting only (RFC 6587 section 3.4.1).
  kLf,     // Non-transparent framing, LF only (section 3.4.2).
  kNul,    // Non-transparent framing, NUL only.
};

struct FramerOptions {
  Framing framing = Framing::kAuto;
  std::size_t max_message = 64 * 1024;  // Octets kept of a message; the rest of it is dropped.
  // LF ends a message only if the next octet is '<' (or at end of stream, or at flush_idle()). For
  // kNul and kOctet, where LF ends nothing, it changes nothing.
  bool multiline = false;
  // A line that the end of the stream leaves without its trailer is marked incomplete.
  bool needs_trailer = false;
};

// A count above this is not a long message but a stream that has lost its step, unless max_message
// is greater still. Octets of a longer message than max_message are skipped, not kept.
inline constexpr std::uint64_t kOctetCountMax = 16 * 1024 * 1024;

// A message cut out of a stream. `bytes` is valid until the next call of next(), feed() or
// finish().
struct Frame {
  std::string_view bytes;
  bool truncated = false;   // It was longer than max_message; these are its first octets.
  bool incomplete = false;  // The stream ended before the frame did (lines: needs_trailer only).
};

enum class FrameStatus : std::uint8_t {
  kFrame,     // `frame` holds a message.
  kNeedMore,  // Everything that was fed is consumed; feed() the next read.
  kBadCount,  // A count above any limit, or none where one must be: the stream has lost its step.
  kTls,       // The peer speaks TLS (first octets 0x16 0x03) on this plain port. Close.
  kHttp,      // The peer speaks HTTP ("GET /", "POST /", ...). Close.
};

// Cuts the frames of one connection out of its stream, whatever the cuts between reads. Copies only
// what one read left unfinished, so an idle connection costs no buffer and no message costs more
// than max_message octets of memory.
//
//   framer.feed(read);
//   Frame frame;
//   while (framer.next(frame) == FrameStatus::kFrame) use(frame.bytes);
//
// kAuto takes "123 <" for an octet count, any other "123 " only once the connection has sent a
// counted frame (else "1990 Oct 22 ..." would be one), and everything else for a line. NUL becomes
// a trailer beside LF when it was directly followed by '<' once; before that it is content. Blanks
// before a PRI or a count, empty lines, and a CR before LF belong to no message.
class Framer {
 public:
  explicit Framer(const FramerOptions& options);

  Framer(const Framer&) = delete;
  Framer& operator=(const Framer&) = delete;

  // Hands in the bytes of one read. They must stay valid until next() has returned kNeedMore; a
  // second feed() before that is a bug.
  void feed(std::string_view chunk);

  // The next message of what was fed. kBadCount, kTls and kHttp stay for good: whatever else the
  // connection sends is dropped and counted.
  [[nodiscard]] FrameStatus next(Frame& frame);

  // The same for messages that need no care, as most do: as many as come one behind the other, at
  // most as many as `frames` has room for. They lie in what was fed. 0: next() tells more.
  [[nodiscard]] std::size_t next_plain(std::span<Frame> frames);

  // True when the frame that next() delivered last lies in the framer, and goes with the next call;
  // else it lies in what was fed.
  [[nodiscard]] bool keeps_last_frame() const noexcept { return is_delivered_; }

  // The stream has ended: next() then delivers what is left, and kNeedMore when nothing is. An
  // unfinished counted frame is delivered only if it begins with a PRI.
  void finish();

  // The stream broke: what waits of an unfinished message is dropped and counted.
  void abandon() noexcept;

  // No further octet came for a while, so what waits is whole if it ends with LF (multiline) or NUL
  // (kAuto, where a '<' might have followed). next() delivers it.
  void flush_idle();

  // True while octets of an unfinished message wait.
  [[nodiscard]] bool has_partial() const noexcept;

  // Octets that belonged to no message or to the dropped part of one, since the start. The framing
  // itself (counts, trailers, empty lines) is not among them.
  [[nodiscard]] std::uint64_t dropped_octets() const noexcept { return dropped_octets_; }

 private:
  enum class State : std::uint8_t { kStart, kLine, kCounted, kFailed };

  [[nodiscard]] bool may_begin_plain_line(char first) const noexcept;
  [[nodiscard]] std::size_t next_plain_lines(std::span<Frame> frames);
  [[nodiscard]] std::size_t next_plain_counted(std::span<Frame> frames);
  [[nodiscard]] bool next_plain_counted(Frame& frame);
  void forget_delivered();
  bool begin_frame();
  void begin_line();
  void begin_counted(std::uint64_t count);
  void fail(FrameStatus status);
  void skip_empty_frames();
  bool next_line(Frame& frame);
  bool next_counted(Frame& frame);
  bool deliver_rest(Frame& frame);
  void deliver_line(std::string_view tail, Frame& frame);
  void deliver_counted(std::string_view bytes, Frame& frame);
  void keep(std::string_view bytes, std::size_t octets_max);
  [[nodiscard]] std::size_t find_lf_trailer();
  [[nodiscard]] std::size_t find_trailer();
  [[nodiscard]] bool ends_before_chunk() const noexcept;
  [[nodiscard]] bool is_trailer_at(std::size_t index) const noexcept;

  FramerOptions options_;
  std::string_view chunk_;         // What of the last feed() was not looked at.
  const char* next_lf_ = nullptr;  // Next LF of the chunk that ends a line, or its end.
  std::string buffer_;  // Start of an unfinished message, or octets that do not yet tell its kind.
  std::uint64_t message_octets_ = 0;  // Line: seen so far. Counted: MSG-LEN.
  std::uint64_t missing_octets_ = 0;  // Counted: not yet seen.
  std::uint64_t dropped_octets_ = 0;
  State state_ = State::kStart;
  FrameStatus failure_ = FrameStatus::kNeedMore;
  char last_octet_ = 0;          // Of an unfinished line, also when it was not kept.
  bool is_stream_start_ = true;  // Nothing was delivered: TLS and HTTP are looked for.
  bool has_counted_ = false;     // The connection has sent a counted frame.
  bool nul_is_trailer_ = false;
  bool chunk_has_nul_ = false;
  bool is_delivered_ = false;  // buffer_ was delivered and is forgotten by the next call.
  bool is_flushing_ = false;
  bool is_finished_ = false;
};

}  // namespace sluice
