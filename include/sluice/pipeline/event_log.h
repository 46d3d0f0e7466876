#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/values/note.h"

namespace sluice {

// What happened lately.
struct EventReport {
  struct Event {
    Timestamp time{};
    std::string host;
    std::string cluster;  // Where it was when it was noted.
    std::string kind;
    std::string rule;
    std::string text;
  };
  std::vector<std::shared_ptr<const Event>> events;  // Newest first.
  std::vector<std::string> kinds;  // Those that the rules give or that are kept, in order.
};

// The last notes that are no failures, so many of each kind, that rare kinds (deployments) are not
// driven out by frequent ones (runs with changes).
class EventLog {
 public:
  struct Options {
    std::size_t events_max = 1'000;  // Of each kind; the oldest goes.
    std::size_t kinds_max = 16;      // The first ones; events of others are not kept.
  };

  EventLog();
  explicit EventLog(const Options& options);
  ~EventLog();
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  // The kinds that the rules in force give.
  void set_kinds(std::vector<std::string> kinds);

  // False when it is of one kind too many.
  bool add(Note note, std::string_view cluster);

  // Made anew when something came and the last one is 2 s old by the caller's clock. Never null;
  // never changes, so other threads may read it.
  [[nodiscard]] std::shared_ptr<const EventReport> shared_snapshot(Timestamp now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
