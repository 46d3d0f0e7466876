#include "net/carbon_client.h"

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/fake_carbon.h"
#include "net/test_loop.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

Batch batch_of(std::size_t octets, std::uint64_t id = 1) {
  const std::string line = "sluice.all.puppet.runs.completed.count 1 1700000000\n";
  Batch batch;
  batch.id = id;
  while (batch.lines.size() < octets) batch.lines += line;
  batch.datapoint_count = static_cast<std::uint32_t>(batch.lines.size() / line.size());
  return batch;
}

// A client and what became of its batches.
struct Sender {
  Sender(uv_loop_t* loop, CarbonClientOptions options)
      : client(std::make_unique<CarbonClient>(loop, std::move(options),
                                              [this](Batch batch, SendOutcome outcome) {
                                                batches.push_back(std::move(batch));
                                                outcomes.push_back(std::move(outcome));
                                              })) {}

  [[nodiscard]] bool is_done() const { return !outcomes.empty(); }
  [[nodiscard]] std::string error() const {
    REQUIRE(outcomes.size() == 1);
    REQUIRE_FALSE(outcomes[0].has_value());
    return outcomes[0].error().message();
  }

  std::vector<Batch> batches;
  std::vector<SendOutcome> outcomes;
  std::unique_ptr<CarbonClient> client;
};

// Short for a test, and longer than a busy machine keeps a process from running.
constexpr std::chrono::milliseconds kAckTimeout{1000};

CarbonClientOptions options_for(const FakeCarbon& carbon) {
  CarbonClientOptions options;
  options.host = "127.0.0.1";
  options.port = carbon.port();
  return options;
}

// Sends one batch to a carbon of that manner; the error, or empty when it was acknowledged.
std::string send_to(FakeCarbon::Manner manner, std::size_t octets,
                    std::chrono::milliseconds ack_timeout = 20s) {
  TestLoop loop;
  FakeCarbon carbon(loop.get(), std::move(manner));
  CarbonClientOptions options = options_for(carbon);
  options.ack_timeout = ack_timeout;
  Sender sender(loop.get(), options);
  const Batch batch = batch_of(octets, 7);
  sender.client->send(batch);
  CHECK_FALSE(sender.client->is_idle());
  CHECK_FALSE(sender.is_done());
  REQUIRE(loop.run_until([&] { return sender.is_done(); }));
  CHECK(sender.client->is_idle());
  CHECK(sender.batches[0].id == 7);
  CHECK(sender.batches[0].lines == batch.lines);
  CHECK(sender.batches[0].datapoint_count == batch.datapoint_count);
  if (sender.outcomes[0]) {
    CHECK(carbon.received() == batch.lines);
    return {};
  }
  CHECK_THAT(sender.error(), StartsWith("127.0.0.1:" + std::to_string(carbon.port()) + ": "));
  return sender.error();
}

TEST_CASE("a batch is acknowledged when the peer reads it to our end and closes",
          "[net][half-close]") {
  const std::size_t octets = GENERATE(std::size_t{1}, 100, 512 * 1024, 5 * 1024 * 1024);
  CAPTURE(octets);
  CHECK(send_to({}, octets).empty());
}

TEST_CASE("a slow reader with a small window still acknowledges", "[net][half-close]") {
  FakeCarbon::Manner manner;
  manner.receive_buffer = 4096;
  manner.reads_at_once = 3000;
  CHECK(send_to(manner, 200'000).empty());
}

TEST_CASE("a few octets from the peer are ignored", "[net][half-close]") {
  FakeCarbon::Manner manner;
  manner.says = "hello\n";
  manner.closes_after = 52;  // The one line.
  manner.closes_when_drained = true;
  CHECK(send_to(manner, 1).empty());
}

TEST_CASE("a peer that talks without end is not carbon", "[net][half-close]") {
  FakeCarbon::Manner manner;
  manner.says = std::string(100'000, 'x');
  manner.closes_after = 52;
  manner.closes_when_drained = true;
  CHECK_THAT(send_to(manner, 1), Contains("talks back") && Contains("port number"));
}

TEST_CASE("a peer that closes with octets unread in its queue resets: not acknowledged",
          "[net][half-close]") {
  FakeCarbon::Manner manner;
  manner.closes_after = 0;
  CHECK_THAT(send_to(manner, 1000), Contains("reset"));
}

TEST_CASE("a banner in front of a reset is not taken for a clean end", "[net][half-close]") {
  FakeCarbon::Manner manner;
  manner.closes_after = 0;
  manner.says = "hello\n";
  CHECK_THAT(send_to(manner, 1000), Contains("reset"));
}

TEST_CASE("a peer that reads half of the batch and closes does not acknowledge",
          "[net][half-close]") {
  FakeCarbon::Manner manner;
  manner.closes_after = 100'000;
  CHECK_FALSE(send_to(manner, 512 * 1024).empty());
}

// Slows down the connection that this process has made to `port`; false while there is none.
bool pace_connection_to(std::uint16_t port, unsigned bytes_per_second) {
  int paced = 0;
  for (int fd = 0; fd < 1024; ++fd) {
    SocketAddress peer;
    peer.length = sizeof peer.storage;
    auto* const address = reinterpret_cast<sockaddr*>(&peer.storage);
    if (getpeername(fd, address, &peer.length) != 0 || peer.port() != port) continue;
    REQUIRE(setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &bytes_per_second,
                       sizeof bytes_per_second) == 0);
    ++paced;
  }
  return paced == 1;
}

// A peer that closes while its own queue is empty sends a FIN, whatever still waits in ours. A
// paced sender leaves its queue empty most of the time.
TEST_CASE("a clean end with octets still in our queue is not acknowledged", "[net][half-close]") {
  TestLoop loop;
  FakeCarbon::Manner manner;
  manner.accepts = false;
  manner.closes_after = 200'000;
  manner.closes_when_drained = true;
  FakeCarbon carbon(loop.get(), manner);
  Sender sender(loop.get(), options_for(carbon));
  const std::size_t octets = GENERATE(std::size_t{1} << 20, std::size_t{6} << 20);
  sender.client->send(batch_of(octets));
  REQUIRE(loop.run_until([&] { return pace_connection_to(carbon.port(), 2'000'000); }));
  carbon.manner().accepts = true;
  REQUIRE(loop.run_until([&] { return sender.is_done(); }));
  CHECK_THAT(sender.error(), Contains("closed with ") && Contains("octets unread"));
  CHECK(carbon.received().size() < octets);
}

TEST_CASE("a peer that reads nothing runs into the time limit", "[net][half-close]") {
  FakeCarbon::Manner manner;
  manner.reads = false;
  const auto [octets, expected] = GENERATE(table<std::size_t, std::string>({
      {1000, "did not close within 1 s"},       // Fits into the kernel's queues.
      {64 * 1024 * 1024, "octets unread for"},  // Does not.
  }));
  CHECK_THAT(send_to(manner, octets, kAckTimeout), Contains(expected));
}

TEST_CASE("a peer that reads but never closes runs into the time limit", "[net][half-close]") {
  FakeCarbon::Manner manner;
  manner.closes_at_eof = false;
  CHECK_THAT(send_to(manner, 1000, kAckTimeout), Contains("did not close within 1 s"));
}

TEST_CASE("an end that was in time counts, however late a busy loop gets to read it",
          "[net][half-close]") {
  TestLoop loop;
  FakeCarbon::Manner manner;
  manner.closes_at_eof = false;
  FakeCarbon carbon(loop.get(), manner);
  CarbonClientOptions options = options_for(carbon);
  options.ack_timeout = 2 * kAckTimeout;
  Sender sender(loop.get(), options);
  sender.client->send(batch_of(1000));
  REQUIRE(loop.run_until([&] { return !carbon.received().empty(); }));
  for (int i = 0; i < 5; ++i) loop.turn();  // All is read, and both sides know.
  // It closes in time, for its timer is due first; the loop, which runs both ends, stands still
  // until the limit has passed.
  carbon.manner().closes_at_eof = true;
  std::this_thread::sleep_for(options.ack_timeout);
  REQUIRE(loop.run_until([&] { return sender.is_done(); }));
  CHECK(sender.outcomes[0].has_value());
}

TEST_CASE("a peer that accepts late acknowledges late", "[net][half-close]") {
  TestLoop loop;
  FakeCarbon::Manner manner;
  manner.accepts = false;
  FakeCarbon carbon(loop.get(), manner);
  Sender sender(loop.get(), options_for(carbon));
  sender.client->send(batch_of(1000));
  for (int i = 0; i < 20; ++i) loop.turn();
  CHECK_FALSE(sender.is_done());
  carbon.manner().accepts = true;
  REQUIRE(loop.run_until([&] { return sender.is_done(); }));
  CHECK(sender.outcomes[0].has_value());
}

TEST_CASE("nobody listens: the error names the place and what to look at", "[net]") {
  TestLoop loop;
  FakeCarbon carbon(loop.get(), {});
  carbon.stop_listening();
  Sender sender(loop.get(), options_for(carbon));
  sender.client->send(batch_of(1));
  CHECK_FALSE(sender.is_done());
  REQUIRE(loop.run_until([&] { return sender.is_done(); }));
  CHECK_THAT(sender.error(), Contains("127.0.0.1:" + std::to_string(carbon.port())) &&
                                 Contains("connection refused") && Contains("is carbon running"));
}

TEST_CASE("an address that does not answer runs into the connect timeout", "[net]") {
  TestLoop loop;
  FakeCarbon::Manner manner;
  manner.accepts = false;
  manner.backlog = 0;
  FakeCarbon carbon(loop.get(), manner);
  // With its backlog full the kernel ignores further SYNs, like a firewall that drops them.
  const Fd first = connect_to("127.0.0.1", carbon.port(), SOCK_STREAM);
  CarbonClientOptions options = options_for(carbon);
  options.connect_timeout = 100ms;
  Sender sender(loop.get(), options);
  sender.client->send(batch_of(1));
  REQUIRE(loop.run_until([&] { return sender.is_done(); }));
  CHECK_THAT(sender.error(), Contains("no answer within 0.1 s"));
}

TEST_CASE("names are looked up and their addresses tried in order", "[net]") {
  TestLoop loop;
  FakeCarbon carbon(loop.get(), {});  // On 127.0.0.1 alone, which may come after ::1.
  CarbonClientOptions options = options_for(carbon);
  options.host = "localhost";
  Sender sender(loop.get(), options);
  sender.client->send(batch_of(1000));
  REQUIRE(loop.run_until([&] { return sender.is_done(); }));
  CHECK(sender.outcomes[0].has_value());
}

TEST_CASE("what cannot be a name fails as a look-up, later than send()", "[net]") {
  TestLoop loop;
  CarbonClientOptions options;
  options.host = GENERATE(std::string(300, 'a'), std::string("no such name"));
  Sender sender(loop.get(), options);
  sender.client->send(batch_of(1));
  CHECK_FALSE(sender.is_done());
  REQUIRE(loop.run_until([&] { return sender.is_done(); }));
  CHECK_THAT(sender.error(), Contains(options.host + ":2003: ") && Contains("name"));
}

TEST_CASE("each batch has a connection of its own, and the callback may send the next", "[net]") {
  TestLoop loop;
  FakeCarbon carbon(loop.get(), {});
  std::uint64_t acknowledged = 0;
  std::optional<CarbonClient> client;
  client.emplace(loop.get(), options_for(carbon), [&](Batch batch, SendOutcome outcome) {
    REQUIRE(outcome.has_value());
    CHECK(batch.id == ++acknowledged);
    if (acknowledged < 5) client->send(batch_of(10'000, acknowledged + 1));
  });
  client->send(batch_of(10'000, 1));
  REQUIRE(loop.run_until([&] { return acknowledged == 5; }));
  CHECK(carbon.connection_count() == 5);
}

TEST_CASE("the callback may send a refused batch again at once, without holding up the loop",
          "[net]") {
  TestLoop loop;
  FakeCarbon carbon(loop.get(), {});
  carbon.stop_listening();
  int failures = 0;
  std::optional<CarbonClient> client;
  client.emplace(loop.get(), options_for(carbon), [&](Batch batch, SendOutcome) {
    ++failures;
    client->send(std::move(batch));
  });
  client->send(batch_of(1));
  REQUIRE(loop.run_until([&] { return failures >= 3; }));
}

TEST_CASE("the callback may destroy the client", "[net]") {
  const bool is_listening = GENERATE(true, false);
  TestLoop loop;
  FakeCarbon carbon(loop.get(), {});
  if (!is_listening) carbon.stop_listening();
  std::optional<bool> outcome;
  std::unique_ptr<CarbonClient> client;
  client = std::make_unique<CarbonClient>(loop.get(), options_for(carbon),
                                          [&client, &outcome](Batch, SendOutcome result) {
                                            client.reset();
                                            outcome = result.has_value();
                                          });
  client->send(batch_of(1000));
  REQUIRE(loop.run_until([&] { return outcome.has_value(); }));
  CHECK(*outcome == is_listening);
}

TEST_CASE("a client that is destroyed in flight calls nobody", "[net]") {
  const int turns = GENERATE(0, 1, 3);
  const std::string host = GENERATE(std::string("127.0.0.1"), std::string("localhost"));
  TestLoop loop;
  FakeCarbon::Manner manner;
  manner.reads = false;
  FakeCarbon carbon(loop.get(), manner);
  CarbonClientOptions options = options_for(carbon);
  options.host = host;
  Sender sender(loop.get(), options);
  sender.client->send(batch_of(8 * 1024 * 1024));
  for (int i = 0; i < turns; ++i) loop.turn();
  sender.client.reset();
  for (int i = 0; i < 3; ++i) loop.turn();
  CHECK_FALSE(sender.is_done());
}

using Kind = CarbonFailure::Kind;

// Sends one small batch and gives the kind of its failure; none when it was acknowledged.
std::optional<Kind> kind_of_failure(FakeCarbon::Manner manner, AwaitEnd await,
                                    std::chrono::milliseconds ack_timeout, std::size_t octets) {
  TestLoop loop;
  FakeCarbon carbon(loop.get(), std::move(manner));
  CarbonClientOptions options = options_for(carbon);
  options.ack_timeout = ack_timeout;
  Sender sender(loop.get(), options);
  sender.client->send(batch_of(octets), await);
  REQUIRE(loop.run_until([&] { return sender.is_done(); }));
  if (sender.outcomes[0]) return std::nullopt;
  return sender.outcomes[0].error().kind;
}

TEST_CASE("a failure says what it tells about the receiver's life", "[net][half-close]") {
  FakeCarbon::Manner silent;
  silent.closes_at_eof = false;
  FakeCarbon::Manner dying;
  dying.closes_after = 0;
  FakeCarbon::Manner halfway;
  halfway.closes_after = 100'000;
  FakeCarbon::Manner stopped;
  stopped.reads = false;
  CHECK(kind_of_failure(silent, AwaitEnd::kFully, kAckTimeout, 1000) == Kind::kUnanswered);
  CHECK(kind_of_failure(dying, AwaitEnd::kFully, 20s, 1000) == Kind::kDied);
  CHECK(kind_of_failure(halfway, AwaitEnd::kFully, 20s, 512 * 1024) == Kind::kDied);
  CHECK(kind_of_failure(stopped, AwaitEnd::kFully, kAckTimeout, 64 << 20) == Kind::kOther);
}

TEST_CASE("who waits briefly is told when the peer's kernel has all of it", "[net][half-close]") {
  FakeCarbon::Manner silent;
  silent.closes_at_eof = false;
  FakeCarbon::Manner stopped;
  stopped.reads = false;
  FakeCarbon::Manner dying;
  dying.closes_after = 0;
  CHECK(kind_of_failure(silent, AwaitEnd::kBriefly, 20s, 1 << 20) == Kind::kUnanswered);
  CHECK(kind_of_failure({}, AwaitEnd::kBriefly, 20s, 1 << 20) == std::nullopt);
  CHECK(kind_of_failure(dying, AwaitEnd::kBriefly, 20s, 1000) == Kind::kDied);
  CHECK(kind_of_failure(stopped, AwaitEnd::kBriefly, kAckTimeout, 64 << 20) == Kind::kOther);
}

TEST_CASE("nobody listening is a sign of death, a name not found is none", "[net]") {
  TestLoop loop;
  FakeCarbon carbon(loop.get(), {});
  carbon.stop_listening();
  CarbonClientOptions options = options_for(carbon);
  const auto [host, kind] = GENERATE(
      table<std::string, Kind>({{"127.0.0.1", Kind::kDied}, {"no such name", Kind::kOther}}));
  options.host = host;
  Sender sender(loop.get(), options);
  sender.client->send(batch_of(1));
  REQUIRE(loop.run_until([&] { return sender.is_done(); }));
  CHECK(sender.outcomes[0].error().kind == kind);
}

}  // namespace
}  // namespace sluice
