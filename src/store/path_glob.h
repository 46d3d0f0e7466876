#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/error.h"

namespace sluice {

// A pattern of metric paths as Graphite has them: nodes joined by dots, in which `*` stands for any
// letters, `?` for one, `[a-f]` for one of these, `{this,that}` for either. None of them stands for
// a dot.
class PathGlob {
 public:
  // Refuses what is empty, too long, or not closed.
  [[nodiscard]] static Expected<PathGlob> parse(std::string_view text);

  struct Node {
    std::vector<std::string> alternatives;  // Without braces; one at least.
    bool is_literal = false;                // One alternative, without wildcards.
  };
  [[nodiscard]] const std::vector<Node>& nodes() const noexcept { return nodes_; }

  [[nodiscard]] static bool matches(const Node& node, std::string_view name);

 private:
  std::vector<Node> nodes_;
};

}  // namespace sluice
