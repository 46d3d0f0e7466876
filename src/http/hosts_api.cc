#include "http/hosts_api.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ascii_case.h"
#include "config/names.h"
#include "http/answer.h"
#include "http/json_text.h"
#include "http/list_query.h"
#include "http/notes.h"
#include "http/query.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;
using httplib::Request;
using httplib::Response;

constexpr std::array<std::string_view, 2> kHostOrders{"name", "worst"};
// States of hosts that no run has put right; the first two are failures.
constexpr std::array<std::string_view, 4> kBadStates{"failed", "no_catalog", "stale", "never"};
constexpr std::ptrdiff_t kFailedStates = 2;
constexpr std::size_t kPathsMax = 1000;
constexpr std::size_t kEventsShown = 20;

Json time_or_null(const std::optional<Timestamp>& time) {
  return time ? Json(time_text(*time)) : Json();
}

const FailureReport::LastFailure* failure_of(const Observed& observed, const std::string& host) {
  const auto& failures = observed.failures->hosts;
  const auto found = std::ranges::lower_bound(
      failures, host, {}, [](const auto& failure) -> const std::string& { return failure->host; });
  return found == failures.end() || (*found)->host != host ? nullptr : found->get();
}

Json last_failure_of(const Observed& observed, const std::string& host) {
  const auto* const failure = failure_of(observed, host);
  if (failure == nullptr) return nullptr;
  return {{"text", failure->text}, {"time", time_text(failure->time)}, {"rule", failure->rule}};
}

Json host_as_json(const FleetView& fleet, const Observed& observed, std::size_t row) {
  const FleetView::Host& host = fleet.hosts[row];
  Json json{{"host", host.name}};
  json["cluster"] = host.scopes.empty() ? Json() : Json(fleet.scopes[host.scopes.front()].name);
  json["groups"] = Json::object();
  for (std::size_t i = 1; i < host.scopes.size(); ++i)
    json["groups"][fleet.scopes[host.scopes[i]].name] = fleet.scopes[host.scopes[i]].value;
  json["last_seen"] = time_or_null(host.heard);
  json["states"] = Json::object();
  for (std::size_t i = 0; i < fleet.metrics.size(); ++i) {
    const FleetView::State& state = fleet.states[row * fleet.metrics.size() + i];
    if (state.index < 0) continue;
    const auto& metric = fleet.metrics[i];
    json["states"][metric.name] = {{"state", metric.states[static_cast<std::size_t>(state.index)]},
                                   {"since", time_or_null(state.since)}};
  }
  json["presences"] = Json::object();
  for (std::size_t i = 0; i < fleet.presences.size(); ++i) {
    const FleetView::Sign& sign = fleet.signs[row * fleet.presences.size() + i];
    if (!sign.last && !sign.is_expected) continue;
    json["presences"][fleet.presences[i]] = {{"last", time_or_null(sign.last)},
                                             {"missing", sign.is_missing}};
  }
  json["last_failure"] = last_failure_of(observed, host.name);
  return json;
}

// Which hosts are asked for.
struct HostFilter {
  std::string cluster;
  std::string state;
  std::string missing;
  std::string part;

  [[nodiscard]] bool lets_in(const FleetView& fleet, std::size_t row) const {
    const FleetView::Host& host = fleet.hosts[row];
    if (!holds_word(host.name, part)) return false;
    if (!cluster.empty() &&
        (host.scopes.empty() || !is_same_word(fleet.scopes[host.scopes.front()].name, cluster)))
      return false;
    return (state.empty() || has_state(fleet, row)) && (missing.empty() || is_missing(fleet, row));
  }

  [[nodiscard]] bool has_state(const FleetView& fleet, std::size_t row) const {
    for (std::size_t i = 0; i < fleet.metrics.size(); ++i) {
      const auto index = fleet.states[row * fleet.metrics.size() + i].index;
      if (index >= 0 && fleet.metrics[i].states[static_cast<std::size_t>(index)] == state)
        return true;
    }
    return false;
  }

  [[nodiscard]] bool is_missing(const FleetView& fleet, std::size_t row) const {
    for (std::size_t i = 0; i < fleet.presences.size(); ++i) {
      if (fleet.presences[i] == missing && fleet.signs[row * fleet.presences.size() + i].is_missing)
        return true;
    }
    return false;
  }
};

// Where a host stands in the order of the worst: first those that fail, the latest failure first,
// then those that are missing or silent.
struct Badness {
  int grade = 2;
  Timestamp failed{};

  [[nodiscard]] bool is_before(const Badness& other) const {
    return grade != other.grade ? grade < other.grade : failed > other.failed;
  }
};

// What a host's state of one metric makes of it.
void add_state(Badness& badness, const FleetView::StateMetric& metric,
               const FleetView::State& state) {
  if (state.index < 0) return;
  const auto bad =
      std::ranges::find(kBadStates, metric.states[static_cast<std::size_t>(state.index)]);
  if (bad == kBadStates.end()) return;
  const bool has_failed = bad - kBadStates.begin() < kFailedStates;
  badness.grade = std::min(badness.grade, has_failed ? 0 : 1);
  if (has_failed && state.since) badness.failed = std::max(badness.failed, *state.since);
}

Badness badness_of(const FleetView& fleet, const Observed& observed, std::size_t row) {
  Badness badness;
  if (const auto* const failure = failure_of(observed, fleet.hosts[row].name); failure != nullptr)
    badness = {.grade = 0, .failed = failure->time};
  for (std::size_t i = 0; i < fleet.metrics.size(); ++i)
    add_state(badness, fleet.metrics[i], fleet.states[row * fleet.metrics.size() + i]);
  for (std::size_t i = 0; i < fleet.presences.size(); ++i) {
    if (fleet.signs[row * fleet.presences.size() + i].is_missing)
      badness.grade = std::min(badness.grade, 1);
  }
  return badness;
}

void sort_worst_first(const FleetView& fleet, const Observed& observed,
                      std::vector<std::size_t>& rows) {
  std::vector<std::pair<Badness, std::size_t>> ordered;
  ordered.reserve(rows.size());
  for (const std::size_t row : rows) ordered.emplace_back(badness_of(fleet, observed, row), row);
  std::ranges::stable_sort(
      ordered, [](const auto& one, const auto& other) { return one.first.is_before(other.first); });
  std::ranges::transform(ordered, rows.begin(), [](const auto& one) { return one.second; });
}

// The states that a host may be in: of the rules in force, and without any of those that Puppet's
// nodes have, which the page links to.
std::vector<std::string_view> states_of(const FleetView& fleet) {
  std::vector<std::string_view> states;
  for (const FleetView::StateMetric& metric : fleet.metrics) {
    for (const std::string& state : metric.states) {
      if (std::ranges::find(states, state) == states.end()) states.push_back(state);
    }
  }
  if (states.empty()) states.assign(kNodeStates.begin(), kNodeStates.end());
  return states;
}

HostFilter read_filter(const FleetView& fleet, Query& query) {
  const std::vector<std::string_view> presences(fleet.presences.begin(), fleet.presences.end());
  return {.cluster = query.text("cluster"),
          .state = query.known_name("state", states_of(fleet)),
          .missing = query.known_name("missing", presences),
          .part = query.text("q")};
}

}  // namespace

Json latest_events(const Observed& observed, std::string_view host) {
  Json events = Json::array();
  for (const auto& event : observed.events->events) {
    if (events.size() == kEventsShown) break;
    if (host.empty() || event->host == host) events.push_back(as_json(*event));
  }
  return events;
}

void answer_hosts(const FleetView& fleet, const History*, const Observed& observed,
                  const Request& request, Response& response) {
  Query query(request.params);
  const Slice slice = query.slice();
  const HostFilter filter = read_filter(fleet, query);
  const std::string order = query.choice("sort", kHostOrders);
  if (auto fine = query.finish(); !fine)
    return answer_problem(response, 400, fine.error().message());
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < fleet.hosts.size(); ++row) {
    if (filter.lets_in(fleet, row)) rows.push_back(row);
  }
  if (order == "worst") sort_worst_first(fleet, observed, rows);
  Json hosts = Json::array();
  for (std::size_t i = slice.offset; i < rows.size() && hosts.size() < slice.limit; ++i)
    hosts.push_back(host_as_json(fleet, observed, rows[i]));
  Json answer{{"time", time_text(fleet.taken)}};
  append_extent(answer, rows.size(), slice.offset, slice.limit);
  answer["hosts"] = std::move(hosts);
  response.set_content(dump(answer), kJsonType);
}

void answer_host(const FleetView& fleet, const History* history, const Observed& observed,
                 const Request& request, Response& response) {
  Query query(request.params);
  if (auto fine = query.finish(); !fine)
    return answer_problem(response, 400, fine.error().message());
  const std::string name = lower_case(request.matches[1].str());  // As hosts are called.
  const auto found = std::ranges::lower_bound(fleet.hosts, name, {}, &FleetView::Host::name);
  if (found == fleet.hosts.end() || found->name != name)
    return answer_problem(response, 404, "no host of this name is known");
  Json json = host_as_json(fleet, observed, static_cast<std::size_t>(found - fleet.hosts.begin()));
  json["path"] = found->path;
  json["series"] = Json::array();
  json["held"] = Json::object();
  if (history != nullptr) {
    for (const History::LastValue& one : history->last_values(found->path, kPathsMax)) {
      json["series"].push_back(one.path);
      if (!one.value) continue;
      json["held"][one.path.substr(found->path.size() + 1)] = {{"value", *one.value},
                                                               {"time", time_text(one.time)}};
    }
  }
  json["recent"] = latest_events(observed, name);
  response.set_content(dump(json), kJsonType);
}

}  // namespace sluice
