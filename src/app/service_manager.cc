#include "app/service_manager.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace sluice {
namespace {

std::optional<std::chrono::microseconds> half_of_watchdog() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  return std::chrono::microseconds(microseconds / 2);
}

std::int64_t monotonic_usec() {
  // The clock that systemd compares with, CLOCK_MONOTONIC.
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

}  // namespace

ServiceManager::ServiceManager()
    : is_asked_(std::getenv("NOTIFY_SOCKET") != nullptr), watchdog_interval_(half_of_watchdog()) {}

void ServiceManager::ready() { tell("READY=1"); }

void ServiceManager::reloading() {
  tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_usec()));
}

void ServiceManager::stopping() { tell("STOPPING=1"); }

void ServiceManager::status(const std::string& text) {
  if (text == last_status_) return;
  last_status_ = text;
  std::string line = text;
  std::ranges::replace(line, '\n', ' ');  // A line feed would begin the next variable.
  tell("STATUS=" + line);
}

void ServiceManager::alive() {
  if (!watchdog_interval_) return;
  const auto now = Clock::now();
  // A tick that comes a little early must not wait for the next one.
  constexpr std::chrono::milliseconds kSlack{100};
  if (last_alive_ && now - *last_alive_ + kSlack < *watchdog_interval_) return;
  last_alive_ = now;
  tell("WATCHDOG=1");
}

void ServiceManager::tell(const std::string& state) const {
  if (is_asked_) (void)sd_notify(0, state.c_str());
}

}  // namespace sluice
