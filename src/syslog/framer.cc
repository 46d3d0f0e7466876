#include "sluice/syslog/framer.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "sluice/base/check.h"
#include "syslog/frame_start.h"
#include "syslog/parse_pri.h"
#include "syslog/scan.h"

namespace sluice {
namespace {

constexpr std::size_t kNotFound = std::string_view::npos;

// Position of `octet` in the first `length` octets of `text`.
std::size_t find_octet(std::string_view text, char octet, std::size_t length) noexcept {
  if (length == 0) return kNotFound;
  const void* const found = std::memchr(text.data(), octet, length);
  return found == nullptr ? kNotFound : static_cast<const char*>(found) - text.data();
}

std::size_t bounded(std::uint64_t octets, std::size_t octets_max) noexcept {
  return static_cast<std::size_t>(std::min<std::uint64_t>(octets, octets_max));
}

}  // namespace

Framer::Framer(const FramerOptions& options) : options_(options) {
  options_.multiline = options.multiline && options.framing != Framing::kNul;
  nul_is_trailer_ = options.framing == Framing::kNul;
}

void Framer::feed(std::string_view chunk) {
  SLUICE_CHECK(chunk_.empty(), "next() must return kNeedMore before the next feed()");
  SLUICE_CHECK(!is_finished_, "nothing comes after finish()");
  chunk_ = chunk;
  is_flushing_ = false;
  next_lf_ = nullptr;
  chunk_has_nul_ = find_octet(chunk, '\0', chunk.size()) != kNotFound;
}

void Framer::finish() { is_finished_ = true; }

void Framer::abandon() noexcept {
  dropped_octets_ += chunk_.size();
  if (state_ == State::kLine) dropped_octets_ += message_octets_;
  if (state_ == State::kCounted) dropped_octets_ += message_octets_ - missing_octets_;
  if (state_ == State::kStart && !is_delivered_) dropped_octets_ += buffer_.size();
  chunk_ = {};
  std::string().swap(buffer_);
  is_delivered_ = false;
  if (state_ != State::kFailed) state_ = State::kStart;
}

void Framer::flush_idle() {
  is_flushing_ = state_ == State::kLine && (last_octet_ == '\n' || last_octet_ == '\0');
}

bool Framer::has_partial() const noexcept {
  if (state_ == State::kFailed) return false;
  return state_ != State::kStart || (!buffer_.empty() && !is_delivered_);
}

FrameStatus Framer::next(Frame& frame) {
  if (next_plain({&frame, 1}) == 1) return FrameStatus::kFrame;
  forget_delivered();
  for (;;) {
    bool has_frame = false;
    switch (state_) {
      case State::kStart:
        if (!begin_frame()) return FrameStatus::kNeedMore;
        continue;
      case State::kLine:
        has_frame = next_line(frame);
        break;
      case State::kCounted:
        has_frame = next_counted(frame);
        break;
      case State::kFailed:
        dropped_octets_ += chunk_.size();
        chunk_ = {};
        return failure_;
    }
    if (has_frame) {
      is_stream_start_ = false;
      return FrameStatus::kFrame;
    }
    if (state_ != State::kStart) return FrameStatus::kNeedMore;
  }
}

// Most frames begin and end in one read and need none of the states below.
std::size_t Framer::next_plain(std::span<Frame> frames) {
  if (state_ != State::kStart || !buffer_.empty() || chunk_.empty()) return 0;
  std::size_t count = next_plain_lines(frames);
  count += next_plain_counted(frames.subspan(count));
  if (count > 0) is_stream_start_ = false;
  return count;
}

// False of what begins no line, or only perhaps.
bool Framer::may_begin_plain_line(char first) const noexcept {
  if (options_.framing == Framing::kAuto) return first == '<';
  return first != '\n' && first != '\r';
}

// Lines of a read without a NUL: these cost one search for their end and half a dozen comparisons.
std::size_t Framer::next_plain_lines(std::span<Frame> frames) {
  const bool has_lines =
      options_.framing == Framing::kAuto || (options_.framing == Framing::kLf && !is_stream_start_);
  if (!has_lines || options_.multiline || chunk_has_nul_) return 0;
  std::string_view rest = chunk_;
  std::size_t count = 0;
  for (; count < frames.size() && !rest.empty() && may_begin_plain_line(rest.front()); ++count) {
    const std::size_t end = find_octet(rest, '\n', rest.size());
    if (end == kNotFound || end > options_.max_message) break;
    const bool has_cr = end > 0 && rest[end - 1] == '\r';
    frames[count] = {.bytes = rest.substr(0, end - (has_cr ? 1 : 0))};
    rest.remove_prefix(end + 1);
  }
  chunk_ = rest;
  return count;
}

// "123 <", and as many octets.
std::size_t Framer::next_plain_counted(std::span<Frame> frames) {
  if (options_.framing == Framing::kLf || options_.framing == Framing::kNul) return 0;
  std::size_t count = 0;
  for (; count < frames.size() && next_plain_counted(frames[count]); ++count) {
  }
  has_counted_ = has_counted_ || count > 0;
  return count;
}

bool Framer::next_plain_counted(Frame& frame) {
  constexpr std::size_t kDigitsMax = 5;
  std::size_t count = 0;
  std::size_t at = 0;
  for (; at < kDigitsMax && at < chunk_.size() && detail::is_digit(chunk_[at]); ++at)
    count = count * 10 + detail::digit_value(chunk_[at]);
  const std::string_view rest = chunk_.substr(at);
  const bool is_counted = at > 0 && chunk_.front() != '0' && rest.starts_with(" <");
  if (!is_counted || count > options_.max_message || rest.size() <= count) return false;
  frame = {.bytes = rest.substr(1, count)};
  chunk_ = rest.substr(1 + count);
  return true;
}

// The buffer's memory goes with the message it held: most connections are idle.
void Framer::forget_delivered() {
  if (!is_delivered_) return;
  is_delivered_ = false;
  std::string().swap(buffer_);
}

void Framer::fail(FrameStatus status) {
  dropped_octets_ += buffer_.size();
  std::string().swap(buffer_);
  failure_ = status;
  state_ = State::kFailed;
}

// Empty lines, and the trailers behind a counted frame.
void Framer::skip_empty_frames() {
  if (!buffer_.empty()) return;
  const bool skips_lf = options_.framing != Framing::kNul;
  std::size_t start = 0;
  while (start < chunk_.size()) {
    const char c = chunk_[start];
    if (c != '\0' && !(skips_lf && (c == '\n' || c == '\r'))) break;
    ++start;
  }
  chunk_.remove_prefix(start);
}

// Decides how the next frame is framed and takes its header. False when more octets are needed.
bool Framer::begin_frame() {
  skip_empty_frames();
  if (chunk_.empty() && (buffer_.empty() || !is_finished_)) return false;
  if (buffer_.empty() && chunk_.front() == '<' && options_.framing != Framing::kOctet) {
    begin_line();
    return true;
  }
  // What earlier reads left undecided, and as much of this one as can matter.
  std::array<char, detail::kFrameStartOctetsMax> octets;
  const std::size_t kept = buffer_.copy(octets.data(), octets.size());
  const std::size_t size = kept + chunk_.copy(octets.data() + kept, octets.size() - kept);
  const detail::FrameStartResult start = detail::read_frame_start(
      {octets.data(), size},
      {.counts_only = options_.framing == Framing::kOctet,
       .lines_only = options_.framing == Framing::kLf || options_.framing == Framing::kNul,
       .has_counted = has_counted_,
       .is_stream_start = is_stream_start_,
       .is_finished = is_finished_});
  switch (start.kind) {
    case detail::FrameStart::kNeedMore:
      buffer_.append(chunk_);
      chunk_ = {};
      return false;
    case detail::FrameStart::kBadCount:
      fail(FrameStatus::kBadCount);
      return true;
    case detail::FrameStart::kTls:
      fail(FrameStatus::kTls);
      return true;
    case detail::FrameStart::kHttp:
      fail(FrameStatus::kHttp);
      return true;
    case detail::FrameStart::kLine:
    case detail::FrameStart::kCounted:
      break;
  }
  const std::size_t of_buffer = std::min(start.header_octets, buffer_.size());
  buffer_.erase(0, of_buffer);
  chunk_.remove_prefix(start.header_octets - of_buffer);
  if (start.kind == detail::FrameStart::kCounted) {
    begin_counted(start.count);
  } else {
    begin_line();
  }
  return true;
}

void Framer::begin_line() {
  state_ = State::kLine;
  message_octets_ = buffer_.size();
  last_octet_ = buffer_.empty() ? '\x01' : buffer_.back();  // Any octet that is no trailer.
}

void Framer::begin_counted(std::uint64_t count) {
  if (count > std::max<std::uint64_t>(kOctetCountMax, options_.max_message)) {
    return fail(FrameStatus::kBadCount);
  }
  is_stream_start_ = false;
  if (count == 0) return;  // An empty frame; what follows is told anew.
  has_counted_ = true;
  state_ = State::kCounted;
  message_octets_ = count;
  missing_octets_ = count;
}

// Appends what fits under `octets_max` to the buffer.
void Framer::keep(std::string_view bytes, std::size_t octets_max) {
  if (buffer_.size() >= octets_max) return;
  buffer_.append(bytes.substr(0, octets_max - buffer_.size()));
}

bool Framer::next_counted(Frame& frame) {
  const std::size_t size = bounded(missing_octets_, chunk_.size());
  const std::string_view bytes = chunk_.substr(0, size);
  chunk_.remove_prefix(size);
  missing_octets_ -= size;
  if (missing_octets_ == 0 && size == message_octets_) {
    deliver_counted(bytes, frame);
    return true;
  }
  keep(bytes, options_.max_message);
  if (missing_octets_ != 0) return is_finished_ && deliver_rest(frame);
  is_delivered_ = true;
  deliver_counted(buffer_, frame);
  return true;
}

// `bytes` is what was kept or all of it.
void Framer::deliver_counted(std::string_view bytes, Frame& frame) {
  frame = {.bytes = bytes.substr(0, options_.max_message),
           .truncated = message_octets_ > options_.max_message,
           .incomplete = missing_octets_ > 0};
  dropped_octets_ += message_octets_ - missing_octets_ - frame.bytes.size();
  state_ = State::kStart;
}

// The stream ended inside a counted frame.
bool Framer::deliver_rest(Frame& frame) {
  if (detail::pri_length(buffer_) == 0) {
    dropped_octets_ += message_octets_ - missing_octets_;
    std::string().swap(buffer_);
    state_ = State::kStart;
    return false;
  }
  is_delivered_ = true;
  deliver_counted(buffer_, frame);
  return true;
}

// True when the last octet of the earlier reads was a trailer, as the first octet of this one
// shows.
bool Framer::ends_before_chunk() const noexcept {
  if (chunk_.empty() || chunk_.front() != '<') return false;
  if (last_octet_ == '\n') return options_.multiline;
  return last_octet_ == '\0' && options_.framing == Framing::kAuto;
}

// `index` is the place of a LF or NUL in the chunk.
bool Framer::is_trailer_at(std::size_t index) const noexcept {
  const bool is_before_pri = index + 1 < chunk_.size() && chunk_[index + 1] == '<';
  if (chunk_[index] == '\n') return !options_.multiline || is_before_pri;
  return nul_is_trailer_ || is_before_pri;
}

// Place of the next LF in the chunk that ends a line, or the chunk's size. Found once and kept
// until the chunk's start has passed it: lines that end with NUL must not search for the same LF
// each time.
std::size_t Framer::find_lf_trailer() {
  if (options_.framing == Framing::kNul || chunk_.empty()) return chunk_.size();
  if (next_lf_ != nullptr && next_lf_ >= chunk_.data()) return next_lf_ - chunk_.data();
  std::size_t from = 0;
  for (;;) {
    const std::size_t found = find_octet(chunk_.substr(from), '\n', chunk_.size() - from);
    from = found == kNotFound ? chunk_.size() : from + found;
    if (found == kNotFound || is_trailer_at(from)) break;
    ++from;
  }
  next_lf_ = chunk_.data() + from;
  return from;
}

// Place of the trailer that ends the line in the chunk, or the chunk's size.
std::size_t Framer::find_trailer() {
  const std::size_t end = find_lf_trailer();
  if (!chunk_has_nul_ || options_.framing == Framing::kLf) return end;
  for (std::size_t from = 0; from < end; ++from) {
    const std::size_t found = find_octet(chunk_.substr(from), '\0', end - from);
    if (found == kNotFound) break;
    from += found;
    if (!is_trailer_at(from)) continue;
    nul_is_trailer_ = true;
    return from;
  }
  return end;
}

bool Framer::next_line(Frame& frame) {
  if (ends_before_chunk()) {
    nul_is_trailer_ = nul_is_trailer_ || last_octet_ == '\0';
    --message_octets_;
    deliver_line({}, frame);
    return true;
  }
  const std::size_t end = find_trailer();
  const std::string_view piece = chunk_.substr(0, end);
  message_octets_ += piece.size();
  if (!piece.empty()) last_octet_ = piece.back();
  if (end < chunk_.size()) {
    chunk_.remove_prefix(end + 1);
    deliver_line(piece, frame);
    return true;
  }
  chunk_ = {};
  // One octet more than is delivered, which may turn out to be the CR before the LF.
  keep(piece, options_.max_message + 1);
  if (!is_finished_ && !is_flushing_) return false;
  is_flushing_ = false;
  if (options_.multiline && last_octet_ == '\n') --message_octets_;
  deliver_line({}, frame);
  frame.incomplete = options_.needs_trailer && is_finished_;
  return true;
}

// Ends a line of message_octets_ octets, of which `tail` are the last and the buffer holds the
// first.
void Framer::deliver_line(std::string_view tail, Frame& frame) {
  std::string_view bytes = tail;
  if (!buffer_.empty()) {
    keep(tail, options_.max_message + 1);
    bytes = buffer_;
    is_delivered_ = true;
  }
  bytes = bytes.substr(0, bounded(message_octets_, options_.max_message + 1));
  if (message_octets_ == bytes.size() && bytes.ends_with('\r')) --message_octets_;
  const std::size_t size = bounded(message_octets_, options_.max_message);
  frame = {.bytes = bytes.substr(0, size),
           .truncated = message_octets_ > options_.max_message,
           .incomplete = false};
  dropped_octets_ += message_octets_ - size;
  state_ = State::kStart;
}

}  // namespace sluice
