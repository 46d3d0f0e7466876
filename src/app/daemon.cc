#include "app/daemon.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <limits>
#include <utility>

#include "app/inherited_sockets.h"
#include "app/log.h"
#include "app/map_change.h"
#include "app/print.h"
#include "config/endpoint.h"
#include "config/zone.h"
#include "net/descriptors.h"
#include "net/socket.h"
#include "net/unix_socket.h"
#include "sluice/base/check.h"

namespace sluice {
namespace {

constexpr std::chrono::milliseconds kTick{1000};
// How long workers may read what their sockets still hold when the relay stops.
constexpr std::chrono::milliseconds kDrainMax{2000};
// How often the end of the last deliveries is looked for.
constexpr std::uint64_t kStopPollMs = 20;

Timestamp wall_clock() { return std::chrono::system_clock::now(); }

const char* name_of_signal(int number) { return number == SIGINT ? "SIGINT" : "SIGTERM"; }

template <typename Handle>
auto* owner_of(Handle* handle) {
  return static_cast<Daemon*>(handle->data);
}

// What the kernel gave, and what to do where it was less than the configuration asks for.
void warn_of_receive_buffer(const std::string& endpoint, std::uint64_t asked, bool is_inherited) {
  const std::string remedy = is_inherited
                                 ? fmt::format("set ReceiveBuffer={} in its socket unit", asked)
                                 : fmt::format(
                                       "allow it with sysctl net.core.rmem_max={} (and a file in "
                                       "/etc/sysctl.d), or take the socket unit",
                                       asked);
  say(LogId::kReceiveBufferSmall,
      "{}: the receive buffer is smaller than \"receive_buffer\" asks for, so bursts are lost "
      "sooner; {}",
      endpoint, remedy);
}

// Where connections' descriptors end.
int make_room_for_connections(const Config& config) {
  std::uint64_t connections = 0;
  for (const ListenConfig& listen : config.listen) {
    if (listen.endpoint.is_stream()) connections += listen.connections;
  }
  connections *= config.workers;
  const Descriptors descriptors = raise_descriptor_limit(connections);
  if (descriptors.connections_end < connections) {
    say(LogId::kDescriptorsFew,
        "the listeners may have {} connections, but the process may open {} files, so it takes "
        "about {}; raise LimitNOFILE (ulimit -Hn) or lower \"connections\"",
        connections, descriptors.limit, descriptors.connections_end);
  }
  constexpr std::uint64_t kLast = std::numeric_limits<int>::max();
  return static_cast<int>(std::min(descriptors.connections_end, kLast));
}

// Where it listens and with what, for the log: "udp://[::]:5514 (receive buffer 212992 octets)".
std::string describe_listener(const ListenSocket& listener, bool is_inherited) {
  const ListenConfig& config = listener.config;
  const std::string source = is_inherited ? ", the socket is systemd's" : "";
  const auto bound = local_endpoint(listener.socket.get());
  const std::string endpoint = (bound ? *bound : config.endpoint).to_string();
  if (config.endpoint.is_unix()) {
    return fmt::format(
        "{} ({})", config.endpoint.to_string(),
        is_inherited ? "the socket is systemd's" : fmt::format("mode {:04o}", config.mode));
  }
  const std::uint64_t given = receive_buffer_bytes(listener.socket.get());
  const std::string asked = config.receive_buffer == 0
                                ? std::string()
                                : fmt::format(", asked for {}", config.receive_buffer);
  return fmt::format("{} (receive buffer {} octets{}{})", endpoint, given, asked, source);
}

std::string log_listener(const ListenSocket& listener, bool is_inherited) {
  std::string words = describe_listener(listener, is_inherited);
  say(LogId::kListening, "listening on {}", words);
  const std::uint64_t asked = listener.config.receive_buffer;
  if (!listener.config.endpoint.is_unix() && receive_buffer_bytes(listener.socket.get()) < asked) {
    const auto bound = local_endpoint(listener.socket.get());
    warn_of_receive_buffer((bound ? *bound : listener.config.endpoint).to_string(), asked,
                           is_inherited);
  }
  return words;
}

std::string packs_in_words(const Setup& setup) {
  std::string words = fmt::format("{} rules in {} packs", setup.rules->size(), setup.packs.size());
  std::string names;
  for (const PackDefinition& pack : setup.packs) names += (names.empty() ? "" : ", ") + pack.name;
  return names.empty() ? words : fmt::format("{} ({})", words, names);
}

std::string map_in_words(const Setup& setup) {
  const std::string& file = setup.config.clusters.file;
  if (file.empty()) return "no cluster map";
  return fmt::format("cluster map {} ({})", file, map_size_in_words(setup.cluster_map));
}

}  // namespace

Daemon::Daemon(Setup setup, DaemonOptions options, StopGuard& guard)
    : setup_(std::move(setup)),
      options_(std::move(options)),
      guard_(guard),
      map_watcher_(setup_.config.clusters, setup_.cluster_map,
                   host_name_options_of(setup_.config)) {
  SLUICE_CHECK(uv_loop_init(&loop_) == 0, "a loop needs nothing but a few descriptors");
}

Daemon::~Daemon() {
  close();
  uv_run(&loop_, UV_RUN_DEFAULT);
  SLUICE_CHECK(uv_loop_close(&loop_) == 0, "every handle of the daemon has been closed");
}

Expected<void> Daemon::start() {
  start_signals();  // First: once a socket listens, a stop must drain it.
  auto sockets = open_listeners();
  if (!sockets) return std::unexpected(std::move(sockets).error());
  auto paths = paths_of(setup_.config);
  if (!paths) return std::unexpected(std::move(paths).error());
  relay_path_ = paths->relay();
  relay_window_ = window_start(wall_clock(), setup_.config.window);
  open_state_folder();
  open_history();
  store_ = std::make_unique<StoreThread>(&loop_);
  {
    const std::lock_guard lock(risk_->mutex);
    risk_->disk = store_->gauge();
  }
  for (const DestinationConfig& destination : setup_.config.destinations) {
    deliveries_.push_back(
        std::make_unique<Delivery>(&loop_, *store_, destination, spool_file_of(destination)));
  }
  restore(*paths);
  if (is_restored_) start_status_server();
  log_start();
  start_workers(std::move(*sockets));
  phase_ = Phase::kRunning;
  arm_tick();
  if (is_reload_due_) take_new_setup();  // Asked for while the state was read.
  if (stop_signal_ != 0) stop(stop_signal_, false);
  return {};
}

// One socket per listener and worker. A unix socket cannot be shared, and systemd gives as many as
// its unit names: the workers take turns at those.
Expected<std::vector<std::vector<ListenSocket>>> Daemon::open_listeners() {
  std::vector<std::vector<ListenSocket>> by_worker(setup_.config.workers);
  const int descriptors_end = make_room_for_connections(setup_.config);
  InheritedSockets inherited = InheritedSockets::of_this_process();
  std::size_t turn = 0;
  for (const ListenConfig& config : setup_.config.listen) {
    std::vector<Fd> given = inherited.take(config.endpoint);
    const bool is_inherited = !given.empty();
    auto opened = open_listener(config, std::move(given));
    if (!opened) return std::unexpected(std::move(opened).error());
    binds_.push_back(log_listener(opened->front(), is_inherited));
    const std::size_t first = opened->size() == by_worker.size() ? 0 : turn++;
    for (std::size_t i = 0; i < opened->size(); ++i) {
      (*opened)[i].descriptors_end = descriptors_end;
      by_worker[(first + i) % by_worker.size()].push_back(std::move((*opened)[i]));
    }
  }
  for (const std::string& place : inherited.left()) {
    say(LogId::kSocketNotConfigured,
        "systemd listens on {} for sluice, but no \"listen\" of the configuration names it: what "
        "is sent there waits and is lost; make the two agree",
        place);
  }
  return by_worker;
}

// `given`: the sockets that systemd has opened for it.
Expected<std::vector<ListenSocket>> Daemon::open_listener(const ListenConfig& config,
                                                          std::vector<Fd> given) {
  auto zone = zone_of(config.tz.empty() ? setup_.config.tz : config.tz);
  if (!zone) return std::unexpected(std::move(zone).error());
  auto sender_zones = sender_zones_of(config);
  if (!sender_zones) return std::unexpected(std::move(sender_zones).error());
  std::vector<ListenSocket> opened;
  for (Fd& socket : given) {
    opened.push_back({config, std::move(socket), {}, *zone, *sender_zones});
  }
  if (!opened.empty()) return opened;
  if (config.endpoint.is_unix()) {
    auto one = open_unix_socket(config.endpoint, config.mode);
    if (!one) return std::unexpected(std::move(one).error());
    opened.push_back({config, std::move(one->socket), std::move(one->file), *zone, {}});
    return opened;
  }
  auto sockets = open_sockets(config.endpoint, setup_.config.workers,
                              {.receive_buffer_bytes = config.receive_buffer});
  if (!sockets) return std::unexpected(std::move(sockets).error());
  std::shared_ptr<ConnectionShare> share;
  if (config.endpoint.is_stream() && sockets->size() > 1) {
    share = std::make_shared<ConnectionShare>();
  }
  for (Fd& socket : *sockets) {
    opened.push_back({config, std::move(socket), {}, *zone, *sender_zones, share});
  }
  return opened;
}

Expected<std::vector<PeerZone>> Daemon::sender_zones_of(const ListenConfig& config) {
  std::vector<PeerZone> zones;
  for (const SenderZone& sender : config.senders) {
    auto zone = zone_of(sender.tz);
    if (!zone) return std::unexpected(std::move(zone).error());
    zones.push_back({sender.network, *zone});
  }
  return zones;
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
    workers_.push_back(std::make_unique<IngestWorker>(ingest_options_of(setup_.config),
                                                      setup_.rules, setup_.config.trusted_peers,
                                                      [this] { uv_async_send(wake_.get()); }));
    workers_.back()->start(std::move(one));
  }
}

void Daemon::start_signals() {
  auto wake = std::make_unique<uv_async_t>();
  SLUICE_CHECK(uv_async_init(&loop_, wake.get(), on_wake) == 0,
               "an async handle needs one descriptor");
  wake->data = this;
  wake_.reset(wake.release());
  tick_timer_ = make_handle<uv_timer_t>(&loop_, this, uv_timer_init);
  stop_timer_ = make_handle<uv_timer_t>(&loop_, this, uv_timer_init);
  reload_signal_ = make_handle<uv_signal_t>(&loop_, this, uv_signal_init);
  uv_signal_start(reload_signal_.get(), on_reload, SIGHUP);
  note_risk("reading its state");
  guard_.describe_with([risk = risk_] {
    const std::lock_guard lock(risk->mutex);
    const auto behind = risk->disk == nullptr
                            ? std::chrono::seconds(0)
                            : risk->disk->behind(std::chrono::steady_clock::now());
    if (behind < std::chrono::seconds(1)) return risk->words;
    return fmt::format("{}; the disk below state_dir has been at its work for {} s", risk->words,
                       behind.count());
  });
  guard_.tell([this](int number, bool is_again) {
    const std::lock_guard lock(stop_mutex_);
    stop_signals_.push_back({number, is_again});
    uv_async_send(wake_.get());
  });
}

void Daemon::take_stop_signals() {
  std::vector<StopSignal> signals;
  {
    const std::lock_guard lock(stop_mutex_);
    signals.swap(stop_signals_);
  }
  for (const StopSignal& one : signals) {
    if (phase_ != Phase::kDone) stop(one.number, one.is_again);
  }
}

// Everything that somebody asks first who reads the log of a machine that is not his own.
void Daemon::log_start() const {
  const Config& config = setup_.config;
  std::string destinations;
  for (const auto& delivery : deliveries_) {
    const DestinationSnapshot one = delivery->snapshot();
    destinations += fmt::format("{}{} ({}, {} datapoints wait)", destinations.empty() ? "" : ", ",
                                one.name, one.endpoint, one.waiting + one.in_flight);
  }
  say(LogId::kStarted,
      "sluice {} started: instance {}; listening on {}; {}; {}; window {} s; delivering to {}; "
      "configuration {}",
      SLUICE_VERSION, config.instance, fmt::join(binds_, ", "), packs_in_words(setup_),
      map_in_words(setup_), config.window.count(),
      destinations.empty() ? "the history alone" : destinations,
      config.file.empty() ? "built in" : config.file);
}

void Daemon::run() { uv_run(&loop_, UV_RUN_DEFAULT); }

// Ticks are at whole seconds, as the ends of windows and of most graces are: a window that is due
// does not wait for the rest of a second that began with the start of the relay.
void Daemon::arm_tick() {
  constexpr std::chrono::milliseconds kBehind{5};  // A timer may be early by one.
  const auto now = wall_clock().time_since_epoch();
  auto wait = kTick + kBehind - std::chrono::floor<std::chrono::milliseconds>(now % kTick);
  if (wait < kTick / 2) wait += kTick;
  uv_timer_start(tick_timer_.get(), on_tick, static_cast<std::uint64_t>(wait.count()), 0);
}

void Daemon::begin_tick() {
  arm_tick();
  if (phase_ != Phase::kRunning || reports_awaited_ > 0 || is_committing_) return;
  reports_awaited_ = workers_.size();
  for (const auto& worker : workers_) worker->ask_report();
}

void Daemon::collect_reports() {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    for (IngestWorker::Report& report : workers_[i]->take_reports()) {
      worker_stats_[i] = report.stats;
      senders_.add(std::move(report.senders));
      samples_at_risk_ += report.delta.sample_count;
      observations_.add(std::move(report.observations), *setup_.clusters, senders_);
      deltas_.push_back(std::move(report.delta));
      // A report that was asked for before the stop does not end the wait for the last one.
      if (phase_ == Phase::kRunning || report.is_last) --reports_awaited_;
    }
  }
  if (reports_awaited_ > 0) return;
  if (phase_ == Phase::kRunning && !deltas_.empty()) {
    commit(StateChange::Kind::kTick);
  } else if (phase_ == Phase::kDraining && !std::exchange(is_flushing_, true)) {
    note_risk("writing what was read last to the journal");
    commit(StateChange::Kind::kFlush);
  }
}

// What follows a tick once its change is made.
void Daemon::end_tick() {
  watch_map();
  if (keeper_) keeper_->save_if_due(*publisher_, wall_clock());
  log_notices();
  freed_memory_.give_back(wall_clock());
  // While the relay stops, some workers' last counts are in and their samples are not.
  if (phase_ != Phase::kRunning) return;
  const Snapshot standing = publish_status();
  publish_relay_series(standing);
  log_crowding(standing);
  log_caps(standing);
  tell_service_manager(standing);
}

void Daemon::publish(std::vector<Datapoint> datapoints, std::uint64_t sequence) {
  if (datapoints.empty()) return;
  if (options_.print && !print_datapoints(stdout, datapoints)) {
    say(LogId::kPrintEnded,
        "standard output takes no more; datapoints are not printed any longer, but delivered as "
        "before");
    options_.print = false;
  }
  hand_out(std::move(datapoints), sequence);
}

void Daemon::hand_out(std::vector<Datapoint> datapoints, std::uint64_t sequence) {
  const auto shared = std::make_shared<const std::vector<Datapoint>>(std::move(datapoints));
  for (const auto& delivery : deliveries_) delivery->publish(shared, sequence);
  if (history_) history_->put(shared);
}

void Daemon::stop(int signal_number, bool is_again) {
  if (phase_ == Phase::kStarting) {
    stop_signal_ = signal_number;  // When everything is there that a stop ends.
    return;
  }
  if (phase_ != Phase::kRunning) {
    if (!is_again) return;
    stop_deadline_ms_ = 0;
    check_done();
    return;
  }
  say(LogId::kStopping, "{}: stopping; reading what the sockets hold",
      name_of_signal(signal_number));
  service_.stopping();
  phase_ = Phase::kDraining;
  note_risk("reading what the sockets hold and writing it to the journal");
  stop_deadline_ms_ =
      uv_now(&loop_) + static_cast<std::uint64_t>(setup_.config.shutdown_timeout.count());
  reports_awaited_ = workers_.size();
  uv_timer_stop(tick_timer_.get());
  for (const auto& worker : workers_)
    worker->stop(std::min<std::chrono::milliseconds>(kDrainMax, setup_.config.shutdown_timeout));
}

// For the guard, which tells of it when the stop takes too long.
void Daemon::note_risk(std::string_view doing) {
  std::string words = fmt::format("it was {}", doing);
  if (samples_at_risk_ > 0)
    words += fmt::format("; lost: {} samples that are not in the journal", samples_at_risk_);
  for (const auto& delivery : deliveries_) {
    const DestinationSnapshot one = delivery->snapshot();
    if (one.is_spool_on_disk) {
      if (const auto way = delivery->spool().on_the_way(); way > 0)
        words += fmt::format(
            "; {} datapoints for destination {} are not in its spool, the next start makes those "
            "again that the journal holds",
            way, one.name);
    } else if (one.waiting + one.in_flight > 0) {
      words += fmt::format("; lost: {} datapoints for destination {}, whose spool is in memory",
                           one.waiting + one.in_flight, one.name);
    }
  }
  const std::lock_guard lock(risk_->mutex);
  risk_->words = std::move(words);
}

// Once everything is published.
void Daemon::begin_delivering() {
  phase_ = Phase::kDelivering;
  for (const auto& delivery : deliveries_) delivery->hurry();
  sync_due_ms_ = uv_now(&loop_) + kTick.count();
  uv_timer_start(stop_timer_.get(), on_stop_timer, 0, kStopPollMs);
}

// While a destination is waited for, the files are brought up to date: when that time is over,
// there is little left to write, and a slow disk has had its time.
void Daemon::sync_if_due() {
  if (!sync_due_ms_ || uv_now(&loop_) < *sync_due_ms_) return;
  sync_due_ms_.reset();
  for (const auto& delivery : deliveries_) delivery->sync({});
  if (keeper_) keeper_->sync();
}

void Daemon::check_done() {
  if (phase_ != Phase::kDelivering) return;
  if (const std::uint64_t now = uv_now(&loop_); now >= shown_ms_ + kTick.count()) {
    shown_ms_ = now;
    publish_status();
    note_risk("delivering what was published last");
  }
  const bool is_done =
      std::ranges::all_of(deliveries_, [](const auto& delivery) { return delivery->is_done(); });
  if (!is_done && uv_now(&loop_) < stop_deadline_ms_) return sync_if_due();
  phase_ = Phase::kDone;
  log_stop();
  note_risk("closing its files");
  close();
}

void Daemon::close() {
  guard_.tell({});
  workers_.clear();
  deliveries_.clear();  // The store's thread closes their spools while the history is closed here.
  stop_status_server();
  store_.reset();  // Runs what they gave it, so what was published is in their spools.
  keeper_.reset();
  reload_signal_.reset();
  tick_timer_.reset();
  stop_timer_.reset();
  wake_.reset();
}

void Daemon::on_tick(uv_timer_t* timer) noexcept {
  if (auto* const self = owner_of(timer)) self->begin_tick();
}

void Daemon::on_stop_timer(uv_timer_t* timer) noexcept {
  if (auto* const self = owner_of(timer)) self->check_done();
}

void Daemon::on_wake(uv_async_t* async) noexcept {
  auto* const self = owner_of(async);
  if (self == nullptr) return;
  self->collect_reports();
  self->take_forget_orders();
  self->give_fleet_view();
  self->take_stop_signals();  // Last: it may end everything.
}

}  // namespace sluice
