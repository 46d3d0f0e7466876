#include "net/stream_listener.h"

#include <netinet/tcp.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/temporary_folder.h"
#include "net/sockets.h"
#include "net/test_loop.h"
#include "net/unix_socket.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Kind = StreamListenerEvent::Kind;
using Strings = std::vector<std::string>;

constexpr std::uint64_t kReadBytes = 256 * 1024;  // One read of the listener.

Network network(const std::string& text) {
  const auto parsed = parse_network(text);
  REQUIRE(parsed);
  return *parsed;
}

// A listener on a free port, and what it heard.
struct Receiver {
  explicit Receiver(uv_loop_t* loop, StreamListenerOptions options = {},
                    const std::string& at = "127.0.0.1")
      : host(at) {
    auto fd = open_tcp_listener({Endpoint::Transport::kTcp, host, 0});
    REQUIRE(fd);
    port = bound_at(fd->get()).port;
    listener.emplace(loop, std::move(*fd), std::move(options), callbacks());
  }

  // On a unix socket.
  Receiver(uv_loop_t* loop, const TemporaryFolder& folder, StreamListenerOptions options = {}) {
    host = folder.path() + "/log";
    auto opened = open_unix_socket({Endpoint::Transport::kUnix, host, 0}, 0600);
    REQUIRE(opened);
    options.is_local = true;
    listener.emplace(loop, std::move(opened->socket), std::move(options), callbacks());
    file = std::move(opened->file);
  }

  StreamListenerCallbacks callbacks() {
    return {.on_frames =
                [this](std::span<const Frame> some, const Peer& peer) {
                  for (const Frame& frame : some) {
                    frames.emplace_back(frame.bytes);
                    peers.push_back(peer);
                  }
                  at_once.push_back(some.size());
                  if (frames.size() == pause_after) listener->pause();
                },
            .on_event =
                [this](const StreamListenerEvent& event) {
                  kinds.push_back(event.kind);
                  texts.push_back(event.text);
                }};
  }

  [[nodiscard]] Fd connect() const {
    return port == 0 ? connect_to_path(host, SOCK_STREAM) : connect_to(host, port, SOCK_STREAM);
  }
  [[nodiscard]] const StreamListenerStats& stats() const { return listener->stats(); }

  std::string host;
  std::uint16_t port = 0;
  SocketFile file;
  std::size_t pause_after = 0;  // Frames; 0: never.
  std::vector<std::size_t> at_once;
  Strings frames;
  std::vector<Peer> peers;
  std::vector<Kind> kinds;
  Strings texts;
  std::optional<StreamListener> listener;
};

// True when the other end was closed by the listener.
bool is_closed(const Fd& fd) {
  bool is_ended = false;
  read_waiting(fd.get(), 1, is_ended);
  return is_ended;
}

// Connecting to no address dissolves a connection, and its peer gets an RST.
void reset_connection(const Fd& fd) {
  const sockaddr nowhere{AF_UNSPEC, {}};
  REQUIRE(connect(fd.get(), &nowhere, sizeof nowhere) == 0);
}

TEST_CASE("frames arrive in order with their peer", "[net][tcp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  const Fd sender = receiver.connect();
  send_all(sender, "<13>one\n<13>two\n7 <13>abc<13>three\n");
  REQUIRE(loop.run_until([&] { return receiver.frames.size() == 4; }));
  CHECK(receiver.frames == Strings{"<13>one", "<13>two", "<13>abc", "<13>three"});
  CHECK(receiver.peers[0].text == "127.0.0.1");
  CHECK(receiver.peers[0].port == bound_at(sender.get()).port);
  CHECK(receiver.stats().accepted == 1);
  CHECK(receiver.stats().open == 1);
  CHECK(receiver.stats().frames == 4);
  CHECK(receiver.stats().octets == 35);
}

TEST_CASE("a message may come in pieces, split anywhere", "[net][tcp]") {
  const std::string wire = "<13>first\n10 <13>second<13>third\n";
  const auto split = GENERATE_COPY(range(std::size_t{1}, wire.size()));
  TestLoop loop;
  Receiver receiver(loop.get());
  const Fd sender = receiver.connect();
  send_all(sender, std::string_view(wire).substr(0, split));
  REQUIRE(loop.run_until([&] { return receiver.stats().octets == split; }));
  send_all(sender, std::string_view(wire).substr(split));
  REQUIRE(loop.run_until([&] { return receiver.frames.size() == 3; }));
  CHECK(receiver.frames == Strings{"<13>first", "<13>second", "<13>third"});
}

TEST_CASE("messages of one read come several at once, if that is wanted", "[net][tcp]") {
  const std::string wire =
      "<13>one\n<13>two\n10 <13>second<13>three\n<13>four\n<13>five\n<13>six\n<13>seven\n";
  const auto split = GENERATE_COPY(range(std::size_t{1}, wire.size()));
  TestLoop loop;
  StreamListenerOptions options;
  options.frames_at_once = 3;
  Receiver receiver(loop.get(), options);
  const Fd sender = receiver.connect();
  send_all(sender, std::string_view(wire).substr(0, split));
  REQUIRE(loop.run_until([&] { return receiver.stats().octets == split; }));
  send_all(sender, std::string_view(wire).substr(split));
  REQUIRE(loop.run_until([&] { return receiver.frames.size() == 8; }));
  CHECK(receiver.frames == Strings{"<13>one", "<13>two", "<13>second", "<13>three", "<13>four",
                                   "<13>five", "<13>six", "<13>seven"});
  CHECK(std::ranges::max(receiver.at_once) == 3);
  CHECK(receiver.stats().frames == 8);
}

TEST_CASE("connections do not mix", "[net][tcp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  const Fd one = receiver.connect();
  const Fd two = receiver.connect();
  send_all(one, "<13>o");
  send_all(two, "<13>t");
  REQUIRE(loop.run_until([&] { return receiver.stats().octets == 10; }));
  send_all(one, "ne\n");
  REQUIRE(loop.run_until([&] { return receiver.frames.size() == 1; }));
  send_all(two, "wo\n");
  REQUIRE(loop.run_until([&] { return receiver.frames.size() == 2; }));
  CHECK(receiver.frames == Strings{"<13>one", "<13>two"});
  CHECK(receiver.stats().open == 2);
}

TEST_CASE("at the end of its stream the rest is delivered", "[net][tcp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  {
    const Fd sender = receiver.connect();
    send_all(sender, "<13>one\n<13>rest");
  }
  REQUIRE(loop.run_until([&] { return receiver.stats().closed_eof == 1; }));
  CHECK(receiver.frames == Strings{"<13>one", "<13>rest"});
  CHECK(receiver.stats().open == 0);
}

TEST_CASE("a counted frame that the end cuts short is marked and counted", "[net][tcp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  send_all(receiver.connect(), "20 <13>short");
  REQUIRE(loop.run_until([&] { return receiver.stats().closed_eof == 1; }));
  CHECK(receiver.frames == Strings{"<13>short"});
  CHECK(receiver.stats().incomplete == 1);
}

TEST_CASE("what a reset cuts off is not taken for a message", "[net][tcp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  const Fd sender = receiver.connect();
  const bool arrives_before = GENERATE(true, false);  // Or in the same turn as the reset.
  REQUIRE(loop.run_until([&] { return receiver.stats().open == 1; }));
  send_all(sender, "<13>one\n<13>Applied catalog in 12.3");
  if (arrives_before) REQUIRE(loop.run_until([&] { return receiver.frames.size() == 1; }));
  wait_until_taken(sender);  // A reset drops what waits at its own side.
  reset_connection(sender);
  REQUIRE(loop.run_until([&] { return receiver.stats().closed_error == 1; }));
  CHECK(receiver.frames == Strings{"<13>one"});
  CHECK(receiver.stats().cut_off == 1);
  CHECK(receiver.stats().dropped_octets == std::string_view("<13>Applied catalog in 12.3").size());
}

TEST_CASE("messages above the limit are cut and counted", "[net][tcp]") {
  TestLoop loop;
  StreamListenerOptions options;
  options.framing.max_message = 10;
  Receiver receiver(loop.get(), options);
  const Fd sender = receiver.connect();
  send_all(sender, "<13>0123456789\n<13>next\n");
  REQUIRE(loop.run_until([&] { return receiver.frames.size() == 2; }));
  CHECK(receiver.frames == Strings{"<13>012345", "<13>next"});
  CHECK(receiver.stats().truncated == 1);
  CHECK(receiver.stats().open == 1);
  CHECK(receiver.stats().dropped_octets == 4);  // At once, however long the connection lasts.
}

TEST_CASE("streams that are no syslog are closed, counted and told with their first octets",
          "[net][tcp]") {
  struct Row {
    std::string wire;
    Kind kind;
    std::uint64_t StreamListenerStats::* counter;
    std::string shown;
  };
  const Row row = GENERATE(
      Row{std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), Kind::kTls,
          &StreamListenerStats::closed_tls, "\\x16\\x03\\x01"},
      Row{"GET / HTTP/1.1\r\n\r\n", Kind::kHttp, &StreamListenerStats::closed_http, "GET / HTTP"},
      Row{"999999999 <13>x", Kind::kBadCount, &StreamListenerStats::closed_bad_count,
          "999999999 <13>"});
  TestLoop loop;
  StreamListenerOptions options;
  if (row.kind == Kind::kBadCount) options.framing.framing = Framing::kOctet;
  Receiver receiver(loop.get(), options);
  const Fd sender = receiver.connect();
  send_all(sender, row.wire);
  REQUIRE(loop.run_until([&] { return receiver.stats().*row.counter == 1; }));
  CHECK(receiver.stats().open == 0);
  REQUIRE(receiver.kinds == std::vector{row.kind});
  CHECK_THAT(receiver.texts[0], Contains("127.0.0.1:") && Contains(row.shown));
  CHECK(receiver.frames.empty());
  CHECK(loop.run_until([&] { return is_closed(sender); }));
}

TEST_CASE("peers that are not allowed are closed at once", "[net][tcp]") {
  TestLoop loop;
  StreamListenerOptions options;
  options.peers.allow = {network("127.0.0.2")};
  Receiver receiver(loop.get(), options);
  const Fd sender = receiver.connect();
  send_all(sender, "<13>x\n");
  REQUIRE(loop.run_until([&] { return receiver.stats().refused_allow == 1; }));
  CHECK(receiver.kinds == std::vector{Kind::kRefusedAllow});
  CHECK_THAT(receiver.texts[0], Contains("127.0.0.1") && Contains("allow"));
  CHECK(loop.run_until([&] { return is_closed(sender); }));
  CHECK(receiver.frames.empty());
  CHECK(receiver.stats().accepted == 0);
}

TEST_CASE("above the limit new connections are closed, the old ones stay", "[net][tcp]") {
  TestLoop loop;
  StreamListenerOptions options;
  options.connections_max = 2;
  Receiver receiver(loop.get(), options);
  Fd first = receiver.connect();
  const Fd second = receiver.connect();
  const Fd third = receiver.connect();
  REQUIRE(loop.run_until([&] { return receiver.stats().refused_limit == 1; }));
  CHECK(loop.run_until([&] { return is_closed(third); }));
  CHECK(receiver.kinds == std::vector{Kind::kRefusedLimit});
  CHECK_THAT(receiver.texts[0], Contains("2 connections"));
  send_all(second, "<13>two\n");
  REQUIRE(loop.run_until([&] { return receiver.frames.size() == 1; }));
  first.reset();
  REQUIRE(loop.run_until([&] { return receiver.stats().open == 1; }));
  const Fd fourth = receiver.connect();
  REQUIRE(loop.run_until([&] { return receiver.stats().open == 2; }));
  CHECK(receiver.stats().accepted == 3);
}

TEST_CASE("descriptors beyond those of connections stay free", "[net][tcp]") {
  TestLoop loop;
  const Receiver unbounded(loop.get());
  const Fd probe(dup(0));  // The first of the descriptors that both ends will take.
  REQUIRE(probe.is_open());
  StreamListenerOptions options;
  options.descriptors_end = probe.get() + 20;
  Receiver receiver(loop.get(), options);
  std::vector<Fd> senders;
  for (int i = 0; i < 20; ++i) senders.push_back(receiver.connect());
  const auto count = [&] { return receiver.stats().accepted + receiver.stats().refused_limit; };
  REQUIRE(loop.run_until([&] { return count() == senders.size(); }));
  CHECK(receiver.stats().refused_limit > 0);
  REQUIRE_FALSE(receiver.kinds.empty());
  CHECK(receiver.kinds[0] == Kind::kRefusedLimit);
  CHECK_THAT(receiver.texts[0], Contains("LimitNOFILE"));
  senders.clear();
  REQUIRE(loop.run_until([&] { return receiver.stats().open == 0; }));
  const Fd again = receiver.connect();
  CHECK(loop.run_until([&] { return receiver.stats().open == 1; }));
}

TEST_CASE("connections over IPv6, and over IPv4 to [::]", "[net][tcp]") {
  if (!has_ipv6()) return;
  TestLoop loop;
  Receiver receiver(loop.get(), {}, "::");
  send_all(connect_to("::1", receiver.port, SOCK_STREAM), "<13>six\n");
  REQUIRE(loop.run_until([&] { return receiver.frames.size() == 1; }));
  send_all(connect_to("127.0.0.1", receiver.port, SOCK_STREAM), "<13>four\n");
  REQUIRE(loop.run_until([&] { return receiver.frames.size() == 2; }));
  CHECK(receiver.peers[0].text == "::1");
  CHECK(receiver.peers[1].text == "127.0.0.1");
}

// Fills the kernel's queues; the octets it took.
std::uint64_t flood(const Fd& fd) {
  static const std::string octets(1 << 20, 'x');
  std::uint64_t sent = 0;
  for (;;) {
    const ssize_t count = send(fd.get(), octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) return sent;
    sent += static_cast<std::uint64_t>(count);
  }
}

// The kernel lets the queue of a connection that is read fast grow to megabytes.
TEST_CASE("a fast connection is read once a turn, and the others get theirs", "[net][tcp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  const Fd fast = receiver.connect();
  const Fd slow = receiver.connect();
  REQUIRE(loop.run_until([&] { return receiver.stats().open == 2; }));
  std::uint64_t sent = 0;
  std::uint64_t most = 0;
  for (int turn = 0; turn < 300; ++turn) {
    sent += flood(fast);
    const std::uint64_t before = receiver.stats().octets;
    uv_run(loop.get(), UV_RUN_NOWAIT);
    most = std::max(most, receiver.stats().octets - before);
  }
  CHECK(most <= kReadBytes);
  send_all(slow, "<13>slow\n");
  REQUIRE(loop.run_until([&] { return receiver.stats().octets == sent + 9; }));
  CHECK(receiver.frames == Strings{"<13>slow"});
}

TEST_CASE("connections may end in any order", "[net][tcp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  std::vector<Fd> senders;
  for (int i = 0; i < 4; ++i) senders.push_back(receiver.connect());
  REQUIRE(loop.run_until([&] { return receiver.stats().open == 4; }));
  for (const std::size_t i : {0U, 3U}) {
    const std::uint64_t open = receiver.stats().open;
    senders[i].reset();
    REQUIRE(loop.run_until([&] { return receiver.stats().open == open - 1; }));
  }
  send_all(senders[1], "<13>one\n");
  REQUIRE(loop.run_until([&] { return receiver.frames.size() == 1; }));
  send_all(senders[2], "<13>two\n");
  REQUIRE(loop.run_until([&] { return receiver.frames.size() == 2; }));
  CHECK(receiver.frames == Strings{"<13>one", "<13>two"});
}

TEST_CASE("multiline: the last message is delivered when nothing follows for a while",
          "[net][tcp]") {
  TestLoop loop;
  StreamListenerOptions options;
  options.framing.multiline = true;
  options.idle_flush = 30ms;
  Receiver receiver(loop.get(), options);
  const Fd one = receiver.connect();
  const Fd two = receiver.connect();
  send_all(one, "<13>one\n at line two\n<13>last\n");
  REQUIRE(loop.run_until([&] { return receiver.frames.size() >= 1; }));
  CHECK(receiver.frames[0] == "<13>one\n at line two");
  send_all(two, "<13>other\n");
  REQUIRE(loop.run_until([&] { return receiver.frames.size() >= 3; }));
  std::ranges::sort(receiver.frames);
  CHECK(receiver.frames == Strings{"<13>last", "<13>one\n at line two", "<13>other"});
  send_all(one, "<13>more\n");
  REQUIRE(loop.run_until([&] { return receiver.frames.size() >= 4; }));
}

TEST_CASE("a TCP drain takes the backlog, reads every connection until it is empty, and closes",
          "[net][tcp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  const Fd known = receiver.connect();
  send_all(known, "<13>zero\n");
  REQUIRE(loop.run_until([&] { return receiver.frames.size() == 1; }));
  const Fd waiting = receiver.connect();  // The loop has not seen it.
  std::string wire;
  while (wire.size() < 20'000) wire += "<13>one\n";
  send_all(known, wire);
  send_all(waiting, "<13>two\n<13>cut");
  wait_until_taken(known);
  wait_until_taken(waiting);
  receiver.listener->drain(10s);
  CHECK(receiver.frames.size() == 1 + wire.size() / 8 + 1);
  CHECK(receiver.frames.back() != "<13>cut");
  CHECK(receiver.stats().cut_off == 1);
  CHECK(receiver.stats().closed_drain == 2);
  CHECK(receiver.stats().open == 0);
  REQUIRE(loop.run_until([&] { return is_closed(known) && is_closed(waiting); }));
}

TEST_CASE("a TCP drain delivers a multiline message that only waited for the next", "[net][tcp]") {
  TestLoop loop;
  StreamListenerOptions options;
  options.framing.multiline = true;
  Receiver receiver(loop.get(), options);
  const Fd sender = receiver.connect();
  send_all(sender, "<13>one\n two\n");
  REQUIRE(loop.run_until([&] { return receiver.stats().open == 1; }));
  wait_until_taken(sender);
  receiver.listener->drain(10s);
  CHECK(receiver.frames == Strings{"<13>one\n two"});
  CHECK(receiver.stats().cut_off == 0);
}

TEST_CASE("a TCP drain ends when its time is over", "[net][tcp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  const Fd sender = receiver.connect();
  REQUIRE(loop.run_until([&] { return receiver.stats().open == 1; }));
  send_all(sender, "<13>one\n");
  receiver.listener->drain(0ms);
  CHECK(receiver.frames.empty());
  CHECK(receiver.stats().closed_drain == 1);
}

TEST_CASE("after stop_accepting nobody new comes in, and connections go on", "[net][tcp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  const Fd sender = receiver.connect();
  REQUIRE(loop.run_until([&] { return receiver.stats().open == 1; }));
  receiver.listener->stop_accepting();
  loop.turn();
  const Fd late(socket(AF_INET, SOCK_STREAM, 0));
  const auto address = parse_socket_address("127.0.0.1", receiver.port);
  CHECK(connect(late.get(), address->get(), address->length) != 0);
  send_all(sender, "<13>one\n");
  REQUIRE(loop.run_until([&] { return receiver.frames.size() == 1; }));
}

TEST_CASE("a destroyed TCP listener calls nobody", "[net][tcp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  const Fd sender = receiver.connect();
  REQUIRE(loop.run_until([&] { return receiver.stats().open == 1; }));
  send_all(sender, "<13>one\n");
  receiver.listener.reset();
  REQUIRE(loop.run_until([&] { return is_closed(sender); }));
  CHECK(receiver.frames.empty());
}

TEST_CASE("a unix socket takes the same framings, from local peers", "[net][unix]") {
  TestLoop loop;
  const TemporaryFolder folder;
  Receiver receiver(loop.get(), folder);
  const Fd sender = receiver.connect();
  const Fd other = receiver.connect();
  REQUIRE(sender.is_open());
  send_all(sender, "<13>one\n7 <13>two");
  send_all(other, std::string_view("<13>three\0<13>four\0", 20));
  REQUIRE(loop.run_until([&] { return receiver.frames.size() == 4; }));
  std::ranges::sort(receiver.frames);
  CHECK(receiver.frames == Strings{"<13>four", "<13>one", "<13>three", "<13>two"});
  CHECK(receiver.peers[0].text == "local");
  CHECK(receiver.peers[0].is_local);
  CHECK(receiver.stats().accepted == 2);
}

TEST_CASE("a unix listener bounds its connections and reads to the end of each", "[net][unix]") {
  TestLoop loop;
  const TemporaryFolder folder;
  StreamListenerOptions options;
  options.connections_max = 1;
  Receiver receiver(loop.get(), folder, options);
  Fd sender = receiver.connect();
  const Fd surplus = receiver.connect();
  REQUIRE(loop.run_until([&] { return receiver.stats().refused_limit == 1; }));
  CHECK_THAT(receiver.texts.at(0), Contains("a local program") && Contains("\"connections\""));
  send_all(sender, "<13>rest");
  sender.reset();
  REQUIRE(loop.run_until([&] { return receiver.stats().closed_eof == 1; }));
  CHECK(receiver.frames == Strings{"<13>rest"});
}

TEST_CASE("a unix drain takes the backlog", "[net][unix]") {
  TestLoop loop;
  const TemporaryFolder folder;
  Receiver receiver(loop.get(), folder);
  const Fd sender = receiver.connect();
  send_all(sender, "<13>one\n");
  receiver.listener->drain(10s);
  CHECK(receiver.frames == Strings{"<13>one"});
  CHECK(receiver.stats().closed_drain == 1);
}

TEST_CASE("a pause stops in the middle of what was read, and nothing is lost", "[net][tcp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  receiver.pause_after = 2;
  const Fd one = receiver.connect();
  send_all(one, "<13>1\n<13>2\n<13>3\n<13>4\n");
  REQUIRE(loop.run_until([&] { return receiver.listener->is_paused(); }));
  send_all(one, "<13>5\n<13>par");
  const Fd two = receiver.connect();
  send_all(two, "<13>other\n");
  REQUIRE(loop.run_until([&] { return receiver.stats().open == 2; }));
  for (int i = 0; i < 5; ++i) loop.turn();
  CHECK(receiver.frames == Strings{"<13>1", "<13>2"});
  CHECK(receiver.stats().octets == 24);
  CHECK(receiver.stats().pauses == 1);

  receiver.pause_after = 3;  // Again at once, still within the first read.
  receiver.listener->resume();
  CHECK(receiver.frames == Strings{"<13>1", "<13>2", "<13>3"});
  CHECK(receiver.listener->is_paused());
  receiver.listener->resume();
  send_all(one, "tial\n");
  REQUIRE(loop.run_until([&] { return receiver.frames.size() == 7; }));
  CHECK(std::ranges::count(receiver.frames, "<13>other") == 1);
  std::erase(receiver.frames, "<13>other");
  CHECK(receiver.frames == Strings{"<13>1", "<13>2", "<13>3", "<13>4", "<13>5", "<13>partial"});
  CHECK(receiver.stats().pauses == 2);
}

TEST_CASE("a connection that ends while the listener pauses is read to its end", "[net][tcp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  receiver.pause_after = GENERATE(range(std::size_t{1}, std::size_t{6}));
  {
    const Fd sender = receiver.connect();
    send_all(sender, "<13>1\n<13>2\n<13>3\n<13>4\n<13>rest");
  }
  REQUIRE(loop.run_until([&] { return receiver.listener->is_paused(); }));
  for (int i = 0; i < 3; ++i) loop.turn();
  CHECK(receiver.frames.size() == receiver.pause_after);
  receiver.listener->resume();
  REQUIRE(loop.run_until([&] { return receiver.stats().closed_eof == 1; }));
  CHECK(receiver.frames == Strings{"<13>1", "<13>2", "<13>3", "<13>4", "<13>rest"});
  CHECK(receiver.stats().open == 0);
}

TEST_CASE("a paused listener is drained after it was resumed", "[net][tcp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  receiver.pause_after = 1;
  const Fd sender = receiver.connect();
  send_all(sender, "<13>1\n<13>2\n");
  REQUIRE(loop.run_until([&] { return receiver.listener->is_paused(); }));
  send_all(sender, "<13>3\n");
  wait_until_taken(sender);
  receiver.listener->resume();
  receiver.listener->drain(10s);
  CHECK(receiver.frames == Strings{"<13>1", "<13>2", "<13>3"});
}

TEST_CASE("multiline: what waits for a pause to end is delivered after it", "[net][tcp]") {
  TestLoop loop;
  StreamListenerOptions options;
  options.framing.multiline = true;
  options.idle_flush = 1ms;
  Receiver receiver(loop.get(), options);
  receiver.pause_after = 1;
  const Fd sender = receiver.connect();
  send_all(sender, "<13>1\n<13>2\n");
  REQUIRE(loop.run_until([&] { return receiver.listener->is_paused(); }));
  for (int i = 0; i < 5; ++i) loop.turn();
  CHECK(receiver.frames.size() == 1);
  receiver.listener->resume();
  REQUIRE(loop.run_until([&] { return receiver.frames.size() == 2; }));
}

TEST_CASE("keep-alive is as configured", "[net][tcp]") {
  const auto idle = GENERATE(0s, 60s, 300s);
  TestLoop loop;
  StreamListenerOptions options;
  options.keep_alive = idle;
  // The listener's side of the connection is the only socket here bound to its port and connected.
  Receiver receiver(loop.get(), options);
  const Fd sender = receiver.connect();
  REQUIRE(loop.run_until([&] { return receiver.stats().open == 1; }));
  int found = 0;
  for (int fd = 0; fd < 1024; ++fd) {
    SocketAddress peer;
    peer.length = sizeof peer.storage;
    auto* const address = reinterpret_cast<sockaddr*>(&peer.storage);
    if (getpeername(fd, address, &peer.length) != 0) continue;
    if (peer.port() != bound_at(sender.get()).port) continue;
    ++found;
    int on = -1;
    int seconds = -1;
    socklen_t length = sizeof on;
    REQUIRE(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &length) == 0);
    REQUIRE(getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, &length) == 0);
    int apart = -1;
    int probes = -1;
    REQUIRE(getsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &apart, &length) == 0);
    REQUIRE(getsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, &length) == 0);
    CHECK(on == (idle > 0s ? 1 : 0));
    if (idle == 0s) continue;
    CHECK(seconds == idle.count());
    CHECK(apart == 10);
    CHECK(probes == 3);
  }
  CHECK(found == 1);
}

TEST_CASE("Graphite lines are the same wherever the network cuts them", "[net][tcp][graphite]") {
  const std::string stream = "a.b 1 -1\r\n\ncaf\xe9 nan 12\nlong.long.long 5 17\nc 2 3\n";
  const Strings expected{"a.b 1 -1", "caf\xe9 nan 12", "long.long.long 5", "c 2 3"};
  TestLoop loop;
  for (std::size_t offset = 0; offset <= stream.size(); ++offset) {
    CAPTURE(offset);
    Receiver receiver(
        loop.get(),
        {.framing = {.framing = Framing::kLf, .max_message = 16, .needs_trailer = true}});
    const Fd sender = receiver.connect();
    send_all(sender, stream.substr(0, offset));
    REQUIRE(loop.run_until([&] { return receiver.stats().octets == offset; }));
    send_all(sender, stream.substr(offset));
    REQUIRE(loop.run_until([&] { return receiver.frames.size() == expected.size(); }));
    CHECK(receiver.frames == expected);
    CHECK(receiver.stats().truncated == 1);
    CHECK(receiver.stats().incomplete == 0);
  }
}

}  // namespace
}  // namespace sluice
