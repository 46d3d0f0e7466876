#include "app/daemon.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "app/print.h"
#include "config/endpoint.h"
#include "config/zone.h"
#include "net/socket.h"
#include "sluice/base/check.h"

namespace sluice {
namespace {

constexpr std::chrono::milliseconds kTick{1000};
// How long workers may read what their sockets still hold when the relay stops.
constexpr std::chrono::milliseconds kDrainMax{2000};
// How often the end of the last deliveries is looked for.
constexpr std::uint64_t kStopPollMs = 20;

Timestamp wall_clock() { return std::chrono::system_clock::now(); }

template <typename Handle>
auto* owner_of(Handle* handle) {
  return static_cast<Daemon*>(handle->data);
}

PublisherOptions publisher_options_of(const Config& config) {
  return {.store = {.window = config.window,
                    .grace = config.grace,
                    .horizon = config.horizon,
                    .catch_up = config.catch_up,
                    .bytes_max = config.store_bytes_max},
          .rollups = config.rollups,
          .host_ttl = config.host_ttl};
}

}  // namespace

Daemon::Daemon(Setup setup, DaemonOptions options)
    : setup_(std::move(setup)), options_(std::move(options)) {
  SLUICE_CHECK(uv_loop_init(&loop_) == 0, "a loop needs nothing but a few descriptors");
}

Daemon::~Daemon() {
  close();
  uv_run(&loop_, UV_RUN_DEFAULT);
  SLUICE_CHECK(uv_loop_close(&loop_) == 0, "every handle of the daemon has been closed");
}

Expected<void> Daemon::start() {
  auto sockets = open_listeners();
  if (!sockets) return std::unexpected(std::move(sockets).error());
  auto paths = paths_of(setup_.config);
  if (!paths) return std::unexpected(std::move(paths).error());
  publisher_ = std::make_unique<Publisher>(publisher_options_of(setup_.config), std::move(*paths),
                                           setup_.clusters, wall_clock());
  for (const DestinationConfig& destination : setup_.config.destinations) {
    deliveries_.push_back(std::make_unique<Delivery>(&loop_, destination));
  }
  start_timers();
  log_start();
  start_workers(std::move(*sockets));
  return {};
}

// One socket per listener and worker.
Expected<std::vector<std::vector<ListenSocket>>> Daemon::open_listeners() {
  std::vector<std::vector<ListenSocket>> by_worker(setup_.config.workers);
  for (const ListenConfig& config : setup_.config.listen) {
    auto zone = zone_of(config.tz.empty() ? setup_.config.tz : config.tz);
    if (!zone) return std::unexpected(std::move(zone).error());
    auto opened = open_sockets(config.endpoint, setup_.config.workers);
    if (!opened) return std::unexpected(std::move(opened).error());
    for (std::size_t i = 0; i < opened->size(); ++i) {
      by_worker[i].push_back({.config = config, .socket = std::move((*opened)[i]), .zone = *zone});
    }
    const auto bound = local_endpoint(by_worker[0].back().socket.get());
    spdlog::info("listening on {}, receive buffer {} octets",
                 bound ? bound->to_string() : config.endpoint.to_string(),
                 receive_buffer_bytes(by_worker[0].back().socket.get()));
  }
  return by_worker;
}

Expected<const Zone*> Daemon::zone_of(const std::string& name) {
  for (const auto& [known, zone] : zones_) {
    if (known == name) return zone.get();
  }
  auto zone = load_zone(name);
  if (!zone) return std::unexpected(std::move(zone).error());
  zones_.emplace_back(name, std::move(*zone));
  return zones_.back().second.get();
}

void Daemon::start_workers(std::vector<std::vector<ListenSocket>> sockets) {
  worker_stats_.resize(sockets.size());
  for (std::vector<ListenSocket>& one : sockets) {
    workers_.push_back(std::make_unique<IngestWorker>(
        ingest_options_of(setup_.config), setup_.rules, setup_.config.trusted_peers,
        [this] { uv_async_send(report_wake_.get()); }));
    workers_.back()->start(std::move(one));
  }
}

void Daemon::start_timers() {
  auto wake = std::make_unique<uv_async_t>();
  SLUICE_CHECK(uv_async_init(&loop_, wake.get(), on_report) == 0,
               "an async handle needs one descriptor");
  wake->data = this;
  report_wake_.reset(wake.release());
  tick_timer_ = make_handle<uv_timer_t>(&loop_, this, uv_timer_init);
  stop_timer_ = make_handle<uv_timer_t>(&loop_, this, uv_timer_init);
  uv_timer_start(tick_timer_.get(), on_tick, kTick.count(), kTick.count());
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    signals_.push_back(make_handle<uv_signal_t>(&loop_, this, uv_signal_init));
    uv_signal_start(signals_.back().get(), on_signal, number);
  }
}

void Daemon::log_start() const {
  const Config& config = setup_.config;
  spdlog::info(
      "sluice {} started: instance {}, window {} s, {} rules in {} packs, {} destinations, "
      "configuration {}",
      SLUICE_VERSION, config.instance, config.window.count(), setup_.rules->size(),
      setup_.packs.size(), config.destinations.size(),
      config.file.empty() ? "built in" : config.file);
  for (const DestinationConfig& destination : config.destinations) {
    spdlog::info("delivering to {} ({})", destination.name, destination.carbon.to_string());
  }
}

void Daemon::run() { uv_run(&loop_, UV_RUN_DEFAULT); }

void Daemon::begin_tick() {
  if (phase_ != Phase::kRunning || reports_awaited_ > 0) return;
  reports_awaited_ = workers_.size();
  for (const auto& worker : workers_) worker->ask_report();
}

void Daemon::collect_reports() {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    for (IngestWorker::Report& report : workers_[i]->take_reports()) {
      worker_stats_[i] = report.stats;
      publisher_->merge(std::move(report.delta), wall_clock());
      // A report that was asked for before the stop does not end the wait for the last one.
      if (phase_ == Phase::kRunning || report.is_last) --reports_awaited_;
    }
  }
  if (reports_awaited_ > 0) return;
  if (phase_ == Phase::kRunning) {
    end_tick();
  } else if (phase_ == Phase::kDraining) {
    begin_delivering();
  }
}

void Daemon::end_tick() {
  std::vector<Datapoint> datapoints;
  publisher_->tick(wall_clock(), datapoints);
  publish(datapoints);
}

void Daemon::publish(std::span<const Datapoint> datapoints) {
  if (datapoints.empty()) return;
  if (options_.print) print_datapoints(stdout, datapoints);
  for (const auto& delivery : deliveries_) delivery->publish(datapoints);
}

// New rules and a new cluster map, all or nothing: a mistake leaves everything as it was.
void Daemon::reload() {
  auto fresh = load_setup(options_.setup);
  if (!fresh) {
    spdlog::error("reload refused, the old rules and map stay: {}", fresh.error().message());
    return;
  }
  for (const auto& worker : workers_) worker->set_rules(fresh->rules);
  publisher_->set_clusters(fresh->clusters);
  spdlog::info("reloaded: {} rules in {} packs; listeners and destinations change with a restart",
               fresh->rules->size(), fresh->packs.size());
  setup_.packs = std::move(fresh->packs);
  setup_.rules = std::move(fresh->rules);
  setup_.clusters = std::move(fresh->clusters);
}

void Daemon::stop(int signal_number) {
  if (phase_ != Phase::kRunning) {
    spdlog::warn("signal {} again: stopping without waiting for destinations", signal_number);
    stop_deadline_ms_ = 0;
    check_done();
    return;
  }
  spdlog::info("signal {}: stopping; reading what the sockets hold", signal_number);
  phase_ = Phase::kDraining;
  stop_deadline_ms_ =
      uv_now(&loop_) + static_cast<std::uint64_t>(setup_.config.shutdown_timeout.count());
  reports_awaited_ = workers_.size();
  uv_timer_stop(tick_timer_.get());
  for (const auto& worker : workers_)
    worker->stop(std::min<std::chrono::milliseconds>(kDrainMax, setup_.config.shutdown_timeout));
}

void Daemon::begin_delivering() {
  phase_ = Phase::kDelivering;
  std::vector<Datapoint> datapoints;
  publisher_->flush(wall_clock(), datapoints);
  publish(datapoints);
  for (const auto& delivery : deliveries_) delivery->hurry();
  uv_timer_start(stop_timer_.get(), on_stop_timer, 0, kStopPollMs);
}

void Daemon::check_done() {
  if (phase_ != Phase::kDelivering) return;
  const bool is_done =
      std::ranges::all_of(deliveries_, [](const auto& delivery) { return delivery->is_done(); });
  if (!is_done && uv_now(&loop_) < stop_deadline_ms_) return;
  phase_ = Phase::kDone;
  log_stop();
  close();
}

void Daemon::close() {
  workers_.clear();
  deliveries_.clear();
  signals_.clear();
  tick_timer_.reset();
  stop_timer_.reset();
  report_wake_.reset();
}

Stats Daemon::stats() const {
  Stats sum = publisher_ ? publisher_->stats() : Stats{};
  for (const Stats& one : worker_stats_) add_stats(sum, one);
  for (const auto& delivery : deliveries_) {
    const SpoolStats& spool = delivery->spool().stats();
    sum.datapoints_acknowledged += spool.acknowledged;
    sum.datapoints_superseded += spool.superseded;
    sum.datapoints_dropped_queue_full += spool.dropped_full;
    sum.datapoints_dropped_too_old += spool.dropped_old;
    sum.batches_acknowledged += delivery->batches_acknowledged();
    sum.batches_failed += delivery->batches_failed();
  }
  return sum;
}

void Daemon::log_stop() const {
  const Stats sum = stats();
  std::string words;
  for (const CounterRow& row : kCounters) {
    if (sum.*row.field > 0) words += fmt::format(" {}={}", row.name, sum.*row.field);
  }
  spdlog::info("stopped:{}", words);
  for (const auto& delivery : deliveries_) {
    const Spool& spool = delivery->spool();
    if (delivery->is_done()) continue;
    spdlog::warn("destination {} has not acknowledged {} datapoints; they are lost",
                 delivery->name(), spool.waiting_count() + spool.in_flight_count());
  }
}

void Daemon::on_tick(uv_timer_t* timer) noexcept {
  if (auto* const self = owner_of(timer)) self->begin_tick();
}

void Daemon::on_stop_timer(uv_timer_t* timer) noexcept {
  if (auto* const self = owner_of(timer)) self->check_done();
}

void Daemon::on_report(uv_async_t* async) noexcept {
  if (auto* const self = owner_of(async)) self->collect_reports();
}

void Daemon::on_signal(uv_signal_t* handle, int signal_number) noexcept {
  auto* const self = owner_of(handle);
  if (self == nullptr) return;
  if (signal_number == SIGHUP) {
    self->reload();
  } else {
    self->stop(signal_number);
  }
}

}  // namespace sluice
