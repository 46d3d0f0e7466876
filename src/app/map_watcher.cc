#include "app/map_watcher.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

#include "app/map_change.h"
#include "app/setup.h"

namespace sluice {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

MapWatcher::MapWatcher(const ClusterConfig& config, ClusterMapDefinition current,
                       HostNameOptions names)
    : config_(config), current_(std::move(current)), names_(std::move(names)) {}

std::optional<MapNews> MapWatcher::poll(Timestamp now) {
  if (config_.file.empty()) return std::nullopt;
  // A clock that was set back must not stop the looking.
  if (looked_ && now >= *looked_ && now - *looked_ < kInterval) return std::nullopt;
  looked_ = now;
  // Before the file is read: whoever writes to it meanwhile makes another one of it.
  const auto identity = identify();
  if (has_read_ && identity == seen_) return std::nullopt;
  has_read_ = true;
  seen_ = identity;
  return read(identity);
}

std::string MapWatcher::adopt(const ClusterConfig& config, ClusterMapDefinition current) {
  config_ = config;
  std::string words;
  if (current != current_) {
    ++reloads_;
    words = describe_map_change(current_, current);
  }
  current_ = std::move(current);
  // The file may have changed since the reload read it, so it is read once more.
  looked_.reset();
  has_read_ = false;
  refusal_.clear();
  return words;
}

std::optional<MapWatcher::Identity> MapWatcher::identify() const {
  struct stat found{};
  if (::stat(config_.file.c_str(), &found) != 0) return std::nullopt;
  return Identity{.device = found.st_dev,
                  .inode = found.st_ino,
                  .size = found.st_size,
                  .modified_ns = nanoseconds(found.st_mtim),
                  .changed_ns = nanoseconds(found.st_ctim),
                  .is_regular = S_ISREG(found.st_mode)};
}

std::optional<MapNews> MapWatcher::read(const std::optional<Identity>& identity) {
  // Opening a pipe would wait for whoever writes to it.
  if (identity && !identity->is_regular) return refuse(config_.file + ": not a regular file");
  auto loaded = load_named_map(config_.file, names_);
  if (!loaded) return refuse(loaded.error().message());
  if (*loaded == current_) {
    if (refusal_.empty()) return std::nullopt;
    refusal_.clear();
    return MapNews{MapNews::Kind::kAgain, nullptr,
                   fmt::format("cluster map {}: again what is in use", config_.file)};
  }
  if (has_shrunk(current_, *loaded)) {
    return refuse(fmt::format(
        "{}: {}, more than a fifth fewer than in use ({}); if that is meant, SIGHUP takes "
        "it all the same",
        config_.file, map_size_in_words(*loaded), map_size_in_words(current_)));
  }
  auto clusters = ClusterMap::make(*loaded, cluster_options_of(config_));
  if (!clusters) return refuse(clusters.error().message());
  MapNews news{MapNews::Kind::kTaken, std::move(*clusters),
               fmt::format("cluster map {}: taken, {}", config_.file,
                           describe_map_change(current_, *loaded))};
  current_ = std::move(*loaded);
  refusal_.clear();
  ++reloads_;
  return news;
}

MapNews MapWatcher::refuse(const std::string& why) {
  ++refusals_;
  refusal_ = why;
  return {MapNews::Kind::kRefused, nullptr,
          fmt::format("cluster map refused, the old one stays: {}", why)};
}

}  // namespace sluice
