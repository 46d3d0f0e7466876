#include "app/relay_series.h"

#include <string>
#include <utility>

#include "http/standing.h"
#include "sluice/values/path_node.h"

namespace sluice {
namespace {

std::string_view without_total(std::string_view name) {
  constexpr std::string_view kTotal = "_total";
  if (name.ends_with(kTotal)) name.remove_suffix(kTotal.size());
  return name;
}

std::string joined(std::string_view scope, std::string_view leaf) {
  std::string path(scope);
  path += '.';
  path += leaf;
  return path;
}

}  // namespace

std::vector<Datapoint> relay_series(const Snapshot& snapshot, std::string_view relay,
                                    Seconds time) {
  std::vector<Datapoint> datapoints;
  const auto append = [&](std::string path, auto value) {
    datapoints.push_back({.path = std::move(path),
                          .value = static_cast<double>(value),
                          .time = time,
                          .version = 1,
                          .scope = Scope::kRelay});
  };
  for (const CounterRow& row : kCounters)
    append(joined(relay, without_total(row.name)), snapshot.stats.*row.field);
  for (const RelayRow& row : relay_rows()) append(joined(relay, row.name), row.value(snapshot));
  for (const DestinationSnapshot& one : snapshot.destinations) {
    const std::string scope = joined(relay, "destinations." + to_path_node(one.name));
    for (const DestinationRow& row : destination_rows())
      append(joined(scope, without_total(row.name)), row.value(one));
  }
  return datapoints;
}

}  // namespace sluice
