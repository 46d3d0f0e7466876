// What makes the daemon's numbers outlive it: the state folder, the journal and the order in which
// a change is written, made and published.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <utility>

#include "app/daemon.h"

namespace sluice {
namespace {

Timestamp wall_clock() { return std::chrono::system_clock::now(); }

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
  spdlog::warn(
      "{}; windows and what waits for destinations are kept in memory and lost when the relay "
      "stops; give it a folder of its own in which its user may write, and start it again",
      state_error_);
}

std::string Daemon::state_trouble() const {
  if (!state_error_.empty())
    return state_error_ + "; windows and what waits are in memory, and lost if the relay stops";
  if (keeper_ && !keeper_->has_disk())
    return "the journal cannot be written, so open windows are lost if the relay stops; the log "
           "says why";
  return {};
}

std::string Daemon::spool_file_of(const DestinationConfig& destination) const {
  if (state_folder_.empty()) return {};
  return std::filesystem::path(state_folder_) / ("spool-" + destination.name + ".db");
}

void Daemon::restore(const Paths& paths) {
  const auto fresh = [&] {
    return std::make_unique<Publisher>(publisher_options_of(setup_), paths, setup_.clusters,
                                       wall_clock());
  };
  if (state_folder_.empty()) {
    publisher_ = fresh();
    return;
  }
  await_spools();
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t sequence_floor = 0;
  for (const auto& delivery : deliveries_)
    sequence_floor = std::max(sequence_floor, delivery->spool().last_sequence());
  keeper_ = std::make_unique<StateKeeper>(
      *store_,
      StateKeeper::Options{.journal = {.file = std::filesystem::path(state_folder_) / "journal.db"},
                           .sequence_floor = sequence_floor},
      [this] {
        for (const auto& delivery : deliveries_) delivery->sync({});
      },
      wall_clock());
  std::uint64_t changes = 0;
  const auto on_replayed = [&](std::uint64_t sequence, std::vector<Datapoint>&& datapoints) {
    ++changes;
    if (datapoints.empty()) return;
    const auto shared = std::make_shared<const std::vector<Datapoint>>(std::move(datapoints));
    for (const auto& delivery : deliveries_) {
      // What it published then is in the spool already, but for the very last. All of it is missing
      // in the spool of a destination that is new, or has another name.
      if (sequence <= delivery->spool().last_sequence()) continue;
      delivery->restore(shared, sequence);
      while (!delivery->may_restore()) uv_run(&loop_, UV_RUN_ONCE);
    }
  };
  const StateKeeper::Makers makers{
      .fresh = fresh,
      .restored = [&](std::string_view state, std::span<const std::string> windows) {
        return Publisher::restore(publisher_options_of(setup_), paths, setup_.clusters, state,
                                  windows);
      }};
  publisher_ = keeper_->restore(makers, on_replayed, wall_clock());
  restored_stats_ = publisher_->stats();
  log_notices();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  spdlog::info("state of {}: {} windows, {} hosts, {} ticks of the journal, read in {:.2f} s",
               state_folder_, publisher_->windows().size(), publisher_->host_count(), changes,
               took.count());
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
  commit({.kind = kind, .time = wall_clock(), .deltas = std::exchange(deltas_, {}), .host = {}},
         [this, samples](StateChange change, std::uint64_t sequence) {
           is_committing_ = false;
           samples_at_risk_ -= samples;
           const bool was_last = change.kind == StateChange::Kind::kFlush;
           make(std::move(change), sequence);
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
    StateChange change{.kind = StateChange::Kind::kForget,
                       .time = wall_clock(),
                       .deltas = {},
                       .host = order->host};
    commit(std::move(change), [this, order](StateChange asked, std::uint64_t) {
      std::vector<Datapoint> none;
      const bool was_known = apply(std::move(asked), *publisher_, none);
      observations_.forget(order->host);
      spdlog::info("forget {}: {}", order->host, was_known ? "done" : "no such host is known");
      forget_orders_.answer(*order, was_known ? Forgotten::kDone : Forgotten::kUnknownHost);
    });
  }
}

void Daemon::log_notices() {
  if (!keeper_) return;
  for (const std::string& notice : keeper_->take_notices()) spdlog::warn("{}", notice);
}

}  // namespace sluice
