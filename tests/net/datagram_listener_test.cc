#include "net/datagram_listener.h"

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
using Transport = Endpoint::Transport;

Network network(const std::string& text) {
  const auto parsed = parse_network(text);
  REQUIRE(parsed);
  return *parsed;
}

// A listener on a free port, and what it heard.
struct Receiver {
  explicit Receiver(uv_loop_t* loop, const std::string& host = "127.0.0.1",
                    DatagramListenerOptions options = {}, std::size_t receive_buffer = 0) {
    auto fd = open_udp({Transport::kUdp, host, 0}, {.receive_buffer_bytes = receive_buffer});
    REQUIRE(fd);
    port = bound_at(fd->get()).port;
    listener.emplace(loop, std::move(*fd), std::move(options), callbacks());
  }

  // On a unix socket.
  Receiver(uv_loop_t* loop, const TemporaryFolder& folder) : path(folder.path() + "/log") {
    auto opened = open_unix_socket({Transport::kUnixgram, path, 0}, 0600);
    REQUIRE(opened);
    DatagramListenerOptions options;
    options.is_local = true;
    listener.emplace(loop, std::move(opened->socket), std::move(options), callbacks());
    file = std::move(opened->file);
  }

  DatagramListenerCallbacks callbacks() {
    return {.on_datagrams =
                [this](std::span<const Datagram> batch) {
                  for (const Datagram& one : batch) {
                    if (one.truncated) ++truncated_count;
                    datagrams.emplace_back(one.bytes);
                    peers.push_back(one.peer);
                  }
                },
            .on_refused = [this](const Peer& peer) { refused.push_back(peer.text); }};
  }

  std::uint16_t port = 0;
  std::string path;
  SocketFile file;
  std::size_t truncated_count = 0;
  std::vector<std::string> datagrams;
  std::vector<Peer> peers;
  std::vector<std::string> refused;
  std::optional<DatagramListener> listener;
};

TEST_CASE("datagrams arrive whole, in order, with their peer", "[net][udp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  const Fd one = connect_to("127.0.0.1", receiver.port, SOCK_DGRAM);
  const Fd two = connect_to("127.0.0.1", receiver.port, SOCK_DGRAM);
  std::vector<std::string> sent;
  for (int i = 0; i < 160; ++i) {  // More than are read at once.
    sent.push_back("<13>message " + std::to_string(i));
    send_all(i % 7 == 0 ? two : one, sent.back());
  }
  REQUIRE(loop.run_until([&] { return receiver.datagrams.size() == sent.size(); }));
  CHECK(receiver.datagrams == sent);
  CHECK(receiver.peers[1].text == "127.0.0.1");
  CHECK(receiver.peers[1].port == bound_at(one.get()).port);
  CHECK(receiver.peers[7].port == bound_at(two.get()).port);
  const DatagramListenerStats& stats = receiver.listener->stats();
  CHECK(stats.datagrams == 160);
  CHECK(stats.octets > 160 * 12);
  CHECK(stats.refused_allow == 0);
}

TEST_CASE("each datagram has its own sender's peer, of however many senders", "[net][udp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  std::vector<Fd> senders;  // So many that places for some of them coincide.
  for (int i = 0; i < 600; ++i) {
    senders.push_back(connect_to("127.0.0.1", receiver.port, SOCK_DGRAM));
  }
  for (int round = 1; round <= 3; ++round) {
    for (const Fd& sender : senders) {
      send_all(sender, std::to_string(bound_at(sender.get()).port));
      if ((&sender - senders.data()) % 100 == 0) loop.turn();  // The kernel's queue holds 277.
    }
    REQUIRE(loop.run_until([&] { return receiver.datagrams.size() == round * senders.size(); }));
  }
  for (std::size_t i = 0; i < receiver.datagrams.size(); ++i) {
    REQUIRE(receiver.datagrams[i] == std::to_string(receiver.peers[i].port));
  }
}

TEST_CASE("streams of datagrams arrive whole and in order, before and after a silence",
          "[net][udp]") {
  TestLoop loop;
  // With so much room a stream is looked at once a millisecond. Without the right to it less is
  // sent.
  Receiver receiver(loop.get(), "127.0.0.1", {}, std::size_t{8} << 20);
  const bool has_room = receive_buffer_bytes(receiver.listener->fd()) >= std::size_t{8} << 20;
  const Fd sender = connect_to("127.0.0.1", receiver.port, SOCK_DGRAM);
  std::vector<std::string> sent;
  const auto send_some = [&](int count) {
    for (int i = 0; i < count; ++i) {
      sent.push_back("<13>message " + std::to_string(sent.size()));
      send_all(sender, sent.back());
    }
  };
  for (const int burst : {40, 3, 100, 64, 1, 1, has_room ? 1500 : 200, 16, 15}) {
    send_some(burst);
    loop.turn();
    send_some(burst);
    REQUIRE(loop.run_until([&] { return receiver.datagrams.size() == sent.size(); }));
    for (int i = 0; i < 3; ++i) loop.turn();
  }
  CHECK(receiver.datagrams == sent);
}

TEST_CASE("the largest and the smallest datagram arrive", "[net][udp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  const Fd sender = connect_to("127.0.0.1", receiver.port, SOCK_DGRAM);
  const std::string largest(65'507, 'x');
  send_all(sender, largest);
  REQUIRE(send(sender.get(), "", 0, 0) == 0);
  send_all(sender, "end");
  REQUIRE(loop.run_until([&] { return receiver.datagrams.size() == 3; }));
  CHECK(receiver.datagrams == std::vector<std::string>{largest, "", "end"});
  CHECK(receiver.truncated_count == 0);
}

TEST_CASE("datagrams over IPv6, and over IPv4 to [::]", "[net][udp]") {
  if (!has_ipv6()) return;
  TestLoop loop;
  Receiver receiver(loop.get(), "::");
  send_all(connect_to("::1", receiver.port, SOCK_DGRAM), "six");
  send_all(connect_to("127.0.0.1", receiver.port, SOCK_DGRAM), "four");
  REQUIRE(loop.run_until([&] { return receiver.datagrams.size() == 2; }));
  CHECK(receiver.peers[0].text == "::1");
  CHECK(receiver.peers[1].text == "127.0.0.1");
}

TEST_CASE("peers that are not allowed are counted and told once per change of sender",
          "[net][udp]") {
  TestLoop loop;
  DatagramListenerOptions options;
  options.peers.allow = {network("127.0.0.2")};
  Receiver receiver(loop.get(), "127.0.0.1", options);
  const Fd refused = connect_to("127.0.0.1", receiver.port, SOCK_DGRAM);
  for (int i = 0; i < 3; ++i) send_all(refused, "no");
  REQUIRE(loop.run_until([&] { return receiver.listener->stats().refused_allow == 3; }));
  CHECK(receiver.datagrams.empty());
  CHECK(receiver.refused == std::vector<std::string>{"127.0.0.1"});
  CHECK(receiver.listener->stats().datagrams == 0);
}

TEST_CASE("trusted peers are marked as such", "[net][udp]") {
  TestLoop loop;
  DatagramListenerOptions options;
  options.peers.trusted_peers = {network("127.0.0.0/8")};
  Receiver receiver(loop.get(), "127.0.0.1", options);
  send_all(connect_to("127.0.0.1", receiver.port, SOCK_DGRAM), "x");
  REQUIRE(loop.run_until([&] { return receiver.datagrams.size() == 1; }));
  CHECK(receiver.peers[0].is_trusted);
}

TEST_CASE("a UDP drain reads what the kernel holds without the loop, and stops the loop's reading",
          "[net][udp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  const Fd sender = connect_to("127.0.0.1", receiver.port, SOCK_DGRAM);
  for (int i = 0; i < 50; ++i) send_all(sender, "message");
  REQUIRE(loop.run_until([&] {
    receiver.listener->drain(10s);
    return receiver.datagrams.size() == 50;
  }));
  send_all(sender, "late");
  for (int i = 0; i < 3; ++i) loop.turn();
  CHECK(receiver.datagrams.size() == 50);
}

TEST_CASE("an error of the socket is counted, and what comes next is read", "[net][udp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  // A connected socket hears that nobody listens where it sends to.
  const Fd peer = connect_to("127.0.0.1", receiver.port, SOCK_DGRAM);
  const Endpoint peer_place = bound_at(peer.get());
  const auto nobody = parse_socket_address("127.0.0.1", 1);
  REQUIRE(connect(receiver.listener->fd(), nobody->get(), nobody->length) == 0);
  REQUIRE(send(receiver.listener->fd(), "x", 1, 0) == 1);
  REQUIRE(loop.run_until([&] { return receiver.listener->stats().receive_errors > 0; }));
  const auto somebody = parse_socket_address("127.0.0.1", peer_place.port);
  REQUIRE(connect(receiver.listener->fd(), somebody->get(), somebody->length) == 0);
  for (const char* const text : {"one", "two"}) {
    send_all(peer, text);
    REQUIRE(loop.run_until(
        [&] { return !receiver.datagrams.empty() && receiver.datagrams.back() == text; }));
    for (int i = 0; i < 20; ++i) loop.turn();  // Until it waits again.
  }
  CHECK(receiver.listener->stats().receive_errors == 1);
}

TEST_CASE("a UDP drain ends when its time is over", "[net][udp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  send_all(connect_to("127.0.0.1", receiver.port, SOCK_DGRAM), "message");
  receiver.listener->drain(0s);
  CHECK(receiver.datagrams.empty());
}

TEST_CASE("no other program can take the port of a listener", "[net][udp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  const Fd thief(socket(AF_INET, SOCK_DGRAM, 0));
  const int on = 1;
  REQUIRE(setsockopt(thief.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
  const auto address = parse_socket_address("127.0.0.1", receiver.port);
  CHECK(bind(thief.get(), address->get(), address->length) != 0);
}

TEST_CASE("a destroyed UDP listener calls nobody", "[net][udp]") {
  TestLoop loop;
  Receiver receiver(loop.get());
  send_all(connect_to("127.0.0.1", receiver.port, SOCK_DGRAM), "message");
  receiver.listener.reset();
  for (int i = 0; i < 3; ++i) loop.turn();
  CHECK(receiver.datagrams.empty());
}

TEST_CASE("a datagram above max_message is cut and marked", "[net][udp]") {
  TestLoop loop;
  DatagramListenerOptions options;
  options.max_message = 500;
  Receiver receiver(loop.get(), "127.0.0.1", options);
  const Fd sender = connect_to("127.0.0.1", receiver.port, SOCK_DGRAM);
  send_all(sender, std::string(500, 'x'));
  send_all(sender, std::string(501, 'x'));
  REQUIRE(loop.run_until([&] { return receiver.datagrams.size() == 2; }));
  CHECK(receiver.datagrams[0] == std::string(500, 'x'));
  CHECK(receiver.datagrams[1] == std::string(500, 'x'));
  CHECK(receiver.truncated_count == 1);
  CHECK(receiver.listener->stats().truncated == 1);
}

TEST_CASE("datagrams of a unix socket come from local peers, in order", "[net][unix]") {
  TestLoop loop;
  const TemporaryFolder folder;
  Receiver receiver(loop.get(), folder);
  const Fd one = connect_to_path(receiver.path, SOCK_DGRAM);
  const Fd two = connect_to_path(receiver.path, SOCK_DGRAM);
  REQUIRE(one.is_open());
  send_all(one, "<13>one");
  send_all(two, "<13>two");
  REQUIRE(send(one.get(), "", 0, 0) == 0);
  send_all(one, std::string(60'000, 'x'));
  REQUIRE(loop.run_until([&] { return receiver.datagrams.size() == 4; }));
  CHECK(receiver.datagrams ==
        std::vector<std::string>{"<13>one", "<13>two", "", std::string(60'000, 'x')});
  CHECK(receiver.peers[0].text == "local");
  CHECK(receiver.peers[1].is_local);
  CHECK(receiver.refused.empty());
}

TEST_CASE("a datagram of a unix socket above 64 KiB is cut and marked", "[net][unix]") {
  TestLoop loop;
  const TemporaryFolder folder;
  Receiver receiver(loop.get(), folder);
  const Fd sender = connect_to_path(receiver.path, SOCK_DGRAM);
  send_all(sender, std::string(70'000, 'x'));
  REQUIRE(loop.run_until([&] { return receiver.datagrams.size() == 1; }));
  CHECK(receiver.datagrams[0] == std::string(65'536, 'x'));
  CHECK(receiver.truncated_count == 1);
}

TEST_CASE("a unix datagram drain reads what the kernel holds", "[net][unix]") {
  TestLoop loop;
  const TemporaryFolder folder;
  Receiver receiver(loop.get(), folder);
  const Fd sender = connect_to_path(receiver.path, SOCK_DGRAM);
  for (int i = 0; i < 5; ++i) send_all(sender, "message");
  receiver.listener->drain(10s);
  CHECK(receiver.datagrams.size() == 5);
  CHECK(receiver.peers[4].is_local);
}

}  // namespace
}  // namespace sluice
