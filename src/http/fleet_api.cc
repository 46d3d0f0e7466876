#include "http/fleet_api.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "http/answer.h"
#include "http/hosts_api.h"
#include "http/json_text.h"
#include "http/list_query.h"
#include "http/notes.h"
#include "http/query.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;
using httplib::Request;
using httplib::Response;

constexpr std::array<std::string_view, 3> kPresenceCounts{"reporting", "expected", "missing"};
constexpr std::array<const char*, 3> kShownMetrics{"puppet.time.total.*", "puppet.last_run.*.*",
                                                   "cpu.busy.*"};
constexpr std::array<std::string_view, 2> kClusterOrders{"worst", "name"};
// A window that is older than this is not the last one of a fleet that is heard.
constexpr std::chrono::hours kLastWindowAge{3};
constexpr std::size_t kFailuresShown = 10;

using Values = std::map<std::string, double>;

// Of hosts; JSON as integers, which typed clients ask for.
Json count_or_null(const Values& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? Json() : Json(std::llround(found->second));
}

Json nodes_of(const Values& values) {
  Json nodes = Json::object();
  for (const std::string_view state : kNodeStates)
    nodes[std::string(state)] = count_or_null(values, "puppet.nodes." + std::string(state));
  return nodes;
}

Json presences_of(const FleetView& fleet, const Values& values) {
  Json presences = Json::array();
  for (const std::string& name : fleet.presences) {
    Json one{{"name", name}};
    for (const std::string_view count : kPresenceCounts)
      one[std::string(count)] =
          count_or_null(values, "presence." + name + '.' + std::string(count));
    presences.push_back(std::move(one));
  }
  return presences;
}

// Whether a glob matches a whole dotted name.
bool matches(const PathGlob& glob, std::string_view name) {
  for (const PathGlob::Node& node : glob.nodes()) {
    if (name.empty()) return false;
    const std::size_t end = std::min(name.find('.'), name.size());
    if (!PathGlob::matches(node, name.substr(0, end))) return false;
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return name.empty();
}

// One cluster, and by what it is sorted.
struct ClusterRow {
  Json json;
  std::string name;
  double failing = 0;  // Nodes whose run failed, or that have no catalog.
  double missing = 0;  // Of the presence that misses most.

  [[nodiscard]] double badness() const { return failing + missing; }
};

std::optional<History::LastWindow> last_window_of(const History* history, const std::string& path,
                                                  Timestamp now) {
  if (history == nullptr) return std::nullopt;
  return history->last_window(path, now, kLastWindowAge);
}

ClusterRow cluster_row(const FleetView& fleet, const FleetView::Scope& cluster, std::size_t hosts,
                       const History* history, const std::vector<PathGlob>& metrics) {
  const auto window = last_window_of(history, cluster.path, fleet.taken);
  const Values values = window ? window->values : Values{};
  ClusterRow row{.json = {{"cluster", cluster.name},
                          {"path", cluster.path},
                          {"window", window ? Json(time_text(window->time)) : Json()},
                          {"hosts", hosts},
                          {"nodes", nodes_of(values)},
                          {"presences", presences_of(fleet, values)},
                          {"last", Json::object()}},
                 .name = cluster.name};
  for (const auto& [name, value] : values) {
    if (std::ranges::any_of(metrics, [&](const PathGlob& glob) { return matches(glob, name); }))
      row.json["last"][name] = value;
    if (name == "puppet.nodes.failed" || name == "puppet.nodes.no_catalog") row.failing += value;
    if (name.starts_with("presence.") && name.ends_with(".missing"))
      row.missing = std::max(row.missing, value);
  }
  return row;
}

std::map<std::uint32_t, std::size_t> hosts_by_cluster(const FleetView& fleet) {
  std::map<std::uint32_t, std::size_t> counts;
  for (const FleetView::Host& host : fleet.hosts) {
    if (!host.scopes.empty()) ++counts[host.scopes.front()];
  }
  return counts;
}

std::vector<PathGlob> read_metrics(Query& query) {
  std::vector<PathGlob> globs;
  const std::string chosen = query.text("metric");
  if (chosen.empty()) {
    for (const char* shown : kShownMetrics) globs.push_back(*PathGlob::parse(shown));
    return globs;
  }
  auto glob = PathGlob::parse(chosen);
  if (!glob) {
    query.refuse("metric", glob.error().message());
  } else {
    globs.push_back(std::move(*glob));
  }
  return globs;
}

// The first reasons why hosts fail.
Json failures_of(const Observed& observed) {
  Json failures = Json::array();
  for (const FailureReport::Reason& reason : observed.failures->reasons) {
    if (failures.size() == kFailuresShown) break;
    failures.push_back(as_json(reason));
  }
  return failures;
}

void answer_fleet(const FleetView& fleet, const History* history, const Observed& observed,
                  const Request& request, Response& response) {
  Query query(request.params);
  if (auto fine = query.finish(); !fine)
    return answer_problem(response, 400, fine.error().message());
  const auto window = last_window_of(history, fleet.all_path, fleet.taken);
  const Values values = window ? window->values : Values{};
  response.set_content(dump({{"time", time_text(fleet.taken)},
                             {"window", window ? Json(time_text(window->time)) : Json()},
                             {"path", fleet.all_path},
                             {"hosts", fleet.hosts.size()},
                             {"clusters", hosts_by_cluster(fleet).size()},
                             {"nodes", nodes_of(values)},
                             {"presences", presences_of(fleet, values)},
                             {"failures", failures_of(observed)},
                             {"events", latest_events(observed, {})}}),
                       kJsonType);
}

void answer_clusters(const FleetView& fleet, const History* history, const Observed&,
                     const Request& request, Response& response) {
  Query query(request.params);
  const Slice slice = query.slice();
  const std::string order = query.choice("sort", kClusterOrders);
  const std::vector<PathGlob> metrics = read_metrics(query);
  if (auto fine = query.finish(); !fine)
    return answer_problem(response, 400, fine.error().message());
  std::vector<ClusterRow> rows;
  for (const auto& [scope, hosts] : hosts_by_cluster(fleet))
    rows.push_back(cluster_row(fleet, fleet.scopes[scope], hosts, history, metrics));
  std::ranges::sort(rows, [&](const ClusterRow& one, const ClusterRow& other) {
    if (order != "name" && one.badness() != other.badness()) return one.badness() > other.badness();
    return one.name < other.name;
  });
  Json clusters = Json::array();
  for (std::size_t i = slice.offset; i < rows.size() && i - slice.offset < slice.limit; ++i)
    clusters.push_back(std::move(rows[i].json));
  const auto window = last_window_of(history, fleet.all_path, fleet.taken);
  Json answer{{"time", time_text(fleet.taken)},
              {"window", window ? Json(time_text(window->time)) : Json()}};
  append_extent(answer, rows.size(), slice.offset, slice.limit);
  answer["clusters"] = std::move(clusters);
  response.set_content(dump(answer), kJsonType);
}

void answer_cluster(const FleetView& fleet, const History* history, const Observed&,
                    const Request& request, Response& response) {
  Query query(request.params);
  const std::vector<PathGlob> metrics = read_metrics(query);
  if (auto fine = query.finish(); !fine)
    return answer_problem(response, 400, fine.error().message());
  const std::string name = request.matches[1];
  for (const auto& [scope, hosts] : hosts_by_cluster(fleet)) {
    if (fleet.scopes[scope].name != name) continue;
    response.set_content(
        dump(cluster_row(fleet, fleet.scopes[scope], hosts, history, metrics).json), kJsonType);
    return;
  }
  answer_problem(response, 404, "no cluster of this name has a host");
}

}  // namespace

void add_fleet_routes(std::vector<Route>& routes, const FleetSource& fleet,
                      const HistorySource& history, const SnapshotSource& snapshot) {
  const auto with_view = [fleet, history, snapshot](auto answer) {
    return [fleet, history, snapshot, answer](const Request& request, Response& response) {
      const auto view = fleet ? fleet() : nullptr;
      if (!view)
        return answer_problem(response, 503, "the relay has no time to tell of its hosts now");
      answer(*view, history ? history() : nullptr, snapshot()->observed, request, response);
    };
  };
  routes.push_back({"GET", "/api/v1/fleet", with_view(answer_fleet)});
  routes.push_back({"GET", "/api/v1/clusters", with_view(answer_clusters)});
  routes.push_back({"GET", "/api/v1/clusters/NAME", with_view(answer_cluster)});
  routes.push_back({"GET", "/api/v1/hosts", with_view(answer_hosts)});
  routes.push_back({"GET", "/api/v1/hosts/NAME", with_view(answer_host)});
}

}  // namespace sluice
