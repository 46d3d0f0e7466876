#include "app/status_text.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "http/render.h"

namespace sluice {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

Snapshot snapshot() {
  Snapshot snapshot{.version = "1.2", .instance = "relay1"};
  snapshot.stats.messages_received = 1'234'567;
  snapshot.stats.messages_parsed = 1'234'560;
  snapshot.stats.messages_malformed = 7;
  snapshot.stats.samples = 14;
  snapshot.stats.samples_merged = 10;
  snapshot.stats.samples_dropped_too_late = 4;
  snapshot.stats.datapoints_published = 2000;
  snapshot.stats.messages_matched = 5'000;
  snapshot.stats.messages_unmatched = 1'229'760;
  snapshot.stats.graphite_lines_received = 210;
  snapshot.stats.graphite_lines_malformed = 10;
  snapshot.stats.graphite_lines_without_number = 2;
  snapshot.hosts = 120;
  snapshot.hosts_unmapped = 3;
  snapshot.destinations.push_back({.name = "graphite",
                                   .endpoint = "tcp://127.0.0.1:2003",
                                   .published = 2000,
                                   .acknowledged = 900,
                                   .waiting = 1100,
                                   .held_series = 150,
                                   .held_datapoints = 1000,
                                   .held_seconds = 180,
                                   .new_series_per_minute = 50,
                                   .replay_waiting = 77,
                                   .oldest_waiting = Timestamp(std::chrono::seconds(1'700'000'000)),
                                   .lag_seconds = 600,
                                   .spool_bytes = 3 << 20,
                                   .is_spool_on_disk = true});
  return snapshot;
}

std::string text_of(const Snapshot& one) {
  return status_text(Json::parse(render_ledger(one)), Json::parse(render_health(one)));
}

std::string line_of(const Snapshot& one) {
  return check_line(Json::parse(render_ledger(one)), Json::parse(render_health(one)));
}

}  // namespace

TEST_CASE("status prints every account of the ledger for people", "[app]") {
  const std::string text = text_of(snapshot());
  for (const char* const expected :
       {"health          ok\n", "1,234,567 received = 1,234,560 parsed + 7 malformed",
        "14 read = 10 merged + 0 pending + 4 dropped (too late 4)", "120 heard, 3 in no cluster",
        "configuration   as read last",
        "destination graphite (tcp://127.0.0.1:2003): takes datapoints",
        "acknowledged                 900\n",
        "oldest window 2023-11-14T22:13:20Z, behind for 10 min",
        "of 150 new series, for about 3 min", "3.0 MiB  on disk",
        "graphite lines  210 received = 200 parsed + 10 malformed; 2 of the parsed had no number",
        "rules           5,000 messages and lines matched a rule, 1,229,760 matched none",
        "and 77 to go, acknowledged before"}) {
    CAPTURE(text);
    CHECK_THAT(text, Contains(expected));
  }
  Snapshot growing = snapshot();
  growing.destinations[0].is_held_growing = true;
  CHECK_THAT(text_of(growing), Contains("of 150 new series, for at least 3 min"));
}

TEST_CASE("status tells where the history is", "[app]") {
  Snapshot one = snapshot();
  CHECK_THAT(text_of(one), Contains("history         none: switched off, or not open yet\n"));
  one.has_history = true;
  one.history_series = 1'234;
  one.history_bytes = 2 << 20;
  CHECK_THAT(
      text_of(one),
      Contains("history         1,234 series, 2.0 MiB, in memory, lost when the relay ends"));
  one.is_history_on_disk = true;
  CHECK_THAT(text_of(one), Contains("history         1,234 series, 2.0 MiB, on disk\n"));
  Json older = Json::parse(render_ledger(one));
  older.erase("history");
  CHECK_THAT(status_text(older, Json::parse(render_health(one))), !Contains("history"));
}

TEST_CASE("status tells of spools that nobody delivers", "[app]") {
  CHECK_THAT(text_of(snapshot()), !Contains("orphaned"));
  Snapshot one = snapshot();
  one.orphaned_spools.push_back({"/var/lib/sluice/spool-old.db", 12'345});
  CHECK_THAT(text_of(one), Contains("orphaned spool  12,345 datapoints wait for no destination in "
                                    "/var/lib/sluice/spool-old.db\n"));
}

TEST_CASE("status says what is wrong", "[app]") {
  Snapshot bad = snapshot();
  bad.config_error = "sluice.json: /listn: unknown key";
  bad.destinations[0].is_down = true;
  bad.destinations[0].last_error = "connection refused";
  const std::string text = text_of(bad);
  CHECK_THAT(text, Contains("health          degraded\n"));
  CHECK_THAT(text, Contains("stale, the last reload was refused: sluice.json: /listn"));
  CHECK_THAT(text, Contains("does not take datapoints\n  last error        connection refused\n"));
  bad.destinations[0].is_down = false;
  bad.destinations[0].is_unconfirmed = true;
  CHECK_THAT(text_of(bad), Contains("never confirms them"));
}

TEST_CASE("status of a relay that tells less prints what there is", "[app]") {
  const std::string text = status_text(Json{{"messages", Json::object()}}, Json{{"status", "ok"}});
  CHECK_THAT(text, Contains("0 received = 0 parsed + 0 malformed"));
}

TEST_CASE("the line for monitoring is one line, with performance data", "[app]") {
  CHECK(line_of(snapshot()) ==
        "SLUICE OK: relay1: 1,234,567 messages received, 900 datapoints acknowledged, 1,100 wait "
        "(graphite: 1,000 of 150 new series for about 3 min, by new_series_per_minute 50, 100 on "
        "their way, behind for 10 min) | received=1234567c acknowledged=900c waiting=1100\n");
  Snapshot bad = snapshot();
  bad.config_error = "a|b\nc";
  const std::string line = line_of(bad);
  CHECK_THAT(line, Contains("SLUICE DEGRADED: relay1: the last reload was refused"));
  CHECK_THAT(line, Contains("a b c | received="));
  CHECK(std::count(line.begin(), line.end(), '\n') == 1);
}

}  // namespace sluice
