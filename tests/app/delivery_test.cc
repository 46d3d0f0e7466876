#include "app/delivery.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "net/fake_carbon.h"
#include "net/test_loop.h"

namespace sluice {
namespace {

DestinationConfig destination_at(std::uint16_t port) {
  DestinationConfig config{.name = "graphite"};
  config.carbon = {Endpoint::Transport::kTcp, "127.0.0.1", port};
  return config;
}

std::vector<Datapoint> points(std::string path, double value, std::uint64_t version) {
  const auto minute = std::chrono::floor<std::chrono::minutes>(std::chrono::system_clock::now());
  return {{std::move(path), value, minute, version, Scope::kHost}};
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("what is published is delivered and acknowledged", "[app]") {
  TestLoop loop;
  FakeCarbon carbon(loop.get(), {});
  Delivery delivery(loop.get(), destination_at(carbon.port()));
  CHECK(delivery.is_done());
  delivery.publish(points("a", 1, 1));
  delivery.publish(points("b", 2, 1));
  REQUIRE(loop.run_until([&] { return delivery.is_done(); }));
  CHECK(lines_in(carbon.received()) == 2);
  CHECK(delivery.spool().stats().acknowledged == 2);
  CHECK(delivery.batches_failed() == 0);
}

TEST_CASE("a batch that nobody took is sent again until it is", "[app]") {
  TestLoop loop;
  FakeCarbon carbon(loop.get(), {.closes_after = 0});  // Closes at once, with our octets unread.
  Delivery delivery(loop.get(), destination_at(carbon.port()));
  delivery.publish(points("a", 1, 1));
  REQUIRE(loop.run_until([&] { return delivery.batches_failed() >= 1; }));
  CHECK_FALSE(delivery.is_done());
  CHECK(delivery.spool().stats().waiting == 1);
  delivery.publish(points("a", 2, 2));  // Meanwhile corrected: only this may arrive.
  carbon.manner().closes_after = std::numeric_limits<std::size_t>::max();
  delivery.hurry();
  REQUIRE(loop.run_until([&] { return delivery.is_done(); }));
  CHECK(carbon.received().find("a 2 ") != std::string::npos);
  CHECK(carbon.received().find("a 1 ") == std::string::npos);
  CHECK(delivery.spool().stats().superseded == 1);
}

TEST_CASE("a destination that is away keeps its datapoints waiting", "[app]") {
  TestLoop loop;
  auto carbon = std::make_unique<FakeCarbon>(loop.get(), FakeCarbon::Manner{});
  const std::uint16_t port = carbon->port();
  carbon.reset();
  Delivery delivery(loop.get(), destination_at(port));
  delivery.publish(points("a", 1, 1));
  REQUIRE(loop.run_until([&] { return delivery.batches_failed() >= 2; }));
  CHECK(delivery.spool().stats().waiting + delivery.spool().stats().in_flight == 1);
}

}  // namespace sluice
