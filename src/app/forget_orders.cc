#include "app/forget_orders.h"

#include <utility>

namespace sluice {

Forgotten ForgetOrders::ask(std::string host, std::chrono::milliseconds at_most) {
  const auto order = std::make_shared<Order>(Order{std::move(host), {}});
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_ || orders_.size() >= kOrdersMax) return Forgotten::kNoAnswer;
    orders_.push_back(order);
  }
  wake_();
  std::unique_lock lock(mutex_);
  answered_.wait_for(lock, at_most, [&] { return is_closed_ || order->answer.has_value(); });
  return order->answer.value_or(Forgotten::kNoAnswer);
}

std::vector<std::shared_ptr<ForgetOrders::Order>> ForgetOrders::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(orders_, {});
}

void ForgetOrders::answer(Order& order, Forgotten answer) {
  {
    const std::lock_guard lock(mutex_);
    order.answer = answer;
  }
  answered_.notify_all();
}

void ForgetOrders::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  answered_.notify_all();
}

}  // namespace sluice
