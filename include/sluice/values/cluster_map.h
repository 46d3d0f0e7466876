#pragma once

#include <map>
#include <string>
#include <vector>

namespace sluice {

// The cluster map as plain data, the way `config` decodes it from JSON. Names of hosts are in lower
// case, names and values of groups are path nodes.
struct ClusterMapDefinition {
  struct Entry {
    std::string host;  // A name, or with '*' a pattern: each stands for any run of characters.
    std::string cluster;
    std::map<std::string, std::string> groups;  // "environment" -> "prod"; without the cluster.

    friend bool operator==(const Entry&, const Entry&) = default;
  };

  // Each host once. A name goes before every pattern, and of the patterns that match the first
  // decides: those with more characters besides '*' come first, of equally long ones the
  // alphabetically first, because the order of a JSON object means nothing.
  std::vector<Entry> entries;
  std::map<std::string, std::string> aliases;  // Old name -> name; never a chain.

  friend bool operator==(const ClusterMapDefinition&, const ClusterMapDefinition&) = default;
};

}  // namespace sluice
