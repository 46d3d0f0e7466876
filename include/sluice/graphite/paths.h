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
  // Templates by scope that replace the defaults of kDefaultTemplates; {prefix}, {instance},
  // {cluster} and {host} stand for what they say.
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
  [[nodiscard]] std::string all() const;
  [[nodiscard]] std::string relay() const;

 private:
  struct Piece {
    std::string text;
    enum class Kind : unsigned char { kText, kCluster, kHost } kind = Kind::kText;
  };
  using Template = std::vector<Piece>;

  [[nodiscard]] static Expected<Template> compile(std::string_view text, const PathOptions& options,
                                                  bool with_cluster, bool with_host);
  [[nodiscard]] static std::string render(const Template& pieces, std::string_view cluster,
                                          std::string_view host);

  Template hosts_;
  Template clusters_;
  Template all_;
  Template relays_;
};

}  // namespace sluice
