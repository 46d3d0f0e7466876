#include "http/render.h"

#include <fmt/format.h>

#include "http/json_text.h"
#include "http/ledger.h"
#include "http/standing.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

Json destination_as_json(const DestinationSnapshot& one) {
  return {
      {"name", one.name},
      {"endpoint", one.endpoint},
      {"down", one.is_down},
      {"last_error", one.is_down ? Json(one.last_error) : Json()},
      {"spooled_at_start", one.spooled_at_start},
      {"published_before", one.published_before},
      {"published", one.published},
      {"restored", one.restored},
      {"acknowledged", one.acknowledged},
      {"unconfirmed", one.unconfirmed},
      {"waiting", one.waiting},
      {"in_flight", one.in_flight},
      {"superseded", one.superseded},
      {"dropped",
       {{"spool_full", one.dropped_full},
        {"too_old", one.dropped_old},
        {"damaged", one.dropped_damaged}}},
      {"replayed", one.replayed},
      {"held",
       {{"series", one.held_series},
        {"datapoints", one.held_datapoints},
        {"seconds", one.held_seconds},
        {"growing", one.is_held_growing},
        {"per_minute", one.new_series_per_minute}}},
      {"replay_waiting", one.replay_waiting},
      {"oldest_waiting", one.oldest_waiting ? Json(time_text(*one.oldest_waiting)) : Json()},
      {"lag_seconds", one.lag_seconds},
      {"never_confirms", one.is_unconfirmed},
      {"spool", {{"on_disk", one.is_spool_on_disk}, {"bytes", one.spool_bytes}}},
      {"batches", {{"acknowledged", one.batches_acknowledged}, {"failed", one.batches_failed}}}};
}

Json messages_as_json(const Stats& stats) {
  return {{"received", stats.messages_received},
          {"parsed", stats.messages_parsed},
          {"malformed", stats.messages_malformed},
          {"malformed_by",
           {{"empty", stats.messages_malformed_empty},
            {"no_pri", stats.messages_malformed_no_pri},
            {"timestamp", stats.messages_malformed_timestamp},
            {"header", stats.messages_malformed_header},
            {"structured_data", stats.messages_malformed_structured_data}}},
          {"matched", stats.messages_matched},
          {"unmatched", stats.messages_unmatched},
          {"truncated", stats.messages_truncated},
          {"udp_kernel_drops", stats.udp_kernel_drops}};
}

Json graphite_lines_as_json(const Stats& stats) {
  return {{"received", stats.graphite_lines_received},
          {"parsed", stats.graphite_lines_received - stats.graphite_lines_malformed},
          {"malformed", stats.graphite_lines_malformed},
          {"without_number", stats.graphite_lines_without_number}};
}

Json samples_as_json(const Snapshot& snapshot) {
  const Stats& stats = snapshot.stats;
  return {{"read", stats.samples},
          {"merged", stats.samples_merged},
          {"pending", snapshot.samples_pending},
          {"dropped",
           {{"too_late", stats.samples_dropped_too_late},
            {"unknown_host", stats.samples_dropped_unknown_host},
            {"path_collision", stats.samples_dropped_path_collision},
            {"tick_full", stats.samples_dropped_tick_full},
            {"host_limit", stats.samples_dropped_host_limit},
            {"metric_limit", stats.samples_dropped_metric_limit},
            {"store_full", stats.samples_dropped_store_full},
            {"series_limit", stats.samples_dropped_series_limit}}}};
}

Json journal_as_json(const Stats& stats) {
  return {{"rows", stats.journal_rows},
          {"octets", stats.journal_octets},
          {"failures", stats.journal_failures}};
}

Json history_as_json(const Snapshot& snapshot) {
  if (!snapshot.has_history) return nullptr;
  return {{"on_disk", snapshot.is_history_on_disk},
          {"series", snapshot.history_series},
          {"bytes", snapshot.history_bytes},
          {"points", snapshot.stats.history_points},
          {"failures", snapshot.stats.history_failures}};
}

// A label value: backslash, quote and line feed are escaped.
std::string label(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

void append_metric(std::string& out, std::string_view name, std::string_view type,
                   std::string_view help, auto value) {
  out += fmt::format("# HELP sluice_{0} {1}\n# TYPE sluice_{0} {2}\nsluice_{0} {3}\n", name, help,
                     type, value);
}

// One family with a value for each destination.
void append_destinations(std::string& out, const Snapshot& snapshot, const DestinationRow& row) {
  if (snapshot.destinations.empty()) return;
  out += fmt::format("# HELP sluice_destination_{0} {1}\n# TYPE sluice_destination_{0} {2}\n",
                     row.name, row.help, row.name.ends_with("_total") ? "counter" : "gauge");
  for (const DestinationSnapshot& one : snapshot.destinations) {
    out += fmt::format("sluice_destination_{}{{destination=\"{}\"}} {}\n", row.name,
                       label(one.name), row.value(one));
  }
}

}  // namespace

std::string render_ledger(const Snapshot& snapshot) {
  const UncountedLoss loss = uncounted_loss(snapshot);
  Json destinations = Json::array();
  for (const DestinationSnapshot& one : snapshot.destinations)
    destinations.push_back(destination_as_json(one));
  Json orphans = Json::array();
  for (const OrphanedSpool& one : snapshot.orphaned_spools)
    orphans.push_back({{"file", one.file}, {"datapoints", one.datapoints}});
  return dump(
      {{"version", snapshot.version},
       {"instance", snapshot.instance},
       {"started", time_text(snapshot.started)},
       {"time", time_text(snapshot.taken)},
       {"messages", messages_as_json(snapshot.stats)},
       {"graphite_lines", graphite_lines_as_json(snapshot.stats)},
       {"samples", samples_as_json(snapshot)},
       {"orphaned_spools", std::move(orphans)},
       {"datapoints_removed", snapshot.datapoints_removed},
       {"destinations", std::move(destinations)},
       {"uncounted_loss",
        {{"messages", loss.messages},
         {"samples", loss.samples},
         {"datapoints", loss.datapoints},
         {"not_taken", loss.not_taken}}},
       {"store",
        {{"bytes", snapshot.store_bytes},
         {"windows", snapshot.store_windows},
         {"horizon_seconds", snapshot.horizon_seconds}}},
       {"journal", journal_as_json(snapshot.stats)},
       {"history", history_as_json(snapshot)},
       {"hosts", {{"known", snapshot.hosts}, {"unmapped", snapshot.hosts_unmapped}}},
       {"config",
        {{"stale", !snapshot.config_error.empty()},
         {"error", snapshot.config_error.empty() ? Json() : Json(snapshot.config_error)}}}});
}

std::string render_health(const Snapshot& snapshot) {
  const auto troubles = troubles_of(snapshot);
  return dump({{"status", troubles.empty() ? "ok" : "degraded"}, {"reasons", troubles}});
}

std::string render_prometheus(const Snapshot& snapshot) {
  std::string out;
  for (const CounterRow& row : kCounters)
    append_metric(out, row.name, "counter", row.help, snapshot.stats.*row.field);
  for (const RelayRow& row : relay_rows())
    append_metric(out, row.name, "gauge", row.help, row.value(snapshot));
  for (const DestinationRow& row : destination_rows()) append_destinations(out, snapshot, row);
  return out;
}

std::string render_problem(int status, std::string_view title, std::string_view detail) {
  return dump({{"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}});
}

}  // namespace sluice
