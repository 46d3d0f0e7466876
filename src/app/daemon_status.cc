// What the daemon tells of itself: the counters, the status server's snapshots, the stop summary.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <memory>
#include <ranges>
#include <string>
#include <utility>

#include "app/daemon.h"
#include "app/relay_series.h"
#include "http/ledger.h"

namespace sluice {
namespace {

// How long somebody who asks to forget a host waits for the loop.
constexpr std::chrono::seconds kForgetMax{10};
// How old the lists of those who need attention may be.
constexpr std::chrono::seconds kAttentionAge{10};

// "127.0.0.1:9514" or "[::1]:9514", which the configuration has checked.
StatusServerOptions server_options_of(const Config& config) {
  const std::size_t colon = config.http.rfind(':');
  StatusServerOptions options{.host = config.http.substr(0, colon), .instance = config.instance};
  if (options.host.starts_with('[')) options.host = options.host.substr(1, options.host.size() - 2);
  const std::string_view port = std::string_view(config.http).substr(colon + 1);
  std::from_chars(port.data(), port.data() + port.size(), options.port);
  return options;
}

void add_delivery(Stats& sum, const Delivery& delivery) {
  const SpoolStats& spool = delivery.spool().stats();
  sum.datapoints_acknowledged += spool.acknowledged;
  sum.datapoints_unconfirmed += spool.unconfirmed;
  sum.datapoints_superseded += spool.superseded;
  sum.datapoints_dropped_queue_full += spool.dropped_full + delivery.dropped_before_spool();
  sum.datapoints_dropped_too_old += spool.dropped_old;
  sum.datapoints_dropped_damaged += spool.dropped_damaged;
  sum.datapoints_replayed += spool.replayed;
  sum.spool_failures += spool.failures;
  sum.batches_acknowledged += delivery.batches_acknowledged();
  sum.batches_failed += delivery.batches_failed();
}

}  // namespace

// A status port that is taken must not keep the relay from its work.
void Daemon::start_status_server() {
  started_ = std::chrono::system_clock::now();
  observations_.set_rules(*setup_.rules);
  if (setup_.config.http.empty()) return;
  StatusServerOptions server_options = server_options_of(setup_.config);
  server_options.forget = [this](const std::string& host) {
    return forget_orders_.ask(host, kForgetMax);
  };
  auto server = StatusServer::start(server_options);
  if (!server) {
    spdlog::warn("{}; the relay runs without its status server", server.error().message());
    return;
  }
  status_ = std::move(*server);
  spdlog::info(
      "status on http://{}:{}/healthz, /metrics, /api/v1/ledger, /api/v1/senders, "
      "/api/v1/attention",
      setup_.config.http.substr(0, setup_.config.http.rfind(':')), status_->port());
  (void)publish_status();
}

Snapshot Daemon::publish_status() {
  Snapshot fresh = snapshot();
  if (status_) {
    fresh.senders = senders_.shared_snapshot(fresh.taken);
    refresh_attention(fresh.taken);
    fresh.attention = attention_;
    observations_.expire(fresh.taken);
    fresh.observed = observations_.shared(fresh.taken);
  }
  if (status_) status_->publish(std::make_shared<const Snapshot>(fresh));
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
  attention_ = std::move(fresh);
}

std::string Daemon::names_trouble() const {
  const auto crowd = publisher_->crowding();
  if (!crowd) return {};
  static constexpr std::size_t kShown = 3;
  const auto names = [](const std::vector<Offender>& offenders) {
    std::string words;
    for (const Offender& one : offenders | std::views::take(kShown))
      words += fmt::format("{}{} ({} samples)", words.empty() ? "" : ", ", one.name, one.samples);
    return words;
  };
  return fmt::format(
      "there is no place for more hosts or metrics (500,000 and 20,000 names at most), so samples "
      "of "
      "new ones are refused; most come from rule {}, and of host {}; places are free again when "
      "names were not heard for host_ttl",
      names(crowd->rules), names(crowd->hosts));
}

// Once, and once more when it begins anew.
void Daemon::log_crowding(const Snapshot& standing) {
  const bool is_crowded = !standing.names_trouble.empty();
  if (std::exchange(is_crowded_, is_crowded) == is_crowded) return;
  if (is_crowded) {
    spdlog::error("{}", standing.names_trouble);
  } else {
    spdlog::info("new hosts and metrics find a place again");
  }
}

// Once a window, when it has ended. Not printed: people who watch a terminal look for hosts.
void Daemon::publish_relay_series(const Snapshot& snapshot) {
  const Seconds window = window_start(snapshot.taken, setup_.config.window);
  if (window <= relay_window_) return;
  auto datapoints = relay_series(snapshot, relay_path_, window - setup_.config.window);
  relay_window_ = window;
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
  snapshot.names_trouble = names_trouble();
  snapshot.orphaned_spools = orphaned_spools_;
  for (const auto& delivery : deliveries_) snapshot.destinations.push_back(delivery->snapshot());
  const WindowStore& store = publisher_->store();
  snapshot.store_bytes = store.bytes();
  snapshot.store_windows = store.windows().size();
  snapshot.horizon_seconds = store.effective_horizon(snapshot.taken).count();
  snapshot.hosts = publisher_->host_count();
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
  sum.datapoints_published += relay_datapoints_;
  sum.cluster_map_reloads += map_watcher_.reloads();
  sum.cluster_map_refusals += map_watcher_.refusals();
  for (const auto& delivery : deliveries_) add_delivery(sum, *delivery);
  return sum;
}

void Daemon::log_stop() const {
  const Stats sum = stats();
  std::string words;
  for (const CounterRow& row : kCounters) {
    if (sum.*row.field > 0) words += fmt::format(" {}={}", row.name, sum.*row.field);
  }
  spdlog::info("stopped:{}", words);
  constexpr std::size_t kSendersShown = 5;
  for (const SenderReport::Row& row : troubled_senders(senders(), kSendersShown)) {
    spdlog::info("sender {}: {} messages, of these {} malformed and {} with a zone not proven",
                 row.host, row.counts.messages, row.counts.malformed, row.counts.skewed);
  }
  for (const auto& delivery : deliveries_) {
    const DestinationSnapshot one = delivery->snapshot();
    const std::uint64_t left = one.waiting + one.in_flight;
    if (left == 0) continue;
    if (one.is_spool_on_disk) {
      spdlog::info("{} datapoints wait for destination {} in its spool, for the next start", left,
                   one.name);
    } else {
      spdlog::warn("destination {} has not acknowledged {} datapoints; they are lost", one.name,
                   left);
    }
  }
}

}  // namespace sluice
