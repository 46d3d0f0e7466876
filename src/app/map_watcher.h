#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "sluice/base/time.h"
#include "sluice/pipeline/cluster_map.h"
#include "sluice/pipeline/host_name.h"
#include "sluice/values/cluster_map.h"

namespace sluice {

// What a look at the cluster map file brought.
struct MapNews {
  enum class Kind : std::uint8_t {
    kTaken,    // It has changed; `clusters` is the new map.
    kRefused,  // It has changed and cannot be used; the old map stays.
    kAgain,    // It was refused, and is now what has been in use all the time.
  } kind = Kind::kTaken;
  std::shared_ptr<const ClusterMap> clusters;  // kTaken only.
  std::string words;                           // One line for the log.
};

// Reads the cluster map file again when it changes, whether it is written in place or replaced.
// Refused, once for each change, is a file that is not there, cannot be read or decoded, or has
// lost more than a fifth of its hosts.
class MapWatcher {
 public:
  // How often the file is looked at.
  static constexpr std::chrono::seconds kInterval{5};

  // `current` is what the file said when `config` was loaded, its hosts called as `names` says.
  MapWatcher(const ClusterConfig& config, ClusterMapDefinition current, HostNameOptions names = {});

  // Looks at the file if it is time to, and reads it if it has changed.
  [[nodiscard]] std::optional<MapNews> poll(Timestamp now);

  // A reload has read the file: what it found is in use, whatever poll() would say of it. Returns
  // what has changed, for the log; empty when nothing has.
  std::string adopt(const ClusterConfig& config, ClusterMapDefinition current);

  [[nodiscard]] std::uint64_t reloads() const noexcept { return reloads_; }
  [[nodiscard]] std::uint64_t refusals() const noexcept { return refusals_; }
  // Why the file as it is now is not in use; empty when it is.
  [[nodiscard]] const std::string& refusal() const noexcept { return refusal_; }

 private:
  // Two files that agree in all of this are one file that nobody has written to.
  struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    bool is_regular = false;
    friend bool operator==(const Identity&, const Identity&) = default;
  };

  [[nodiscard]] std::optional<Identity> identify() const;
  [[nodiscard]] std::optional<MapNews> read(const std::optional<Identity>& identity);
  [[nodiscard]] MapNews refuse(const std::string& why);

  ClusterConfig config_;
  ClusterMapDefinition current_;
  HostNameOptions names_;
  std::optional<Timestamp> looked_;
  bool has_read_ = false;
  std::optional<Identity> seen_;  // Of the file when it was read; none: it was not there.
  std::string refusal_;
  std::uint64_t reloads_ = 0;
  std::uint64_t refusals_ = 0;
};

}  // namespace sluice
