#include "net/connection_share.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "sluice/base/check.h"

namespace sluice {

std::size_t ConnectionShare::join(Take take) {
  const std::lock_guard lock(mutex_);
  members_.push_back({.take = std::move(take)});
  return members_.size() - 1;
}

void ConnectionShare::leave(std::size_t member) {
  const std::lock_guard lock(mutex_);
  members_[member].take = nullptr;
}

bool ConnectionShare::pass_on(std::size_t member, int fd) {
  const std::lock_guard lock(mutex_);
  Member& own = members_[member];
  const auto load = [](const Member& one) {
    return one.take ? one.connections : std::numeric_limits<std::size_t>::max();
  };
  Member& idlest = *std::ranges::min_element(members_, {}, load);
  const bool is_taken = load(idlest) < own.connections && idlest.take(fd);
  ++(is_taken ? idlest : own).connections;
  return is_taken;
}

void ConnectionShare::count_end(std::size_t member) {
  const std::lock_guard lock(mutex_);
  SLUICE_CHECK(members_[member].connections > 0, "each connection was counted when it began");
  --members_[member].connections;
}

}  // namespace sluice
