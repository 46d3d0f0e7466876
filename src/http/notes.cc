#include "http/notes.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ascii_case.h"
#include "http/json_text.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kClustersShown = 5;

// What is left of the reasons when only the hosts of one cluster count.
std::vector<FailureReport::Reason> reasons_of(const FailureReport& report,
                                              std::string_view cluster) {
  std::vector<FailureReport::Reason> reasons;
  for (const FailureReport::Reason& reason : report.reasons) {
    const auto found = std::ranges::find_if(
        reason.clusters, [&](const auto& one) { return is_same_word(one.first, cluster); });
    if (found == reason.clusters.end()) continue;
    FailureReport::Reason& part = reasons.emplace_back(reason);
    part.hosts = found->second;
    part.clusters = {*found};
  }
  std::ranges::stable_sort(reasons, std::ranges::greater(), &FailureReport::Reason::hosts);
  return reasons;
}

bool is_wanted(const EventReport::Event& event, const ListQuery& query) {
  const auto fits = [&query](std::string_view name, std::string_view value) {
    const std::string_view wanted = query.filter(name);
    return wanted.empty() || is_same_word(wanted, value);
  };
  return fits("cluster", event.cluster) && fits("host", event.host) && fits("kind", event.kind);
}

}  // namespace

Json as_json(const FailureReport::Reason& reason) {
  Json clusters = Json::array();
  for (const auto& [cluster, hosts] : reason.clusters) {
    if (clusters.size() < kClustersShown) clusters.push_back(cluster);
  }
  return {{"text", reason.text},
          {"hosts", reason.hosts},
          {"count", reason.count},
          {"clusters", std::move(clusters)},
          {"sample", reason.sample},
          {"host", reason.host},
          {"first", time_text(reason.first)},
          {"last", time_text(reason.last)}};
}

Json as_json(const EventReport::Event& event) {
  return {{"time", time_text(event.time)},
          {"host", event.host},
          {"cluster", event.cluster},
          {"kind", event.kind},
          {"rule", event.rule},
          {"text", event.text}};
}

std::string render_failures(const FailureReport& report, Timestamp now, const ListQuery& query) {
  const std::string_view cluster = query.filter("cluster");
  const auto reasons = cluster.empty() ? report.reasons : reasons_of(report, cluster);
  Json failures = Json::array();
  append_page(reasons, query, failures,
              [](const FailureReport::Reason& reason) { return as_json(reason); });
  Json answer{{"time", time_text(now)}};
  append_extent(answer, reasons.size(), query.offset, query.limit);
  answer["failures"] = std::move(failures);
  return dump(answer);
}

std::string render_events(const EventReport& report, Timestamp now, const ListQuery& query) {
  std::vector<const EventReport::Event*> wanted;
  for (const auto& event : report.events) {
    if (is_wanted(*event, query)) wanted.push_back(event.get());
  }
  Json events = Json::array();
  append_page(wanted, query, events,
              [](const EventReport::Event* event) { return as_json(*event); });
  Json answer{{"time", time_text(now)}};
  append_extent(answer, wanted.size(), query.offset, query.limit);
  answer["events"] = std::move(events);
  return dump(answer);
}

}  // namespace sluice
