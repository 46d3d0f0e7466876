#include "sluice/pipeline/failures.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/string_map.h"
#include "pipeline/shared_report.h"
#include "sluice/values/plain_text.h"
#include "sluice/values/shape.h"

namespace sluice {
namespace {

constexpr std::size_t kReasonsPerHostMax = 5;

std::string_view pack_of(std::string_view rule) { return rule.substr(0, rule.find('/')); }

}  // namespace

struct FailureBook::State {
  struct Reason {
    FailureReport::Reason known;  // Without hosts and clusters.
    std::size_t held = 0;         // By how many of the hosts' entries.
  };
  // That a host has a reason.
  struct Held {
    std::string reason;
    std::string pack;
    Timestamp heard{};
    std::chrono::seconds ttl{0};
  };
  struct Host {
    std::vector<Held> held;
    std::shared_ptr<const FailureReport::LastFailure> last;
  };

  bool add(const Note& note, std::string_view cluster);
  void clear(const Note& note);
  void hold(Host& host, const Note& note);
  void release(const Held& held);
  // Releases those of the host that `is_over` says.
  template <typename IsOver>
  void release_if(Host& host, IsOver is_over);

  Options options;
  StringMap<Reason> reasons;
  StringMap<Host> hosts;  // Only such as have a reason.
  SharedReport<FailureReport> shared;
  std::string shape;  // Scratch.
};

FailureBook::FailureBook() : FailureBook(Options{}) {}
FailureBook::FailureBook(const Options& options) : state_(std::make_unique<State>()) {
  state_->options = options;
}
FailureBook::~FailureBook() = default;

bool FailureBook::add(const Note& note, std::string_view cluster) {
  if (!note.clears) return state_->add(note, cluster);
  state_->clear(note);
  return true;
}

bool FailureBook::State::add(const Note& note, std::string_view cluster) {
  fold_shape(note.text, {.host = note.host, .octets_max = Note::kTextOctetsMax}, shape);
  const bool has_room = (reasons.contains(shape) || reasons.size() < options.reasons_max) &&
                        (hosts.contains(note.host) || hosts.size() < options.hosts_max);
  if (!has_room) return false;
  shared.touch();
  Reason& reason = reasons[shape];
  FailureReport::Reason& known = reason.known;
  if (reason.held == 0) known = {.text = shape, .first = note.time, .last = note.time};
  known.count += note.weight;
  known.first = std::min(known.first, note.time);
  if (note.time >= known.last) {
    known.last = note.time;
    known.sample = plain_text(note.text, Note::kTextOctetsMax);
    known.host = note.host;
  }
  Host& host = hosts[note.host];
  hold(host, note);
  if (!host.last || note.time >= host.last->time) {
    host.last = std::make_shared<const FailureReport::LastFailure>(FailureReport::LastFailure{
        note.host, std::string(cluster), plain_text(note.text, Note::kTextOctetsMax), note.rule,
        note.time});
  }
  return true;
}

// The reason is in `shape`.
void FailureBook::State::hold(Host& host, const Note& note) {
  const std::string_view pack = pack_of(note.rule);
  const auto found = std::ranges::find_if(
      host.held, [&](const Held& held) { return held.reason == shape && held.pack == pack; });
  if (found != host.held.end()) {
    found->heard = std::max(found->heard, note.time);
    found->ttl = note.ttl;
    return;
  }
  // First the new one, so that making room never ends the reason that it is for.
  ++reasons.find(shape)->second.held;
  host.held.push_back({shape, std::string(pack), note.time, note.ttl});
  if (host.held.size() <= kReasonsPerHostMax) return;
  const auto oldest = std::ranges::min_element(host.held, {}, &Held::heard);
  release(*oldest);
  host.held.erase(oldest);
}

void FailureBook::State::release(const Held& held) {
  const auto reason = reasons.find(held.reason);
  if (--reason->second.held == 0) reasons.erase(reason);
}

template <typename IsOver>
void FailureBook::State::release_if(Host& host, IsOver is_over) {
  std::erase_if(host.held, [&](const Held& held) {
    if (!is_over(held)) return false;
    release(held);
    shared.touch();
    return true;
  });
}

// What came later than the good news is not over by it.
void FailureBook::State::clear(const Note& note) {
  const auto host = hosts.find(note.host);
  if (host == hosts.end()) return;
  const std::string_view pack = pack_of(note.rule);
  release_if(host->second,
             [&](const Held& held) { return held.pack == pack && held.heard <= note.time; });
  if (host->second.held.empty()) hosts.erase(host);
}

void FailureBook::expire(Timestamp now) {
  for (auto host = state_->hosts.begin(); host != state_->hosts.end();) {
    const auto current = host++;  // Erasing keeps all others.
    state_->release_if(current->second,
                       [now](const State::Held& held) { return held.heard + held.ttl < now; });
    if (current->second.held.empty()) state_->hosts.erase(current);
  }
}

void FailureBook::forget(std::string_view name) {
  const auto host = state_->hosts.find(name);
  if (host == state_->hosts.end()) return;
  state_->release_if(host->second, [](const State::Held&) { return true; });
  state_->hosts.erase(host);
}

FailureReport FailureBook::snapshot() const {
  FailureReport report;
  std::map<std::string_view, std::map<std::string_view, std::uint64_t>> hosts_of;
  for (const auto& [name, host] : state_->hosts) {
    report.hosts.push_back(host.last);
    for (auto held = host.held.begin(); held != host.held.end(); ++held) {
      // Another pack may give the same reason.
      const bool is_counted = std::any_of(host.held.begin(), held, [&](const State::Held& before) {
        return before.reason == held->reason;
      });
      if (!is_counted) ++hosts_of[held->reason][host.last->cluster];
    }
  }
  for (const auto& [text, reason] : state_->reasons) {
    FailureReport::Reason& row = report.reasons.emplace_back(reason.known);
    for (const auto& [cluster, hosts] : hosts_of[text]) {
      row.hosts += hosts;
      row.clusters.emplace_back(cluster, hosts);
    }
    std::ranges::stable_sort(row.clusters, std::ranges::greater(),
                             &std::pair<std::string, std::uint64_t>::second);
  }
  std::ranges::sort(report.reasons, [](const auto& a, const auto& b) {
    return std::tie(b.hosts, b.count, a.text) < std::tie(a.hosts, a.count, b.text);
  });
  std::ranges::sort(report.hosts, {},
                    [](const auto& one) -> const std::string& { return one->host; });
  return report;
}

std::shared_ptr<const FailureReport> FailureBook::shared_snapshot(Timestamp now) {
  return state_->shared.at(now, [this] { return snapshot(); });
}

}  // namespace sluice
