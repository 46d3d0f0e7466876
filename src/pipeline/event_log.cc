#include "sluice/pipeline/event_log.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <utility>

#include "base/string_map.h"
#include "pipeline/shared_report.h"
#include "sluice/values/plain_text.h"

namespace sluice {

struct EventLog::State {
  using Events = std::deque<std::shared_ptr<const EventReport::Event>>;

  Options options;
  StringMap<Events> kinds;  // Of each the oldest first, as they came.
  std::vector<std::string> of_rules;
  SharedReport<EventReport> shared;
};

EventLog::EventLog() : EventLog(Options{}) {}
EventLog::EventLog(const Options& options) : state_(std::make_unique<State>()) {
  state_->options = options;
}
EventLog::~EventLog() = default;

void EventLog::set_kinds(std::vector<std::string> kinds) {
  state_->of_rules = std::move(kinds);
  state_->shared.touch();
}

bool EventLog::add(Note note, std::string_view cluster) {
  auto& kinds = state_->kinds;
  if (!kinds.contains(note.kind) && kinds.size() >= state_->options.kinds_max) return false;
  State::Events& events = kinds[note.kind];
  events.push_back(std::make_shared<const EventReport::Event>(
      EventReport::Event{.time = note.time,
                         .host = std::move(note.host),
                         .cluster = std::string(cluster),
                         .kind = std::move(note.kind),
                         .rule = std::move(note.rule),
                         .text = plain_text(note.text, Note::kTextOctetsMax)}));
  if (events.size() > state_->options.events_max) events.pop_front();
  state_->shared.touch();
  return true;
}

std::shared_ptr<const EventReport> EventLog::shared_snapshot(Timestamp now) {
  return state_->shared.at(now, [this] {
    EventReport report{.events = {}, .kinds = state_->of_rules};
    for (const auto& [kind, events] : state_->kinds) {
      report.kinds.push_back(kind);
      report.events.insert(report.events.end(), events.begin(), events.end());
    }
    std::ranges::stable_sort(report.events, std::ranges::greater(),
                             [](const auto& event) { return event->time; });
    std::ranges::sort(report.kinds);
    const auto repeated = std::ranges::unique(report.kinds);
    report.kinds.erase(repeated.begin(), repeated.end());
    return report;
  });
}

}  // namespace sluice
