#pragma once

#include <map>
#include <string>
#include <string_view>

#include "sluice/base/error.h"

namespace sluice {

// One node of a metric path: [A-Za-z0-9_-], at most 200 bytes.
[[nodiscard]] Expected<std::string> parse_path_node(std::string_view text);

// Path nodes joined by dots.
[[nodiscard]] Expected<std::string> parse_prefix(std::string_view text);

// The template of a scope ("hosts", "clusters", "groups", "all", "relays"): a path in which
// {prefix}, {instance}, {cluster}, {host}, {group} and {value} may stand where they have a meaning,
// and must stand where series would otherwise share a path.
[[nodiscard]] Expected<std::string> parse_path_template(std::string_view scope,
                                                        std::string_view text);

// Refuses templates (those of `paths`, the defaults for the others) that differ in nothing but
// placeholders, so that a host and a cluster of one name would share a path.
[[nodiscard]] Expected<void> check_paths_differ(const std::map<std::string, std::string>& paths,
                                                std::string_view prefix);

}  // namespace sluice
