// What a running relay takes of a changed configuration: rules, cluster map and destinations.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "app/change_words.h"
#include "app/daemon.h"
#include "app/log.h"
#include "config/config_changes.h"

namespace sluice {
namespace {

LogId id_of(MapNews::Kind kind) noexcept {
  switch (kind) {
    case MapNews::Kind::kTaken:
      return LogId::kMapTaken;
    case MapNews::Kind::kRefused:
      return LogId::kMapRefused;
    case MapNews::Kind::kAgain:
      return LogId::kMapAgain;
  }
  return LogId::kMapRefused;
}

}  // namespace

// All or nothing: a mistake leaves everything as it was.
void Daemon::reload() {
  if (phase_ == Phase::kStarting) {
    is_reload_due_ = true;
    return;
  }
  if (phase_ != Phase::kRunning) {
    say(LogId::kReloadLate, "SIGHUP: the relay stops, so nothing is read again");
    return;
  }
  service_.reloading();
  take_new_setup();
  service_.ready();
}

void Daemon::take_new_setup() {
  auto fresh = load_setup(options_.setup);
  config_error_ = fresh ? std::string() : fresh.error().message();
  if (!fresh) {
    say(LogId::kReloadRefused, "reload refused, the old rules, map and destinations stay: {}",
        fresh.error().message());
    return;
  }
  for (const std::string& warning : fresh->warnings) say(LogId::kConfigDoubtful, "{}", warning);
  for (const auto& worker : workers_) worker->set_rules(fresh->rules);
  publisher_->set_presences(fresh->presences);
  say(LogId::kReloaded, "reloaded: {}; {} destinations",
      describe_rules_change(setup_.packs, fresh->packs), fresh->config.destinations.size());
  if (const auto left = changes_for_restart(setup_.config, fresh->config); !left.empty())
    say(LogId::kRestartNeeded, "changed in the configuration, and taken by a restart alone: {}",
        fmt::join(left, ", "));
  const std::string moved =
      map_watcher_.adopt(fresh->config.clusters, std::move(fresh->cluster_map));
  if (!moved.empty()) say(LogId::kMapTaken, "cluster map: taken, {}", moved);
  change_destinations(fresh->config.destinations);
  setup_.config.destinations = std::move(fresh->config.destinations);
  setup_.packs = std::move(fresh->packs);
  setup_.presences = std::move(fresh->presences);
  setup_.rules = std::move(fresh->rules);
  observations_.set_rules(*setup_.rules);
  setup_.clusters = std::move(fresh->clusters);
  change_clusters();
  explainer_.take(setup_);
}

// In the order of the configuration, as after a restart. Those that stay are not disturbed.
void Daemon::change_destinations(const std::vector<DestinationConfig>& wanted) {
  const std::uint64_t published = stats().datapoints_published;
  std::vector<std::unique_ptr<Delivery>> fresh;
  for (const DestinationConfig& config : wanted) fresh.push_back(take_delivery(config));
  for (const auto& delivery : std::exchange(deliveries_, {})) {
    if (delivery) remove_delivery(*delivery);
  }
  // Their spools are closed before one of these opens a file: jobs are done in order.
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!fresh[i]) fresh[i] = add_delivery(wanted[i], published);
  }
  deliveries_ = std::move(fresh);
}

// The one of that name, configured anew; nothing when there is none.
std::unique_ptr<Delivery> Daemon::take_delivery(const DestinationConfig& config) {
  const auto found = std::ranges::find_if(
      deliveries_, [&](const auto& one) { return one && one->name() == config.name; });
  if (found == deliveries_.end()) return nullptr;
  if ((*found)->config() != config) {
    say(LogId::kDestinationChanged, "destination {}: changed, delivering to {}", config.name,
        config.carbon.to_string());
    (*found)->change(config);
  }
  return std::move(*found);
}

std::unique_ptr<Delivery> Daemon::add_delivery(const DestinationConfig& config,
                                               std::uint64_t published) {
  say(LogId::kDestinationAdded, "destination {}: new, delivering to {}", config.name,
      config.carbon.to_string());
  const std::string file = spool_file_of(config);
  std::erase_if(orphaned_spools_, [&](const OrphanedSpool& one) { return one.file == file; });
  const auto join = [this](std::uint64_t last_sequence) {
    return keeper_ ? keeper_->begin_above(last_sequence) : 0;
  };
  return std::make_unique<Delivery>(&loop_, *store_, config, file,
                                    LateStart{.join = join, .published_before = published});
}

// What waits on disk is kept for the day that the name comes back, as a start keeps it.
void Daemon::remove_delivery(const Delivery& delivery) {
  const DestinationSnapshot one = delivery.snapshot();
  const std::uint64_t left = one.waiting + one.in_flight;
  delivery.add_to(departed_);
  if (one.is_spool_on_disk) {
    const std::string file = spool_file_of(delivery.config());
    say(LogId::kDestinationRemoved,
        "destination {}: removed; {} datapoints wait in {} and are delivered when the "
        "destination is back, or remove the file",
        one.name, left, file);
    orphaned_spools_.push_back({file, left});
    std::ranges::sort(orphaned_spools_, {}, &OrphanedSpool::file);
    return;
  }
  datapoints_removed_ += left;
  if (left == 0) {
    say(LogId::kDestinationRemoved, "destination {}: removed", one.name);
  } else {
    say(LogId::kDestinationRemoved,
        "destination {}: removed; {} datapoints waited for it in memory and are dropped "
        "(datapoints_removed)",
        one.name, left);
  }
}

// A map file that changed takes effect by itself; all else waits for SIGHUP.
void Daemon::watch_map() {
  const auto news = map_watcher_.poll(std::chrono::system_clock::now());
  if (!news) return;
  say(id_of(news->kind), "{}", news->words);
  if (news->kind != MapNews::Kind::kTaken) return;
  setup_.clusters = news->clusters;
  change_clusters();
  explainer_.take(setup_);
}

void Daemon::on_reload(uv_signal_t* handle, int) noexcept {
  auto* const self = static_cast<Daemon*>(handle->data);
  if (self != nullptr) self->reload();
}

}  // namespace sluice
