#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/error.h"

namespace sluice {

struct PathOptions {
  std::string prefix = "sluice";
  std::string instance = "relay";
  // Templates by scope (hosts, clusters, groups, all, relays) that replace the defaults; {prefix},
  // {instance}, {cluster}, {host}, {group} and {value} stand for what they say.
  std::map<std::string, std::string> templates;
};

// What stands before METRIC.STAT in the metric paths of each scope.
class Paths {
 public:
  // Refuses an unknown scope or placeholder, a template that could give two hosts (or clusters) one
  // path, and one whose fixed parts are no metric path.
  [[nodiscard]] static Expected<Paths> make(const PathOptions& options);

  // Without the dot at the end: "sluice.hosts.web.web01_example_com". Host and cluster become one
  // path node each.
  [[nodiscard]] std::string host(std::string_view cluster, std::string_view host) const;
  [[nodiscard]] std::string cluster(std::string_view cluster) const;
  // Hosts that share a value of another group than the cluster: "sluice.by.environment.prod".
  [[nodiscard]] std::string group(std::string_view group, std::string_view value) const;
  [[nodiscard]] std::string all() const;
  [[nodiscard]] std::string relay() const;

 private:
  struct Piece {
    std::string text;
    enum class Kind : unsigned char { kText, kMajor, kMinor } kind = Kind::kText;
  };
  using Template = std::vector<Piece>;
  struct Kind;  // What one scope's template may and must hold.

  [[nodiscard]] static Expected<Template> compile(std::string_view text, const PathOptions& options,
                                                  const Kind& kind);
  [[nodiscard]] static Expected<Template> parse(std::string_view text, const PathOptions& options,
                                                const Kind& kind);
  // `major` is the cluster or the group, `minor` the host or the group's value.
  [[nodiscard]] static std::string render(const Template& pieces, std::string_view major,
                                          std::string_view minor);

  Template hosts_;
  Template clusters_;
  Template groups_;
  Template all_;
  Template relays_;
};

}  // namespace sluice
