#include <httplib.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "http/ledger.h"
#include "http/render.h"
#include "http/senders.h"
#include "http/standing.h"
#include "http/status_server.h"
#include "net/sockets.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

// Every column of the account filled, and the account right.
Snapshot balanced() {
  Snapshot snapshot{.version = "1.2", .instance = "relay1"};
  snapshot.stats.messages_received = 10;
  snapshot.stats.messages_parsed = 7;
  snapshot.stats.messages_malformed = 3;
  snapshot.stats.samples = 23;
  snapshot.stats.samples_merged = 10;
  snapshot.stats.samples_dropped_too_late = 1;
  snapshot.stats.samples_dropped_unknown_host = 2;
  snapshot.stats.samples_dropped_path_collision = 1;
  snapshot.stats.samples_dropped_tick_full = 1;
  snapshot.stats.samples_dropped_host_limit = 1;
  snapshot.stats.samples_dropped_metric_limit = 1;
  snapshot.stats.samples_dropped_series_limit = 2;
  snapshot.samples_pending = 4;
  snapshot.stats.datapoints_published = 20;
  snapshot.destinations.push_back({.name = "graphite",
                                   .endpoint = "tcp://127.0.0.1:2003",
                                   .spooled_at_start = 10,
                                   .published = 23,
                                   .restored = 3,
                                   .acknowledged = 1,
                                   .unconfirmed = 7,
                                   .superseded = 2,
                                   .dropped_full = 3,
                                   .dropped_old = 4,
                                   .dropped_damaged = 5,
                                   .waiting = 5,
                                   .in_flight = 6,
                                   .replayed = 100,
                                   .held_series = 2,
                                   .held_datapoints = 3,
                                   .held_seconds = 60,
                                   .oldest_waiting = Timestamp(std::chrono::seconds(1'700'000'000)),
                                   .lag_seconds = 9,
                                   .spool_bytes = 4096,
                                   .is_spool_on_disk = true});
  return snapshot;
}

SenderReport three_senders() {
  const auto second = [](int at) { return Timestamp(std::chrono::seconds(at)); };
  return {{{"a", {10, 900, 0, 0, 7, second(30)}},
           {"b", {30, 700, 2, 1, 0, second(10)}},
           {"c\xff", {10, 800, 1, 0, 0, second(20)}}},
          {5, 50, 4, 3, 2, second(40)},
          second(60)};
}

// The hosts that a query shows, in order.
std::string hosts_by(const std::string& sort, const std::string& limit = "100",
                     const std::string& offset = "0") {
  const httplib::Params parameters{{"sort", sort}, {"limit", limit}, {"offset", offset}};
  Query query(parameters);
  const SenderQuery wanted = read_sender_query(query);
  REQUIRE(query.finish());
  std::string hosts;
  const Json answer = Json::parse(render_senders(three_senders(), wanted));
  CHECK(answer["total"] == 3);
  CHECK(answer["truncated"] == (std::stoul(offset) + answer["senders"].size() < 3));
  for (const Json& row : answer["senders"]) hosts += row["host"].get<std::string>().front();
  return hosts;
}

}  // namespace

TEST_CASE("senders are sorted by what is asked for, equal ones by name, up to a limit", "[http]") {
  CHECK(hosts_by("messages") == "bac");
  CHECK(hosts_by("octets") == "acb");
  CHECK(hosts_by("malformed") == "bca");
  CHECK(hosts_by("skewed") == "abc");
  CHECK(hosts_by("last_received") == "acb");
  CHECK(hosts_by("host") == "abc");
  CHECK(hosts_by("messages", "2") == "ba");
  CHECK(hosts_by("messages", "1") == "b");
  CHECK(hosts_by("messages", "1", "1") == "a");
  CHECK(hosts_by("messages", "10000", "1") == "ac");
  CHECK(hosts_by("messages", "1", "3").empty());
}

TEST_CASE("a sender's row has every count, and so has the sum of those beyond the bound",
          "[http]") {
  const Json answer = Json::parse(render_senders(three_senders(), {}));
  CHECK(answer["time"] == "1970-01-01T00:01:00Z");
  CHECK(answer["known"] == 3);
  CHECK(answer["senders"][0] == Json{{"host", "b"},
                                     {"messages", 30},
                                     {"octets", 700},
                                     {"malformed", 2},
                                     {"truncated", 1},
                                     {"skewed", 0},
                                     {"last_received", "1970-01-01T00:00:10Z"}});
  CHECK(answer["senders"][2]["host"] == "c\xEF\xBF\xBD");
  CHECK(answer["other"] == Json{{"messages", 5},
                                {"octets", 50},
                                {"malformed", 4},
                                {"truncated", 3},
                                {"skewed", 2},
                                {"last_received", "1970-01-01T00:00:40Z"}});
  CHECK(Json::parse(render_senders({}, {}))["other"]["last_received"].is_null());
}

TEST_CASE("a query for senders is refused when it is not understood", "[http]") {
  const auto [name, value] = GENERATE(table<std::string, std::string>({
      {"limit", "0"},
      {"limit", "10001"},
      {"limit", ""},
      {"limit", "-1"},
      {"limit", "10x"},
      {"limit", "99999999999999999999"},
      {"offset", "-1"},
      {"sort", ""},
      {"sort", "truncated"},
      {"sort", "Host"},
      {"order", "host"},
      {"", ""},
  }));
  CAPTURE(name, value);
  const httplib::Params parameters{{name, value}};
  Query query(parameters);
  [[maybe_unused]] const SenderQuery wanted = read_sender_query(query);
  CHECK_FALSE(query.finish());
}

TEST_CASE("what a status server starts with is what the first request is told", "[http]") {
  const auto first = std::make_shared<const Snapshot>(balanced());
  auto server = StatusServer::start({.host = "127.0.0.1", .port = 0}, first);
  REQUIRE(server);
  httplib::Client client("127.0.0.1", (*server)->port());
  const auto answer = client.Get("/api/v1/ledger");
  REQUIRE(answer);
  CHECK(answer->body == render_ledger(*first));
}

TEST_CASE("the status server answers for senders, and says what is wrong with a query", "[http]") {
  auto server = StatusServer::start({.host = "127.0.0.1", .port = 0});
  REQUIRE(server);
  httplib::Client client("127.0.0.1", (*server)->port());
  CHECK(Json::parse(client.Get("/api/v1/senders")->body)["known"] == 0);
  Snapshot snapshot = balanced();
  snapshot.senders = std::make_shared<const SenderReport>(three_senders());
  (*server)->publish(std::make_shared<const Snapshot>(std::move(snapshot)));
  const Json answer = Json::parse(client.Get("/api/v1/senders?sort=skewed&limit=1")->body);
  REQUIRE(answer["senders"].size() == 1);
  CHECK(answer["senders"][0]["host"] == "a");
  CHECK(Json::parse(client.Get("/api/v1/senders?limit=10000")->body)["senders"].size() == 3);
  for (const char* query : {"limit=10001", "sort=size", "hosts=1", "limit=1&limit=2"}) {
    CAPTURE(query);
    const auto refused = client.Get(std::string("/api/v1/senders?") + query);
    CHECK(refused->status == 400);
    CHECK(refused->get_header_value("Content-Type") == "application/problem+json");
    CHECK(Json::parse(refused->body)["status"] == 400);
  }
}

TEST_CASE("what the identities do not explain is uncounted loss", "[http]") {
  CHECK(uncounted_loss(balanced()).is_none());
  Snapshot snapshot = balanced();
  ++snapshot.stats.messages_received;
  --snapshot.stats.samples;
  snapshot.destinations[0].published += 4;
  ++snapshot.destinations[0].spooled_at_start;
  snapshot.destinations.push_back({.name = "deaf", .published = 18});  // Of 20.
  snapshot.destinations.back().acknowledged = 18;
  const UncountedLoss loss = uncounted_loss(snapshot);
  CHECK(loss.messages == 1);
  CHECK(loss.samples == -1);
  CHECK(loss.datapoints == 5);
  CHECK(loss.not_taken == -4 + 2);
}

TEST_CASE("a publication that a spool does not take is uncounted loss", "[http]") {
  Snapshot snapshot = balanced();
  snapshot.stats.datapoints_published += 7;
  CHECK(uncounted_loss(snapshot).not_taken == 7);
  CHECK(uncounted_loss(snapshot).datapoints == 0);
  CHECK(troubles_of(snapshot).size() == 1);
  CHECK(Json::parse(render_ledger(snapshot))["uncounted_loss"]["not_taken"] == 7);
}

TEST_CASE("a destination that a reload added is held to what was published since",
          "[http][reload]") {
  Snapshot snapshot = balanced();
  const std::uint64_t all = snapshot.stats.datapoints_published;
  snapshot.destinations.push_back(
      {.name = "late", .published_before = all - 2, .published = 2, .acknowledged = 2});
  CHECK(uncounted_loss(snapshot).is_none());
  CHECK(Json::parse(render_ledger(snapshot))["destinations"].back()["published_before"] == all - 2);
  --snapshot.destinations.back().published_before;
  CHECK(uncounted_loss(snapshot).not_taken == 1);
}

TEST_CASE("a relay is degraded when it loses, is stale, or cannot deliver", "[http]") {
  CHECK(troubles_of(balanced()).empty());
  CHECK(Json::parse(render_health(balanced()))["status"] == "ok");
  Snapshot snapshot = balanced();
  ++snapshot.stats.messages_received;
  snapshot.config_error = "sluice.json: /listn: unknown key";
  snapshot.destinations[0].is_down = true;
  snapshot.destinations[0].last_error = "connection refused";
  const Json health = Json::parse(render_health(snapshot));
  CHECK(health["status"] == "degraded");
  REQUIRE(health["reasons"].size() == 3);
  snapshot.destinations[0].has_spool_failed = true;
  CHECK(troubles_of(snapshot).size() == 4);
  snapshot.state_trouble = "the journal cannot be written";
  CHECK(troubles_of(snapshot).size() == 5);
  CHECK(Json::parse(render_health(snapshot))["reasons"][2] == snapshot.state_trouble);
  Snapshot forgetful = balanced();
  forgetful.history_trouble = "the history is in memory";
  CHECK(troubles_of(forgetful) == std::vector<std::string>{forgetful.history_trouble});
  Snapshot crowded = balanced();
  crowded.names_trouble = "there is no place for more hosts";
  CHECK(troubles_of(crowded) == std::vector<std::string>{crowded.names_trouble});
  CHECK(health["reasons"][2] ==
        "destination graphite (tcp://127.0.0.1:2003) does not take datapoints, 11 wait: connection "
        "refused");
}

TEST_CASE("a relay that hangs is degraded, whatever its last snapshot says", "[http]") {
  using std::chrono::seconds;
  const auto now = std::chrono::steady_clock::now();
  Snapshot snapshot = balanced();
  snapshot.taken_steady = now - kSnapshotAgeMax;
  CHECK(troubles_of(snapshot, now).empty());
  CHECK(troubles_of(snapshot, now + seconds(1)) ==
        std::vector<std::string>{
            "this is the state of 11 s ago: the relay hangs, waits for its disk, or stops"});
  const auto disk = std::make_shared<DiskGauge>();
  snapshot.taken_steady = now;
  snapshot.disk = disk;
  CHECK(troubles_of(snapshot, now).empty());
  disk->oldest_job = (now - kDiskBehindMax).time_since_epoch().count();
  CHECK(troubles_of(snapshot, now).empty());
  // The gauge is live: it shows also in a snapshot that was made before.
  disk->oldest_job = (now - seconds(25)).time_since_epoch().count();
  CHECK(troubles_of(snapshot, now) ==
        std::vector<std::string>{
            "the disk below state_dir hangs: what it was given 25 s ago is not done"});
  disk->oldest_job = 0;
  CHECK(troubles_of(snapshot, now).empty());
}

TEST_CASE("the ledger has every column", "[http]") {
  const Json ledger = Json::parse(render_ledger(balanced()));
  CHECK(ledger["messages"]["received"] == 10);
  CHECK(ledger["messages"]["malformed"] == 3);
  CHECK(ledger["samples"]["read"] == 23);
  CHECK(ledger["samples"]["pending"] == 4);
  CHECK(ledger["samples"]["dropped"]["unknown_host"] == 2);
  CHECK(ledger["samples"]["dropped"]["series_limit"] == 2);
  const Json& destination = ledger["destinations"][0];
  CHECK(destination["spooled_at_start"] == 10);
  CHECK(destination["published"] == 23);
  CHECK(destination["restored"] == 3);
  CHECK(destination["unconfirmed"] == 7);
  CHECK(destination["dropped"]["too_old"] == 4);
  CHECK(destination["dropped"]["damaged"] == 5);
  CHECK(destination["replayed"] == 100);
  CHECK(destination["held"] == Json{{"series", 2},
                                    {"datapoints", 3},
                                    {"seconds", 60},
                                    {"growing", false},
                                    {"per_minute", 0}});
  CHECK(destination["oldest_waiting"] == "2023-11-14T22:13:20Z");
  CHECK(destination["lag_seconds"] == 9);
  CHECK(destination["never_confirms"] == false);
  CHECK(destination["spool"] == Json{{"on_disk", true}, {"bytes", 4096}});
  CHECK(ledger["uncounted_loss"] ==
        Json{{"messages", 0}, {"samples", 0}, {"datapoints", 0}, {"not_taken", 0}});
  CHECK(ledger["config"]["stale"] == false);
  CHECK(ledger["history"].is_null());
  Snapshot remembering = balanced();
  remembering.has_history = true;
  remembering.history_series = 7;
  remembering.history_bytes = 4096;
  remembering.stats.history_points = 21;
  CHECK(Json::parse(render_ledger(remembering))["history"] ==
        Json{{"on_disk", false}, {"series", 7}, {"bytes", 4096}, {"points", 21}, {"failures", 0}});
}

TEST_CASE("Prometheus text has a HELP, a TYPE and a value for each family, once", "[http]") {
  const std::string text = render_prometheus(balanced());
  for (const CounterRow& row : kCounters) {
    CAPTURE(row.name);
    CHECK(text.find("# TYPE sluice_" + std::string(row.name) + " counter\n") != std::string::npos);
  }
  CHECK(text.find("sluice_syslog_messages_received_total 10\n") != std::string::npos);
  for (const char* const value :
       {"waiting{destination=\"graphite\"} 11", "unconfirmed_total{destination=\"graphite\"} 7",
        "dropped_total{destination=\"graphite\"} 12", "held_series{destination=\"graphite\"} 2",
        "lag_seconds{destination=\"graphite\"} 9", "spool_on_disk{destination=\"graphite\"} 1"}) {
    CAPTURE(value);
    CHECK(text.find("sluice_destination_" + std::string(value) + '\n') != std::string::npos);
  }
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    CHECK((line.starts_with("# ") || line.starts_with("sluice_")));
}

TEST_CASE("the status server serves the last snapshot, and only to those who mean it", "[http]") {
  auto server = StatusServer::start({.host = "127.0.0.1", .port = 0, .hosts = {"relay1"}});
  REQUIRE(server);
  (*server)->publish(std::make_shared<const Snapshot>(balanced()));
  httplib::Client client("127.0.0.1", (*server)->port());
  CHECK(Json::parse(client.Get("/healthz")->body)["status"] == "ok");
  CHECK(Json::parse(client.Get("/api/v1/ledger")->body)["instance"] == "relay1");
  CHECK(client.Get("/metrics")->get_header_value("Content-Type") == "text/plain; version=0.0.4");

  const auto missing = client.Get("/nothing");
  CHECK(missing->status == 404);
  CHECK(missing->get_header_value("Content-Type") == "application/problem+json");
  CHECK(Json::parse(missing->body)["status"] == 404);
  CHECK(client.Post("/healthz", "x", "text/plain")->status == 405);
  const httplib::Headers rebound{{"Host", "evil.example.com"}};
  CHECK(client.Get("/healthz", rebound)->status == 403);
  const auto ask_without_host = [port = (*server)->port()](std::string_view path) {
    const Fd fd = connect_to("127.0.0.1", port, SOCK_STREAM);
    send_all(fd, "GET " + std::string(path) + " HTTP/1.0\r\n\r\n");
    std::string answer(12, ' ');  // "HTTP/1.1 200"
    return recv(fd.get(), answer.data(), answer.size(), MSG_WAITALL) < 0 ? "" : answer;
  };
  CHECK(ask_without_host("/healthz").ends_with(" 200"));
  CHECK(ask_without_host("/api/v1/ledger").ends_with(" 403"));
  const httplib::Headers named{{"Host", "relay1:9514"}};
  CHECK(client.Get("/healthz", named)->status == 200);
}

TEST_CASE("a status server whose port is taken says so", "[http]") {
  auto first = StatusServer::start({.host = "127.0.0.1", .port = 0});
  REQUIRE(first);
  const auto second = StatusServer::start({.host = "127.0.0.1", .port = (*first)->port()});
  REQUIRE_FALSE(second);
  CHECK(second.error().message().find("cannot listen there") != std::string::npos);
}

TEST_CASE("docs/metrics.md lists how the relay and its destinations stand", "[http]") {
  std::ifstream file(SLUICE_SOURCE_DIR "/docs/metrics.md");
  REQUIRE(file.is_open());
  std::stringstream text;
  text << file.rdbuf();
  const auto check_row = [&](const auto& row) {
    CAPTURE(row.name);
    const std::string line =
        "| `" + std::string(row.name) + "` | " + std::string(row.help) + " |\n";
    CHECK(text.str().find(line) != std::string::npos);
  };
  for (const RelayRow& row : relay_rows()) check_row(row);
  for (const DestinationRow& row : destination_rows()) check_row(row);
}

}  // namespace sluice
