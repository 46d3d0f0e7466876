// What the daemon tells of itself: the counters, the status server's snapshots, the stop summary.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/daemon.h"
#include "app/log.h"
#include "app/relay_series.h"
#include "http/access.h"
#include "http/ledger.h"
#include "sluice/graphite/plaintext.h"

namespace sluice {
namespace {

Timestamp wall_clock() { return std::chrono::system_clock::now(); }

// How long somebody who asks to forget a host waits for the loop.
constexpr std::chrono::seconds kForgetMax{10};
// How old the lists of those who need attention may be.
constexpr std::chrono::seconds kAttentionAge{10};

// The names of this machine, as browsers may call it.
std::vector<std::string> own_names(const Config& config) {
  std::array<char, 256> name{};  // HOST_NAME_MAX is 64 on Linux.
  if (gethostname(name.data(), name.size() - 1) != 0) name[0] = '\0';
  return {config.instance, config.host_name, name.data()};
}

// "127.0.0.1:9514" or "[::1]:9514", which the configuration has checked.
StatusServerOptions server_options_of(const Config& config) {
  const std::string& listen = config.http.listen;
  const std::size_t colon = listen.rfind(':');
  StatusServerOptions options{.host = listen.substr(0, colon), .hosts = own_names(config)};
  options.links = config.http.links;
  options.hosts.insert(options.hosts.end(), config.http.hosts.begin(), config.http.hosts.end());
  if (options.host.starts_with('[')) options.host = options.host.substr(1, options.host.size() - 2);
  const std::string_view port = std::string_view(listen).substr(colon + 1);
  std::from_chars(port.data(), port.data() + port.size(), options.port);
  return options;
}

// A token that cannot be read must not leave the server open to everybody.
Expected<void> read_token(const Config& config, StatusServerOptions& options) {
  if (config.http.token_file.empty()) return {};
  auto read = read_token_file(config.http.token_file);
  if (!read) return std::unexpected(std::move(read).error());
  if (!read->warning.empty()) say(LogId::kTokenExposed, "{}", read->warning);
  options.token = std::move(read->token);
  return {};
}

void add_history(Stats& sum, const HistoryFeed::Stats& feed) {
  sum.history_points += feed.history.points;
  sum.history_points_dropped += feed.dropped;
  sum.history_points_too_old += feed.history.points_too_old;
  sum.history_points_refused += feed.history.points_refused;
  sum.history_points_cut += feed.history.points_cut;
  sum.history_failures += feed.history.failures;
}

void add_clients(Stats& sum, const HttpFrontStats& clients) {
  sum.http_requests += clients.requests;
  sum.http_clients_refused += clients.clients_refused;
  sum.http_clients_late += clients.clients_late;
}

}  // namespace

void Daemon::open_history() {
  const HistoryConfig& config = setup_.config.history;
  if (!config.is_on) return;
  const std::filesystem::path folder = state_folder_;
  history_ = std::make_unique<HistoryFeed>(HistoryOptions{
      .file = state_folder_.empty() ? std::string() : (folder / "history.db").string(),
      .window = setup_.config.window,
      .clusters = config.clusters,
      .hosts = config.hosts,
      .bytes_max = config.bytes_max,
      .series_max = config.series_max});
}

// A status port that is taken must not keep the relay from its work.
void Daemon::start_status_server() {
  started_ = std::chrono::system_clock::now();
  observations_.set_rules(*setup_.rules);
  const HttpConfig& http = setup_.config.http;
  if (http.listen.empty()) return;
  StatusServerOptions server_options = server_options_of(setup_.config);
  server_options.forget = [this](const std::string& host) {
    return forget_orders_.ask(host, kForgetMax);
  };
  if (history_) server_options.history = [this] { return history_->history(); };
  server_options.relay_path = relay_path_;
  server_options.fleet = [this] { return fleet_views_.get(); };
  explainer_.take(setup_);
  server_options.explain = [this](const ExplainRequest& request) {
    return explainer_.explain(request);
  };
  if (auto done = read_token(setup_.config, server_options); !done) {
    say(LogId::kStatusServerOff, "{}; the relay runs without its status server",
        done.error().message());
    return;
  }
  // Whoever asks at once is told how things stand, and not that there is nothing.
  auto first = std::make_shared<const Snapshot>(served_snapshot());
  auto server = StatusServer::start(server_options, std::move(first));
  if (!server) {
    say(LogId::kStatusServerOff, "{}; the relay runs without its status server",
        server.error().message());
    return;
  }
  status_ = std::move(*server);
  say(LogId::kStatusServer, "page, API and health on http://{}:{}/",
      http.listen.substr(0, http.listen.rfind(':')), status_->port());
}

// No client, and nobody who waits for an order, holds up the stop.
void Daemon::stop_status_server() {
  forget_orders_.close();
  fleet_views_.close();
  status_.reset();
  history_.reset();
}

Snapshot Daemon::publish_status() {
  if (!status_) return snapshot();
  Snapshot fresh = served_snapshot();
  status_->publish(std::make_shared<const Snapshot>(fresh));
  return fresh;
}

// With what the status server alone tells.
Snapshot Daemon::served_snapshot() {
  Snapshot fresh = snapshot();
  fresh.senders = senders_.shared_snapshot(fresh.taken);
  refresh_attention(fresh.taken);
  fresh.attention = attention_;
  observations_.expire(fresh.taken);
  fresh.observed = observations_.shared(fresh.taken);
  return fresh;
}

// Not at every tick: it looks through all hosts.
void Daemon::refresh_attention(Timestamp now) {
  if (attention_ && now >= attention_->taken && now < attention_->taken + kAttentionAge) return;
  auto fresh = std::make_shared<Attention>();
  fresh->taken = now;
  for (const PresenceDefinition& one : setup_.presences) {
    fresh->missing.push_back(
        {one.name, one.every, publisher_->missing_hosts(one.name, Attention::kNamesMax)});
  }
  fresh->unmapped = publisher_->unmapped_hosts(Attention::kNamesMax);
  fresh->too_late = publisher_->too_late();
  fresh->refused = publisher_->offenders();
  fresh->collided = publisher_->collided();
  attention_ = std::move(fresh);
}

std::string Daemon::names_trouble() const {
  const auto crowd = publisher_->crowding();
  if (!crowd) return {};
  return fmt::format(
      "there is no place for more hosts or metrics (500,000 and 20,000 names at most), so samples "
      "of new ones are refused, most of {}; places are free again when names were not heard for "
      "host_ttl",
      offenders_in_words(*crowd));
}

// Once, and once more when it begins anew.
void Daemon::log_crowding(const Snapshot& standing) {
  const bool is_crowded = !standing.names_trouble.empty();
  if (std::exchange(is_crowded_, is_crowded) == is_crowded) return;
  if (is_crowded) {
    say(LogId::kNamesFull, "{}", standing.names_trouble);
  } else {
    say(LogId::kNamesFree, "new hosts and metrics find a place again");
  }
}

void Daemon::log_caps(const Snapshot& standing) {
  const auto offended = [this](CapWatch::Blame blame) -> Offenders {
    switch (blame) {
      case CapWatch::Blame::kNobody:
        return {};
      case CapWatch::Blame::kSeriesLimits:
        return publisher_->offenders();
      case CapWatch::Blame::kTooLate:
        return publisher_->too_late();
      case CapWatch::Blame::kPathCollision:
        return publisher_->collided();
    }
    return {};
  };
  for (const std::string& line : caps_.look(standing.stats, offended, standing.taken))
    say(LogId::kCapReached, "{}", line);
}

// Somebody asks who is there. Between two ticks, or within one: the publisher is the loop's own.
void Daemon::give_fleet_view() {
  if (!publisher_ || !fleet_views_.is_wanted()) return;
  const auto begin = std::chrono::steady_clock::now();
  auto view = std::make_shared<const FleetView>(publisher_->fleet());
  fleet_views_.give(std::move(view), std::chrono::steady_clock::now() - begin);
}

// Once a window, when it has ended. Not printed: people who watch a terminal look for hosts.
void Daemon::publish_relay_series(const Snapshot& snapshot) {
  const Seconds window = window_start(snapshot.taken, setup_.config.window);
  if (window <= relay_window_) return;
  auto datapoints = relay_series(snapshot, relay_path_, window - setup_.config.window);
  relay_window_ = window;
  relay_refused_ +=
      std::erase_if(datapoints, [](const Datapoint& one) { return !is_sendable(one); });
  relay_datapoints_ += datapoints.size();
  hand_out(std::move(datapoints), 0);
}

// At the end of a tick, which every worker has taken part in: sockets are read, destinations stand.
void Daemon::tell_service_manager(const Snapshot& snapshot) {
  if (!std::exchange(is_ready_, true)) service_.ready();
  service_.alive();
  const auto troubles = troubles_of(snapshot);
  service_.status(troubles.empty() ? fmt::format("well, {} hosts heard", snapshot.hosts)
                                   : "degraded: " + troubles.front());
}

Snapshot Daemon::snapshot() const {
  Snapshot snapshot{.version = SLUICE_VERSION,
                    .instance = setup_.config.instance,
                    .started = started_,
                    .taken = std::chrono::system_clock::now(),
                    .stats = stats(),
                    .config_error = config_error_.empty() ? map_watcher_.refusal() : config_error_};
  snapshot.taken_steady = std::chrono::steady_clock::now();
  if (store_) snapshot.disk = store_->gauge();
  snapshot.state_trouble = state_trouble();
  snapshot.history_trouble = history_trouble();
  snapshot.names_trouble = names_trouble();
  snapshot.orphaned_spools = orphaned_spools_;
  snapshot.datapoints_removed = datapoints_removed_;
  for (const auto& delivery : deliveries_) snapshot.destinations.push_back(delivery->snapshot());
  const WindowStore& store = publisher_->store();
  snapshot.store_bytes = store.bytes();
  snapshot.store_windows = store.windows().size();
  snapshot.horizon_seconds = store.effective_horizon(snapshot.taken).count();
  snapshot.hosts = publisher_->host_count();
  if (history_) {
    const HistoryStats history = history_->stats().history;
    snapshot.has_history = history_->history() != nullptr;
    snapshot.is_history_on_disk = history.is_on_disk;
    snapshot.history_series = history.series;
    snapshot.history_bytes = history.bytes;
  }
  snapshot.hosts_unmapped = publisher_->unmapped_host_count();
  return snapshot;
}

Stats Daemon::stats() const {
  Stats sum = publisher_ ? publisher_->stats() : Stats{};
  for (const CounterRow& row : kCounters) sum.*row.field -= restored_stats_.*row.field;
  if (keeper_) {
    sum.journal_rows += keeper_->stats().appends;
    sum.journal_octets += keeper_->stats().octets;
    sum.journal_failures += keeper_->stats().appends_lost;
  }
  for (const Stats& one : worker_stats_) add_stats(sum, one);
  sum.notes_dropped += observations_.notes_dropped();
  if (history_) add_history(sum, history_->stats());
  if (status_) add_clients(sum, status_->clients());
  sum.datapoints_published += relay_datapoints_;
  sum.datapoints_refused += relay_refused_;
  sum.cluster_map_reloads += map_watcher_.reloads();
  sum.cluster_map_refusals += map_watcher_.refusals();
  add_stats(sum, departed_);
  for (const auto& delivery : deliveries_) delivery->add_to(sum);
  return sum;
}

void Daemon::log_stop() const {
  const Stats sum = stats();
  std::string words;
  for (const CounterRow& row : kCounters) {
    if (sum.*row.field > 0) words += fmt::format(" {}={}", row.name, sum.*row.field);
  }
  // One that is stopped while it starts has not run at all.
  const auto ran = started_ == Timestamp{} ? Timestamp::duration{} : wall_clock() - started_;
  say(LogId::kStopped, "stopped: ran_seconds={}{}",
      std::chrono::duration_cast<std::chrono::seconds>(ran).count(), words);
  constexpr std::size_t kSendersShown = 5;
  for (const SenderReport::Row& row : troubled_senders(senders(), kSendersShown)) {
    say(LogId::kStoppedSender,
        "sender {}: {} messages, of these {} malformed and {} with a zone not proven", row.host,
        row.counts.messages, row.counts.malformed, row.counts.skewed);
  }
  for (const auto& delivery : deliveries_) {
    const DestinationSnapshot one = delivery->snapshot();
    const std::uint64_t left = one.waiting + one.in_flight;
    if (left == 0) continue;
    if (one.is_spool_on_disk) {
      say(LogId::kStoppedSpooled,
          "{} datapoints wait for destination {} in its spool, for the next start", left, one.name);
    } else {
      say(LogId::kStoppedLost, "destination {} has not acknowledged {} datapoints; they are lost",
          one.name, left);
    }
  }
}

}  // namespace sluice
