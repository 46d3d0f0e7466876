// What makes the daemon's numbers outlive it: the state folder, the journal and the order in which
// a change is written, made and published.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <limits>
#include <memory>
#include <set>
#include <utility>

#include "app/daemon.h"
#include "app/log.h"
#include "config/quote.h"
#include "http/json_text.h"
#include "store/spool_tables.h"

namespace sluice {
namespace {

Timestamp wall_clock() { return std::chrono::system_clock::now(); }

std::string bytes_of(const ClusterMap& clusters) {
  ByteWriter writer;
  clusters.encode(writer);
  return writer.take();
}

bool is_same(const ClusterMap& one, const ClusterMap& other) {
  return bytes_of(one) == bytes_of(other);
}

PublisherOptions publisher_options_of(const Setup& setup) {
  const Config& config = setup.config;
  return {.store = {.window = config.window,
                    .grace = config.grace,
                    .horizon = config.horizon,
                    .catch_up = config.catch_up,
                    .bytes_max = config.store_bytes_max},
          .rollups = config.rollups,
          .host_ttl = config.host_ttl,
          .series_max = config.series_max,
          .series_per_host_max = config.series_per_host_max,
          .series_per_rule_max = config.series_per_rule_max,
          .presences = setup.presences};
}

}  // namespace

// Numbers go before keeping them: a relay whose folder cannot be used runs in memory.
void Daemon::open_state_folder() {
  const std::string& folder = setup_.config.state_dir;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::string what = error ? folder + ": " + error.message() : std::string();
  if (what.empty()) {
    auto lock = StateLock::take(folder);
    if (lock) {
      state_lock_.emplace(std::move(*lock));
      state_folder_ = folder;
      return;
    }
    what = lock.error().message();
  }
  state_error_ = "state_dir " + what;
  say(LogId::kStateInMemory,
      "{}; until then windows, the history and what waits for destinations are kept in memory and "
      "lost when the relay stops; put it right and start the relay again",
      state_error_);
}

std::string Daemon::state_trouble() const {
  if (!state_error_.empty())
    return fmt::format("{}; windows{} what waits are in memory, and lost if the relay stops",
                       state_error_, history_ ? ", the history and" : " and");
  if (keeper_ && !keeper_->has_disk())
    return "the journal cannot be written, so open windows are lost if the relay stops; the log "
           "says why";
  return {};
}

// Of one that was never given a file, state_trouble() tells.
std::string Daemon::history_trouble() const {
  if (!history_) return {};
  const HistoryStats stats = history_->stats().history;
  if (stats.has_lost_file)
    return "the history's file cannot be used, so it is in memory, and lost if the relay stops; "
           "the "
           "log says why";
  if (stats.is_failing)
    return "the history cannot be written, so its graphs miss points; the log says why";
  return {};
}

std::string Daemon::spool_file_of(const DestinationConfig& destination) const {
  if (state_folder_.empty()) return {};
  return std::filesystem::path(state_folder_) / ("spool-" + destination.name + ".db");
}

// Of a relay that is stopped while it reads its journal, the publisher knows nothing.
void Daemon::restore(const Paths& paths) {
  const auto fresh = [&] {
    return std::make_unique<Publisher>(publisher_options_of(setup_), paths, setup_.clusters,
                                       wall_clock());
  };
  if (state_folder_.empty()) {
    publisher_ = fresh();
    return;
  }
  find_orphaned_spools();
  await_spools();
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t sequence_floor = 0;
  std::uint64_t delivered = std::numeric_limits<std::uint64_t>::max();
  for (const auto& delivery : deliveries_) {
    sequence_floor = std::max(sequence_floor, delivery->spool().last_sequence());
    delivered = std::min(delivered, delivery->spool().last_sequence());
  }
  // The history has a thread of its own, which may be some ticks behind: what it may lack is worked
  // out once more. Nothing tells how far it came when there are no spools.
  constexpr std::uint64_t kHistoryBehind = 10;
  if (history_)
    delivered = deliveries_.empty() ? 0 : delivered - std::min(delivered, kHistoryBehind);
  keeper_ = std::make_unique<StateKeeper>(
      *store_,
      StateKeeper::Options{.journal = {.file = std::filesystem::path(state_folder_) / "journal.db",
                                       .claim_folder = [this] { return state_lock_->renew(); }},
                           .sequence_floor = sequence_floor,
                           .delivered = delivered},
      [this] {
        for (const auto& delivery : deliveries_) delivery->sync({});
      },
      wall_clock());
  const auto on_replayed = [&](std::uint64_t sequence, std::vector<Datapoint>&& datapoints) {
    uv_run(&loop_, UV_RUN_NOWAIT);  // Signals are heard meanwhile.
    if (datapoints.empty()) return stop_signal_ == 0;
    const auto shared = std::make_shared<const std::vector<Datapoint>>(std::move(datapoints));
    if (history_) history_->put(shared);  // Putting a point once more changes nothing.
    for (const auto& delivery : deliveries_) {
      // What it published then is in the spool already, but for the very last. All of it is missing
      // in the spool of a destination that is new, or has another name.
      if (sequence <= delivery->spool().last_sequence()) continue;
      delivery->restore(shared, sequence);
      while (!delivery->may_restore() && stop_signal_ == 0) uv_run(&loop_, UV_RUN_ONCE);
    }
    return stop_signal_ == 0;
  };
  const StateKeeper::Makers makers{
      .fresh = fresh,
      .restored = [&](std::string_view state, std::span<const std::string> windows) {
        return Publisher::restore(publisher_options_of(setup_), paths, state, windows);
      }};
  publisher_ = keeper_->restore(makers, on_replayed, wall_clock());
  log_notices();
  is_restored_ = publisher_ != nullptr;
  if (!is_restored_) {
    publisher_ = fresh();
    // What the next start has to know before it makes what the workers will bring.
    const auto left_to_it = [](const StateChange&, std::uint64_t) {};
    const Timestamp now = wall_clock();
    commit({.kind = StateChange::Kind::kWindow, .time = now, .window = setup_.config.window},
           left_to_it);
    commit({.kind = StateChange::Kind::kResume, .time = now}, left_to_it);
    say(LogId::kStateNotRead,
        "{} while the state of {} was read: it stays as it is, for the next start",
        stop_signal_ == SIGINT ? "SIGINT" : "SIGTERM", state_folder_);
    return;
  }
  restored_stats_ = publisher_->stats();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  log_past(took);
  go_on_from_past();
}

void Daemon::log_past(std::chrono::duration<double> took) const {
  const StateKeeper::Past& past = keeper_->past();
  if (!past.is_known) {
    say(LogId::kStateRead, "state of {}: none, the relay begins anew", state_folder_);
    return;
  }
  say(LogId::kStateRead,
      "state of {}: {} windows, {} hosts, {} ticks of the journal, read in {:.2f} s; the last run "
      "{} at {}",
      state_folder_, publisher_->windows().size(), publisher_->host_count(), past.changes,
      took.count(), past.was_stopped ? "was stopped" : "was last heard of", time_text(past.end));
  if (past.was_stopped) return;
  const Timestamp now = wall_clock();
  const Seconds first = window_start(past.end, publisher_->window());
  const Seconds last = window_start(now, publisher_->window());
  say(LogId::kUncleanEnd,
      "the last run did not end cleanly: what its sockets and its last tick held is lost, and "
      "nobody watched from {} to {}; windows {} to {} hold what was received all the same, and "
      "are corrected by what comes late",
      time_text(past.end), time_text(now), time_text(first), time_text(last));
}

// Changes that a start makes, in the order of the time they stand for. As all changes they are in
// the journal before they are made.
void Daemon::go_on_from_past() {
  if (!keeper_->past().is_known) return;
  const auto change = [this](StateChange one) {
    commit(std::move(one),
           [this](StateChange made, std::uint64_t sequence) { make(std::move(made), sequence); });
  };
  const std::chrono::seconds window = setup_.config.window;
  if (publisher_->window() != window) {
    say(LogId::kWindowChanged,
        "windows are {} s long from now on, those of the last run were {} s: what was open is "
        "published as it stood, and windows before this start cannot be corrected any more; hosts, "
        "states, presences and ages are kept",
        window.count(), publisher_->window().count());
    change(
        {.kind = StateChange::Kind::kWindow, .time = publisher_->last_change(), .window = window});
  }
  change({.kind = StateChange::Kind::kResume, .time = wall_clock()});
  if (!is_same(publisher_->clusters(), *setup_.clusters)) change_clusters();
}

// Windows keep the map that they were opened with, also when the journal makes them again: so a new
// one is a change like any other.
void Daemon::change_clusters() {
  commit({.kind = StateChange::Kind::kClusters, .time = wall_clock(), .clusters = setup_.clusters},
         [this](StateChange made, std::uint64_t sequence) { make(std::move(made), sequence); });
}

// Spools of destinations that have another name now, or are gone: nobody delivers what is in them.
void Daemon::find_orphaned_spools() {
  std::set<std::string> used;
  for (const DestinationConfig& destination : setup_.config.destinations)
    used.insert(spool_file_of(destination));
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(state_folder_, error)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("spool-") || !name.ends_with(".db") || used.contains(entry.path()))
      continue;
    const auto count = SpoolTables::count_waiting(entry.path());
    orphaned_spools_.push_back({entry.path(), count ? *count : 0});
    say(LogId::kSpoolOrphaned, "{} is the spool of no destination: {}; {}", entry.path().string(),
        count ? fmt::format("{} datapoints wait in it", *count) : count.error().message(),
        "give the destination its old name back and they are delivered, or remove the file");
  }
  std::ranges::sort(orphaned_spools_, {}, &OrphanedSpool::file);
}

// They are opened on the store's thread, and say until where the journal's rows are in them.
void Daemon::await_spools() {
  const auto is_open = [](const auto& delivery) { return delivery->spool().is_open(); };
  while (!std::ranges::all_of(deliveries_, is_open)) uv_run(&loop_, UV_RUN_ONCE);
}

// What the workers have reported.
void Daemon::commit(StateChange::Kind kind) {
  is_committing_ = true;
  const std::uint64_t samples = samples_at_risk_;
  commit({.kind = kind, .time = wall_clock(), .deltas = std::exchange(deltas_, {})},
         [this, samples](StateChange change, std::uint64_t sequence) {
           is_committing_ = false;
           samples_at_risk_ -= samples;
           const bool was_last = change.kind == StateChange::Kind::kFlush;
           if (is_restored_) make(std::move(change), sequence);
           if (was_last) {
             begin_delivering();
           } else {
             end_tick();
           }
         });
}

// A change is in the journal before it is made, and made before it is published.
void Daemon::commit(StateChange change,
                    std::move_only_function<void(StateChange, std::uint64_t)> then) {
  if (keeper_) {
    keeper_->commit(std::move(change), std::move(then));
  } else {
    then(std::move(change), 0);
  }
}

void Daemon::make(StateChange change, std::uint64_t sequence) {
  std::vector<Datapoint> datapoints;
  apply(std::move(change), *publisher_, datapoints);
  publish(std::move(datapoints), sequence);
}

void Daemon::take_forget_orders() {
  for (auto& order : forget_orders_.take()) {
    if (phase_ != Phase::kRunning) {
      forget_orders_.answer(*order, Forgotten::kNoAnswer);
      continue;
    }
    // Whoever means the old name does not mean the host that lives on under another.
    if (const auto name = setup_.clusters->resolve_alias(order->host); name != order->host) {
      say(LogId::kForgetRefused, "forget {}: refused, for it is an alias of {}; forget that name",
          quote(order->host), quote(name));
      forget_orders_.answer(*order, Forgotten::kUnknownHost);
      continue;
    }
    StateChange change{
        .kind = StateChange::Kind::kForget, .time = wall_clock(), .host = order->host};
    commit(std::move(change), [this, order](StateChange asked, std::uint64_t) {
      std::vector<Datapoint> none;
      const bool was_known = apply(std::move(asked), *publisher_, none);
      observations_.forget(order->host);
      say(LogId::kHostForgotten, "forget {}: {}", quote(order->host),
          was_known ? "done" : "no such host is known");
      forget_orders_.answer(*order, was_known ? Forgotten::kDone : Forgotten::kUnknownHost);
    });
  }
}

void Daemon::log_notices() {
  if (!keeper_) return;
  for (const Notice& notice : keeper_->take_notices()) say(notice);
}

}  // namespace sluice
