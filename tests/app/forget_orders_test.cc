#include "app/forget_orders.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <future>

namespace sluice {

using namespace std::chrono_literals;

TEST_CASE("who asks to forget a host gets the loop's answer", "[app]") {
  std::promise<void> woken;
  ForgetOrders orders([&woken] { woken.set_value(); });
  auto asker = std::async(std::launch::async, [&] { return orders.ask("web01", 60s); });
  woken.get_future().wait();
  const auto taken = orders.take();
  REQUIRE(taken.size() == 1);
  CHECK(taken.front()->host == "web01");
  orders.answer(*taken.front(), Forgotten::kDone);
  CHECK(asker.get() == Forgotten::kDone);
}

TEST_CASE("a relay that ends keeps nobody waiting who asks to forget a host", "[app]") {
  std::promise<void> woken;
  ForgetOrders orders([&woken] { woken.set_value(); });
  const auto begin = std::chrono::steady_clock::now();
  auto asker = std::async(std::launch::async, [&] { return orders.ask("web01", 60s); });
  woken.get_future().wait();
  if (GENERATE(false, true)) (void)orders.take();  // Taken, and never answered.
  orders.close();
  CHECK(asker.get() == Forgotten::kNoAnswer);
  CHECK(orders.ask("web02", 60s) == Forgotten::kNoAnswer);
  CHECK(std::chrono::steady_clock::now() - begin < 30s);
}

}  // namespace sluice
