#include "net/carbon_watch.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "net/fake_carbon.h"
#include "net/test_loop.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::Contains;

// A watch over a carbon, and the ends it told of.
struct Watched {
  Watched(uv_loop_t* loop, CarbonWatchOptions options)
      : watch(std::make_unique<CarbonWatch>(
            loop, std::move(options),
            [this](const std::string& reason) { ends.push_back(reason); })) {}

  std::vector<std::string> ends;
  std::unique_ptr<CarbonWatch> watch;
};

CarbonWatchOptions options_for(const FakeCarbon& carbon) {
  return {.host = "127.0.0.1", .port = carbon.port(), .retry_min = 2ms, .retry_max = 8ms};
}

bool is_standing(const FakeCarbon& carbon, const Watched& watched) {
  return watched.watch->is_up() && carbon.open_count() == 1;
}

int keep_alive_of_connection_to(std::uint16_t port) {
  for (int fd = 0; fd < 1024; ++fd) {
    SocketAddress peer;
    peer.length = sizeof peer.storage;
    auto* const address = reinterpret_cast<sockaddr*>(&peer.storage);
    if (getpeername(fd, address, &peer.length) != 0 || peer.port() != port) continue;
    int value = 0;
    socklen_t length = sizeof value;
    REQUIRE(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &length) == 0);
    return value;
  }
  return -1;
}

}  // namespace

TEST_CASE("a watch sends nothing and tells nothing while the receiver lives", "[net][watch]") {
  TestLoop loop;
  FakeCarbon carbon(loop.get(), {});
  Watched watched(loop.get(), options_for(carbon));
  REQUIRE(loop.run_until([&] { return is_standing(carbon, watched); }));
  for (int i = 0; i < 20; ++i) loop.turn();
  CHECK(watched.ends.empty());
  CHECK(carbon.received().empty());
  CHECK(carbon.connection_count() == 1);
  CHECK(keep_alive_of_connection_to(carbon.port()) == 1);
}

TEST_CASE("the end of a watch connection is told once, and it stands again", "[net][watch]") {
  TestLoop loop;
  FakeCarbon carbon(loop.get(), {});
  Watched watched(loop.get(), options_for(carbon));
  REQUIRE(loop.run_until([&] { return is_standing(carbon, watched); }));
  SECTION("closed") {
    carbon.close_connections();
    REQUIRE(loop.run_until([&] { return !watched.ends.empty(); }));
    CHECK_THAT(watched.ends[0], Contains("closed the watch connection"));
  }
  SECTION("reset") {
    carbon.reset_connections();
    REQUIRE(loop.run_until([&] { return !watched.ends.empty(); }));
    CHECK_THAT(watched.ends[0], Contains("reset the watch connection"));
  }
  REQUIRE(loop.run_until([&] { return is_standing(carbon, watched); }));
  CHECK(watched.ends.size() == 1);
  CHECK(carbon.connection_count() == 2);
}

TEST_CASE("a connect that is refused after a connection stood is told once", "[net][watch]") {
  TestLoop loop;
  FakeCarbon carbon(loop.get(), {});
  Watched watched(loop.get(), options_for(carbon));
  REQUIRE(loop.run_until([&] { return is_standing(carbon, watched); }));
  carbon.stop_listening();
  carbon.close_connections();
  REQUIRE(loop.run_until([&] { return watched.ends.size() >= 2; }));
  for (int i = 0; i < 40; ++i) loop.turn();  // Several more refusals.
  REQUIRE(watched.ends.size() == 2);
  CHECK_THAT(watched.ends[1], Contains("refuses connections"));
  CHECK_FALSE(watched.watch->is_up());
}

TEST_CASE("a receiver that was never there has not died", "[net][watch]") {
  TestLoop loop;
  FakeCarbon carbon(loop.get(), {});
  carbon.stop_listening();
  Watched watched(loop.get(), options_for(carbon));
  for (int i = 0; i < 40; ++i) loop.turn();
  CHECK(watched.ends.empty());
}

TEST_CASE("refresh replaces an old connection without a word", "[net][watch]") {
  TestLoop loop;
  FakeCarbon carbon(loop.get(), {});
  CarbonWatchOptions options = options_for(carbon);
  SECTION("an old one") {
    options.fresh_for = 0ms;
    Watched watched(loop.get(), options);
    REQUIRE(loop.run_until([&] { return is_standing(carbon, watched); }));
    watched.watch->refresh();
    REQUIRE(loop.run_until([&] { return carbon.connection_count() == 2; }));
    REQUIRE(loop.run_until([&] { return is_standing(carbon, watched); }));
    CHECK(watched.ends.empty());
    carbon.close_connections();  // The new one is watched as the old one was.
    CHECK(loop.run_until([&] { return watched.ends.size() == 1; }));
  }
  SECTION("a fresh one stays") {
    Watched watched(loop.get(), options);
    REQUIRE(loop.run_until([&] { return is_standing(carbon, watched); }));
    watched.watch->refresh();
    for (int i = 0; i < 20; ++i) loop.turn();
    CHECK(carbon.connection_count() == 1);
  }
}

// The receiver was restarted between two turns of the loop: the new connection is made before the
// loop has read the old one's end.
TEST_CASE("a refresh does not hide the death of the old connection", "[net][watch]") {
  TestLoop loop;
  FakeCarbon carbon(loop.get(), {});
  CarbonWatchOptions options = options_for(carbon);
  options.fresh_for = 0ms;
  Watched watched(loop.get(), options);
  REQUIRE(loop.run_until([&] { return is_standing(carbon, watched); }));
  watched.watch->refresh();
  carbon.close_connections();
  REQUIRE(loop.run_until([&] { return is_standing(carbon, watched); }));
  CHECK(watched.ends.size() == 1);
}

TEST_CASE("refresh does not wait for the pause after a failure", "[net][watch]") {
  TestLoop loop;
  auto carbon = std::make_unique<FakeCarbon>(loop.get(), FakeCarbon::Manner{});
  CarbonWatchOptions options = options_for(*carbon);
  options.retry_min = options.retry_max = 3600s;
  Watched watched(loop.get(), options);
  REQUIRE(loop.run_until([&] { return is_standing(*carbon, watched); }));
  carbon->close_connections();
  REQUIRE(loop.run_until([&] { return watched.ends.size() == 1; }));
  watched.watch->refresh();
  CHECK(loop.run_until([&] { return is_standing(*carbon, watched); }));
}

TEST_CASE("a peer that talks without end is not watched", "[net][watch]") {
  TestLoop loop;
  FakeCarbon::Manner manner;
  manner.says = std::string(100'000, 'x');
  manner.closes_after = 0;
  manner.closes_when_drained = true;
  FakeCarbon carbon(loop.get(), manner);
  CarbonWatchOptions options = options_for(carbon);
  options.retry_max = 3600s;
  Watched watched(loop.get(), options);
  REQUIRE(loop.run_until([&] { return carbon.connection_count() == 1; }));
  REQUIRE(loop.run_until([&] { return !watched.watch->is_up(); }));
  for (int i = 0; i < 20; ++i) loop.turn();
  CHECK(carbon.connection_count() == 1);
  CHECK(watched.ends.empty());
}

TEST_CASE("the callback may destroy the watch", "[net][watch]") {
  TestLoop loop;
  FakeCarbon carbon(loop.get(), {});
  std::unique_ptr<CarbonWatch> watch;
  watch = std::make_unique<CarbonWatch>(loop.get(), options_for(carbon),
                                        [&watch](const std::string&) { watch.reset(); });
  REQUIRE(loop.run_until([&] { return carbon.open_count() == 1; }));
  carbon.close_connections();
  CHECK(loop.run_until([&] { return watch == nullptr; }));
}

}  // namespace sluice
