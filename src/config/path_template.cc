#include "config/path_template.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "config/quote.h"
#include "sluice/graphite/paths.h"
#include "sluice/values/path_node.h"

namespace sluice {

Expected<std::string> parse_path_node(std::string_view text) {
  if (is_metric_path(text) && text.find('.') == std::string_view::npos) return std::string(text);
  return fail("expected one path node, [A-Za-z0-9_-] and at most 200 bytes, got " + quote(text));
}

Expected<std::string> parse_prefix(std::string_view text) {
  if (is_metric_path(text)) return std::string(text);
  return fail("expected path nodes of [A-Za-z0-9_-] joined by dots, got " + quote(text));
}

Expected<std::string> parse_path_template(std::string_view scope, std::string_view text) {
  const PathOptions options{.templates = {{std::string(scope), std::string(text)}}};
  if (auto paths = Paths::make(options); !paths) return fail(std::move(paths).error().what);
  return std::string(text);
}

Expected<void> check_paths_differ(const std::map<std::string, std::string>& paths,
                                  std::string_view prefix) {
  // One name for everything that has one: what then is the same can be the same.
  constexpr const char* kName = "name";
  const auto made =
      Paths::make({.prefix = std::string(prefix), .instance = kName, .templates = paths});
  if (!made) return std::unexpected(made.error());
  const std::array<std::pair<std::string, std::string>, 5> examples{
      {{made->host(kName, kName), "hosts"},
       {made->cluster(kName), "clusters"},
       {made->group(kName, kName), "groups"},
       {made->all(), "all"},
       {made->relay(), "relays"}}};
  std::map<std::string, std::string> scopes;  // By path.
  for (const auto& [path, scope] : examples) {
    const auto [other, is_new] = scopes.try_emplace(path, scope);
    if (is_new) continue;
    return fail(
        fmt::format("the paths of \"{}\" and \"{}\" can be the same; add a node that tells "
                    "them apart",
                    other->second, scope));
  }
  return {};
}

}  // namespace sluice
