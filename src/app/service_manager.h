#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace sluice {

// Tells systemd how the relay stands (sd_notify): for units of Type=notify, with or without
// WatchdogSec. Does nothing when nobody asked, that is, without NOTIFY_SOCKET in the environment.
// What cannot be told is not worth an error.
class ServiceManager {
 public:
  // Reads NOTIFY_SOCKET and WATCHDOG_USEC.
  ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  // Up: again after reloading().
  void ready();
  void reloading();
  void stopping();

  // One line for `systemctl status`; sent when it differs from the last.
  void status(const std::string& text);

  // To be called at each tick that came to its end, about once a second: tells the watchdog that
  // the relay works, at half of its time. A watchdog of less than 4 s is too short for that.
  void alive();

 private:
  using Clock = std::chrono::steady_clock;

  void tell(const std::string& state) const;

  bool is_asked_;
  std::optional<std::chrono::microseconds> watchdog_interval_;  // Half of WATCHDOG_USEC.
  std::optional<Clock::time_point> last_alive_;
  std::string last_status_;
};

}  // namespace sluice
