#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/error.h"
#include "sluice/values/byte_encoding.h"
#include "sluice/values/cluster_map.h"

namespace sluice {

// Which cluster a host was put into, and by what.
struct ClusterMatch {
  std::string cluster;
  enum class By : std::uint8_t {
    kMap,       // An exact name in the map file.
    kWildcard,  // A name with '*' in the map file.
    kPattern,   // One of "patterns".
    kDefault,   // Nothing said anything: the host is unmapped.
  } by = By::kDefault;
  std::string rule;  // The name or pattern that decided; empty for kDefault.
};

[[nodiscard]] std::string_view name_of(ClusterMatch::By by) noexcept;

struct ClusterMapOptions {
  std::vector<std::string> patterns;  // RE2 with a capture named "cluster", in order.
  std::string fallback = "other";
};

// Host -> cluster: the map file first, then the patterns, then the default. Immutable; a map file
// that changed makes a new one. Safe to read from several threads.
class ClusterMap {
 public:
  [[nodiscard]] static Expected<std::shared_ptr<const ClusterMap>> make(
      ClusterMapDefinition definition, const ClusterMapOptions& options);
  // As bytes, for what is kept on disk: what decode() makes of them puts every host where this map
  // does. Two maps that were made of the same give the same bytes.
  void encode(ByteWriter& writer) const;
  // Refuses bytes that were cut or are no map.
  [[nodiscard]] static Expected<std::shared_ptr<const ClusterMap>> decode(ByteReader& reader);

  ~ClusterMap();
  ClusterMap(const ClusterMap&) = delete;
  ClusterMap& operator=(const ClusterMap&) = delete;

  // `host` is canonical (lower case). Aliases are resolved first.
  [[nodiscard]] ClusterMatch cluster_of(std::string_view host) const;

  // The name that stands for `host`: itself, unless the map file gives it as an alias of another.
  [[nodiscard]] std::string_view resolve_alias(std::string_view host) const;

  // The other groups that the map file puts the host into, by its name or by a name with '*'; empty
  // for one it does not know. Lives as long as the map.
  [[nodiscard]] const std::map<std::string, std::string>& groups_of(std::string_view host) const;

  // The hosts that the map file names exactly, in its order: those that are expected to be heard.
  // Live as long as the map.
  [[nodiscard]] std::vector<std::string_view> hosts() const;

  // True if the map file or a pattern names the host.
  [[nodiscard]] bool is_mapped(std::string_view host) const;

  struct State;  // For make() alone.
  explicit ClusterMap(std::unique_ptr<const State> state);

 private:
  std::unique_ptr<const State> state_;
};

}  // namespace sluice
