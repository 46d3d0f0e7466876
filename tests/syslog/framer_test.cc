#include "sluice/syslog/framer.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace sluice {
namespace {

using namespace std::string_literals;

struct Cuts {
  std::vector<std::string> frames;  // "T:" before a truncated one, "I:" before an incomplete one.
  FrameStatus status = FrameStatus::kNeedMore;
  std::uint64_t dropped = 0;
  friend bool operator==(const Cuts&, const Cuts&) = default;
};

void note(const Framer& framer, const Frame& frame, std::string_view chunk, Cuts& cuts) {
  const bool is_in_chunk = frame.bytes.data() >= chunk.data() &&
                           frame.bytes.data() + frame.bytes.size() <= chunk.data() + chunk.size();
  if (!framer.keeps_last_frame() && !is_in_chunk) FAIL("a frame lies nowhere: " << frame.bytes);
  cuts.frames.push_back((frame.truncated ? "T:" : "") + std::string(frame.incomplete ? "I:" : "") +
                        std::string(frame.bytes));
}

// `chunk`: what was fed last, in which the frames lie that are not in the framer. `at_once`: asks
// for as many that need no care before each that may.
void take_all(Framer& framer, std::string_view chunk, std::size_t at_once, Cuts& cuts) {
  std::vector<Frame> plain(at_once);
  Frame frame;
  do {
    const std::size_t count = framer.next_plain(plain);
    for (std::size_t i = 0; i < count; ++i) note(framer, plain[i], chunk, cuts);
    cuts.status = framer.next(frame);
    if (cuts.status == FrameStatus::kFrame) note(framer, frame, chunk, cuts);
  } while (cuts.status == FrameStatus::kFrame);
  cuts.dropped = framer.dropped_octets();
}

Cuts cut(const FramerOptions& options, const std::vector<std::string_view>& reads,
         std::size_t at_once = 0) {
  Framer framer(options);
  Cuts cuts;
  for (const std::string_view read : reads) {
    const std::string own(read);  // Gone before the next read: nothing may point into it.
    framer.feed(own);
    take_all(framer, own, at_once, cuts);
  }
  framer.finish();
  take_all(framer, {}, at_once, cuts);
  return cuts;
}

// The frames of `stream`, which must be the same whatever the cuts between reads, and however many
// are taken at once.
Cuts cut_everywhere(const FramerOptions& options, std::string_view stream) {
  const Cuts whole = cut(options, {stream});
  for (std::size_t a = 0; a <= stream.size(); ++a) {
    for (std::size_t b = a; b <= stream.size(); b += stream.size() > 200 ? 37 : 1) {
      const std::vector<std::string_view> reads{stream.substr(0, a), stream.substr(a, b - a),
                                                stream.substr(b)};
      for (const std::size_t at_once : {0U, 1U, 3U}) {
        if (cut(options, reads, at_once) != whole) {
          FAIL("other frames when cut at " << a << " and " << b << ", " << at_once
                                           << " at once: " << stream);
        }
      }
    }
  }
  std::vector<std::string_view> octets;
  for (std::size_t i = 0; i < stream.size(); ++i) octets.push_back(stream.substr(i, 1));
  CHECK(cut(options, octets) == whole);
  return whole;
}

struct Row {
  std::string stream;
  std::vector<std::string> frames;
  FrameStatus status = FrameStatus::kNeedMore;
  std::uint64_t dropped = 0;
};

void check_all(const FramerOptions& options, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.stream);
    const Cuts cuts = cut_everywhere(options, row.stream);
    CHECK(cuts.frames == row.frames);
    CHECK(cuts.status == row.status);
    CHECK(cuts.dropped == row.dropped);
  }
}

TEST_CASE("lines end with LF, and CR before it is no text", "[syslog][rfc6587]") {
  check_all({}, {
                    {"", {}},
                    {"\n", {}},
                    {"<13>a\n", {"<13>a"}},
                    {"<13>a\n<13>b\n", {"<13>a", "<13>b"}},
                    {"<13>a\r\n<13>b\r\n", {"<13>a", "<13>b"}},
                    {"<13>a\n\r<13>b\n\r", {"<13>a", "<13>b"}},
                    {"\n\n<13>a\n\n\r\n<13>b", {"<13>a", "<13>b"}},
                    {"<13>a\rb\n", {"<13>a\rb"}},
                    {"<13>a\r\r\n", {"<13>a\r"}},
                    {"<13>a\n <13>b\n   <13>c\n", {"<13>a", "<13>b", "<13>c"}},
                    {"text\n  indented\n", {"text", "  indented"}},
                    {"<13>last without trailer", {"<13>last without trailer"}},
                });
}

TEST_CASE("octet counts are believed before '<'", "[syslog][rfc6587]") {
  check_all({}, {
                    {"5 <13>a5 <13>b", {"<13>a", "<13>b"}},
                    {"5 <13>a\n5 <13>b\n", {"<13>a", "<13>b"}},
                    {"6 <13>a\n6 <13>b\n", {"<13>a\n", "<13>b\n"}},
                    {"5 <13>a<13>line\n5 <13>b", {"<13>a", "<13>line", "<13>b"}},
                    {"00005 <13>a", {"<13>a"}},
                    {" 5 <13>a 5 <13>b", {"<13>a", "<13>b"}},
                    {"9 <13>a\n\tb\n", {"<13>a\n\tb\n"}},
                    {"0 <13>a\n", {"<13>a"}},
                    {"7 <13>a\0b5 <13>c"s, {"<13>a\0b"s, "<13>c"}},
                });
}

TEST_CASE("digits that are no count are text", "[syslog][rfc6587]") {
  check_all({},
            {
                {"2026-11-22T07:40:01Z h a: b\n<13>x\n", {"2026-11-22T07:40:01Z h a: b", "<13>x"}},
                {"1990 Oct 22 10:52:01 h a: b\n<13>x\n", {"1990 Oct 22 10:52:01 h a: b", "<13>x"}},
                {"7\n8\n", {"7", "8"}},
                {"12", {"12"}},
                {"12 ", {"12 "}},
                {"5 apples\n", {"5 apples"}},
                {"5<13>a\n", {"5<13>a"}},
                {"12345678901 apples\n", {"12345678901 apples"}},
                {std::string(60, '7') + "\n", {std::string(60, '7')}},
                {std::string(60, '7') + " <13>a\n", {std::string(60, '7') + " <13>a"}},
            });
}

TEST_CASE("once a frame was counted, a count needs no '<' behind it", "[syslog][rfc6587]") {
  check_all({}, {
                    {"5 <13>a3 xyz5 <13>b", {"<13>a", "xyz", "<13>b"}},
                    {"5 <13>a\n3 xyz", {"<13>a", "xyz"}},
                });
}

TEST_CASE("an impossible count closes the connection", "[syslog][rfc6587][hostile]") {
  const auto bad = FrameStatus::kBadCount;
  check_all({}, {
                    {"16777217 <13>a\n", {}, bad, 6},
                    {"4000000000 <13>a\n", {}, bad, 6},
                    {"99999999999 <13>a\n", {}, bad, 18},
                    {"<13>x\n99999999999 <13>a\n<13>b\n", {"<13>x"}, bad, 24},
                });
}

TEST_CASE("with framing octet everything is counted", "[syslog][rfc6587]") {
  const FramerOptions options{.framing = Framing::kOctet};
  const auto bad = FrameStatus::kBadCount;
  check_all(options, {
                         {"3 abc5 1 <2>", {"abc", "1 <2>"}},
                         {"3 abc\n3 def\n", {"abc", "def"}},
                         {"3 abc\0\r\n 3 def"s, {"abc", "def"}},
                         {"3 abcx", {"abc"}, bad, 1},
                         {"<13>a\n", {}, bad, 6},
                         {"3", {}, bad, 1},
                         {"3x", {}, bad, 2},
                         {"12345678901", {}, bad, 11},
                     });
}

TEST_CASE("with framing lf a digit is text and NUL is content", "[syslog][rfc6587]") {
  check_all({.framing = Framing::kLf},
            {
                {"5 <13>a\n<13>b\0<13>c\n"s, {"5 <13>a", "<13>b\0<13>c"s}},
            });
}

TEST_CASE("with framing nul LF is content", "[syslog][rfc6587]") {
  check_all({.framing = Framing::kNul}, {
                                            {"<13>a\nb\0<13>c\0"s, {"<13>a\nb", "<13>c"}},
                                            {"5 a\0\0\n\0"s, {"5 a", "\n"}},
                                            {"<13>a"s, {"<13>a"}},
                                        });
}

TEST_CASE("multiline changes nothing where LF ends nothing", "[syslog]") {
  check_all({.framing = Framing::kNul, .multiline = true},
            {
                {"<13>a\n<13>b\n\0<13>c\n"s, {"<13>a\n<13>b\n", "<13>c\n"}},
            });
  check_all({.framing = Framing::kOctet, .multiline = true},
            {{"6 <13>a\n\n5 <13>b", {"<13>a\n", "<13>b"}}});
}

TEST_CASE("NUL becomes a trailer once a PRI follows it", "[syslog][rfc6587]") {
  check_all({}, {
                    {"<13>a\0<13>b\0<13>c\0"s, {"<13>a", "<13>b", "<13>c"}},
                    {"<13>a\0b\n<13>c\n"s, {"<13>a\0b"s, "<13>c"}},
                    {"<13>a\0b\n<13>c\0<13>d\0e\n"s, {"<13>a\0b"s, "<13>c", "<13>d", "e"}},
                    {"<13>a\n\0<13>b\n\0"s, {"<13>a", "<13>b"}},
                    {"<13>a\0"s, {"<13>a\0"s}},
                    {"<13>a\0\0<13>b\n"s, {"<13>a\0"s, "<13>b"}},
                });
}

TEST_CASE("multiline joins lines up to the next PRI", "[syslog]") {
  check_all({.multiline = true},
            {
                {"<13>a\nb\n<13>c\n", {"<13>a\nb", "<13>c"}},
                {"<13>a\n\nb\n\n<13>c\n", {"<13>a\n\nb\n", "<13>c"}},
                {"<13>a\r\nb\r\n<13>c\r\n", {"<13>a\r\nb", "<13>c"}},
                {"<13>a\n", {"<13>a"}},
                {"<13>a\nb", {"<13>a\nb"}},
                {"5 <13>a\n5 <13>b\n<13>c\nd\n", {"<13>a", "<13>b", "<13>c\nd"}},
                {"<13>a\nb\0<13>c\0"s, {"<13>a\nb", "<13>c"}},
            });
}

TEST_CASE("messages above max_message are cut once and keep the stream in step",
          "[syslog][rfc6587][hostile]") {
  const FramerOptions options{.max_message = 8};
  check_all(options,
            {
                {"<13>1234\n", {"<13>1234"}},
                {"<13>1234\r\n", {"<13>1234"}},
                {"<13>12345\n", {"T:<13>1234"}, FrameStatus::kNeedMore, 1},
                {"<13>1234567\n<13>b\n", {"T:<13>1234", "<13>b"}, FrameStatus::kNeedMore, 3},
                {"<13>1234567\r\n<13>b\n", {"T:<13>1234", "<13>b"}, FrameStatus::kNeedMore, 4},
                {"8 <13>12345 <13>b", {"<13>1234", "<13>b"}},
                {"11 <13>12345675 <13>b", {"T:<13>1234", "<13>b"}, FrameStatus::kNeedMore, 3},
                {"<13>12345678901234", {"T:<13>1234"}, FrameStatus::kNeedMore, 10},
                {"<13>123456\0<13>b\0"s, {"T:<13>1234", "<13>b"}, FrameStatus::kNeedMore, 2},
            });
  check_all({.max_message = 8, .multiline = true},
            {
                {"<13>1234\n<13>b\n", {"<13>1234", "<13>b"}},
                {"<13>1234\r\n<13>b\n", {"<13>1234", "<13>b"}},
                {"<13>123\n4\n<13>b\n", {"T:<13>123\n", "<13>b"}, FrameStatus::kNeedMore, 1},
            });
}

TEST_CASE("a counted frame that the stream ends in is delivered if it has a PRI", "[syslog]") {
  check_all({}, {
                    {"99 <13>half", {"I:<13>half"}},
                    {"99 <13", {}, FrameStatus::kNeedMore, 3},
                    {"5 <13>a99 xyz", {"<13>a"}, FrameStatus::kNeedMore, 3},
                    {"5 <13>a99 ", {"<13>a", "99 "}},
                });
  check_all({.max_message = 6}, {{"99 <13>half", {"T:I:<13>ha"}, FrameStatus::kNeedMore, 2}});
}

TEST_CASE("TLS and HTTP on a plain port are recognised", "[syslog][hostile]") {
  check_all({}, {
                    {"\x16\x03\x01\x02", {}, FrameStatus::kTls, 4},
                    {"GET / HTTP/1.1\r\n\r\n", {}, FrameStatus::kHttp, 18},
                    {"POST /x HTTP/1.1\r\n", {}, FrameStatus::kHttp, 18},
                    {"PRI * HTTP/2.0\r\n", {}, FrameStatus::kHttp, 16},
                    {"GETTING ready\n", {"GETTING ready"}},
                    {"GET", {"GET"}},
                    {"\x16", {"\x16"}},
                    {"\x16x\n", {"\x16x"}},
                    {"<13>a\nGET / HTTP/1.1\n", {"<13>a", "GET / HTTP/1.1"}},
                    {"<13>a\n\x16\x03\n", {"<13>a", "\x16\x03"}},
                });
}

TEST_CASE("a failed stream stays failed and counts what still comes", "[syslog]") {
  Framer framer({});
  Frame frame;
  framer.feed("\x16\x03\x01");
  CHECK(framer.next(frame) == FrameStatus::kTls);
  CHECK(framer.next(frame) == FrameStatus::kTls);
  framer.feed("<13>a\n");
  CHECK(framer.next(frame) == FrameStatus::kTls);
  CHECK(framer.dropped_octets() == 9);
  CHECK_FALSE(framer.has_partial());
}

TEST_CASE("what waits is shown and can be flushed", "[syslog]") {
  Framer framer({.multiline = true});
  Frame frame;
  framer.feed("<13>a\nb");
  CHECK(framer.next(frame) == FrameStatus::kNeedMore);
  CHECK(framer.has_partial());
  framer.flush_idle();  // Not whole: no LF came yet.
  CHECK(framer.next(frame) == FrameStatus::kNeedMore);
  framer.feed("c\n");
  CHECK(framer.next(frame) == FrameStatus::kNeedMore);
  framer.flush_idle();
  REQUIRE(framer.next(frame) == FrameStatus::kFrame);
  CHECK(frame.bytes == "<13>a\nbc");
  CHECK_FALSE(framer.has_partial());
  CHECK(framer.next(frame) == FrameStatus::kNeedMore);
  framer.flush_idle();
  CHECK(framer.next(frame) == FrameStatus::kNeedMore);
  framer.feed("12");
  CHECK(framer.next(frame) == FrameStatus::kNeedMore);
  CHECK(framer.has_partial());
}

TEST_CASE("a flush that more octets overtake is forgotten", "[syslog]") {
  Framer framer({.multiline = true});
  Frame frame;
  framer.feed("<13>a\n");
  CHECK(framer.next(frame) == FrameStatus::kNeedMore);
  framer.flush_idle();
  framer.feed("b");
  CHECK(framer.next(frame) == FrameStatus::kNeedMore);
  framer.finish();
  REQUIRE(framer.next(frame) == FrameStatus::kFrame);
  CHECK(frame.bytes == "<13>a\nb");
}

TEST_CASE("a message that waits for its NUL's successor can be flushed", "[syslog]") {
  const std::string read = "<13>a\0"s;
  Framer framer({});
  Frame frame;
  framer.feed(read);
  CHECK(framer.next(frame) == FrameStatus::kNeedMore);
  framer.flush_idle();
  REQUIRE(framer.next(frame) == FrameStatus::kFrame);
  CHECK(frame.bytes == read);
  CHECK_FALSE(framer.has_partial());
}

TEST_CASE("frames of one read point into it", "[syslog]") {
  const std::string read = "<13>a\n5 <13>b<13>c\n";
  Framer framer({});
  Frame frame;
  framer.feed(read);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(framer.next(frame) == FrameStatus::kFrame);
    CHECK(frame.bytes.data() >= read.data());
    CHECK(frame.bytes.data() < read.data() + read.size());
  }
}

TEST_CASE("every short stream gives the same frames for every cut", "[syslog][hostile]") {
  constexpr std::string_view kOctets("<19 \n\r\0>aG\x16\x03", 12);
  for (const FramerOptions& options :
       {FramerOptions{}, FramerOptions{.framing = Framing::kOctet},
        FramerOptions{.framing = Framing::kNul}, FramerOptions{.max_message = 2},
        FramerOptions{.max_message = 1, .multiline = true}}) {
    for (const char a : kOctets) {
      for (const char b : kOctets) {
        for (const char c : kOctets) {
          for (const char d : {'<', '\n', '\0', '1'}) {
            const std::string stream{a, b, c, d, '3', ' ', '<', '\n'};
            const Cuts whole = cut(options, {stream});
            std::vector<std::string_view> octets;
            for (std::size_t i = 0; i < stream.size(); ++i) {
              octets.push_back(std::string_view(stream).substr(i, 1));
            }
            if (cut(options, octets) != whole) FAIL("other frames octet by octet");
            if (cut(options, {stream}, 3) != whole) FAIL("other frames three at once");
          }
        }
      }
    }
  }
}

TEST_CASE("many NUL lines without a LF take linear time", "[syslog][hostile]") {
  std::string stream;
  while (stream.size() < 4'000'000) stream += "<13>a\0"s;
  Framer framer({});
  framer.feed(stream);
  Frame frame;
  std::size_t count = 0;
  while (framer.next(frame) == FrameStatus::kFrame) ++count;
  CHECK(count == stream.size() / 6);
}

TEST_CASE("where lines need a trailer, one that the stream's end cuts is incomplete",
          "[syslog][framing]") {
  const FramerOptions options{.framing = Framing::kLf, .max_message = 8, .needs_trailer = true};
  CHECK(cut_everywhere(options, "a 1 2\n").frames == std::vector<std::string>{"a 1 2"});
  CHECK(cut_everywhere(options, "a 1 2\r\n\nb 1").frames ==
        std::vector<std::string>{"a 1 2", "I:b 1"});
  CHECK(cut_everywhere(options, "much too long\nb 1 2\nmuch too long").frames ==
        std::vector<std::string>{"T:much too", "b 1 2", "T:I:much too"});
}

TEST_CASE("what a broken stream leaves unfinished is counted as dropped", "[syslog]") {
  const std::vector<std::pair<std::string_view, std::uint64_t>> rows{
      {"", 0},
      {"<13>a\n", 0},
      {"<13>a\n<13>abc", 7},
      {"20 <13>short", 9},
      {"12", 2},
      {"  ", 2},
      {"<13>0123456789", 14},     // Of a line that would have been cut.
      {"30 <13>0123456789", 14},  // The same, counted.
      {"<13>0123456789\n<13>ab", 4 + 6},
      {"99999999999 <13>a", 17},
  };
  for (const auto& [stream, dropped] : rows) {
    CAPTURE(stream);
    Framer framer({.max_message = 10});
    framer.feed(stream);
    Frame frame;
    while (framer.next(frame) == FrameStatus::kFrame) {
    }
    framer.abandon();
    CHECK(framer.dropped_octets() == dropped);
    CHECK_FALSE(framer.has_partial());
    framer.abandon();
    CHECK(framer.dropped_octets() == dropped);
  }
}

}  // namespace
}  // namespace sluice
