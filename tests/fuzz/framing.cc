// A stream cut at random places must give the frames of the whole stream, and lose nothing.
// Input: one octet of options, one octet that seeds the cuts, then the stream.

#include <string>
#include <vector>

#include "fuzz.h"
#include "sluice/syslog/framer.h"
#include "sluice/syslog/parser.h"

namespace sluice::fuzz {
namespace {

struct Frames {
  std::vector<std::string> bytes;
  std::vector<std::uint8_t> flags;
  FrameStatus status = FrameStatus::kNeedMore;
  std::uint64_t dropped = 0;
  friend bool operator==(const Frames&, const Frames&) = default;
};

FramerOptions options_of(std::uint8_t octet) {
  FramerOptions options;
  options.framing = static_cast<Framing>(octet & 3);
  options.multiline = (octet & 4) != 0;
  options.max_message = (octet & 8) != 0 ? 1 + (octet >> 4) : 64 * 1024;
  return options;
}

bool lies_in(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

// `chunk`: what was fed last.
void take(const Framer& framer, const FramerOptions& options, const Frame& frame,
          std::string_view chunk, Parser& parser, Frames& frames) {
  expect(frame.bytes.size() <= options.max_message, "a frame has at most max_message octets");
  frames.bytes.emplace_back(frame.bytes);
  frames.flags.push_back(static_cast<std::uint8_t>(frame.truncated * 2 + frame.incomplete));
  expect(framer.keeps_last_frame() || lies_in(frame.bytes, chunk),
         "a frame lies in the framer or in what was fed");
  Record record;
  parse_message(frame.bytes, record);
  expect_record(record, frame.bytes);
  Record again;
  expect(parser.parse(frame.bytes, again) == record.error && again.stamp == record.stamp &&
             again.message == record.message,
         "earlier messages do not show");
}

// `at_once`: those that need no care, as many at a time.
void take_all(Framer& framer, const FramerOptions& options, std::string_view chunk,
              std::size_t at_once, Parser& parser, Frames& frames) {
  std::vector<Frame> plain(at_once);
  Frame frame;
  do {
    const std::size_t count = framer.next_plain(plain);
    for (std::size_t i = 0; i < count; ++i) take(framer, options, plain[i], chunk, parser, frames);
    frames.status = framer.next(frame);
    if (frames.status == FrameStatus::kFrame) take(framer, options, frame, chunk, parser, frames);
  } while (frames.status == FrameStatus::kFrame);
  frames.dropped = framer.dropped_octets();
}

// `seed` 0 feeds everything at once, and takes frame by frame.
Frames read_stream(const FramerOptions& options, std::string_view stream, unsigned seed) {
  const std::size_t at_once = seed % 4;
  Framer framer(options);
  Parser parser;
  Frames frames;
  while (!stream.empty()) {
    seed = seed * 1103515245 + 12345 * (seed != 0);
    const std::size_t size = seed == 0 ? stream.size() : 1 + (seed >> 16) % 13;
    const std::string own(stream.substr(0, size));
    framer.feed(own);
    take_all(framer, options, own, at_once, parser, frames);
    stream.remove_prefix(own.size());
  }
  framer.finish();
  take_all(framer, options, {}, at_once, parser, frames);
  expect(!framer.has_partial(), "nothing waits behind the end");
  return frames;
}

}  // namespace
}  // namespace sluice::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::fuzz;
  if (size < 2) return 0;
  const sluice::FramerOptions options = options_of(data[0]);
  const std::string_view stream = bytes_of(data + 2, size - 2);
  const Frames whole = read_stream(options, stream, 0);
  expect(read_stream(options, stream, data[1] + 1u) == whole, "cuts change nothing");
  std::uint64_t octets = whole.dropped;
  for (const std::string& bytes : whole.bytes) octets += bytes.size();
  expect(octets <= stream.size(), "no octet is delivered or counted twice");
  return 0;
}
