#include "sluice/graphite/paths.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sluice/values/path_node.h"

namespace sluice {

// {cluster} and {group} are the major name of their scope, {host} and {value} the minor one.
struct Paths::Kind {
  std::string_view scope;
  std::string_view text;   // The default.
  std::string_view major;  // Placeholders by name; empty: the scope has none.
  std::string_view minor;
  bool needs_major = false;  // Else two clusters would share one path.
  Template Paths::* target = nullptr;
};

Expected<Paths> Paths::make(const PathOptions& options) {
  static const std::array<Kind, 5> kinds{{
      {"hosts", "{prefix}.hosts.{cluster}.{host}", "cluster", "host", false, &Paths::hosts_},
      {"clusters", "{prefix}.clusters.{cluster}", "cluster", {}, true, &Paths::clusters_},
      {"groups", "{prefix}.by.{group}.{value}", "group", "value", true, &Paths::groups_},
      {"all", "{prefix}.all", {}, {}, false, &Paths::all_},
      {"relays", "{prefix}.relays.{instance}", {}, {}, false, &Paths::relays_},
  }};
  for (const auto& [scope, text] : options.templates) {
    if (std::ranges::find(kinds, scope, &Kind::scope) == kinds.end()) {
      return fail("expected one of hosts, clusters, groups, all, relays, found \"" + scope + '"');
    }
  }
  Paths paths;
  for (const Kind& kind : kinds) {
    const auto chosen = options.templates.find(std::string(kind.scope));
    const std::string_view text = chosen == options.templates.end() ? kind.text : chosen->second;
    auto compiled = compile(text, options, kind);
    if (!compiled) return at(kind.scope, std::move(compiled).error());
    paths.*kind.target = std::move(*compiled);
  }
  return paths;
}

Expected<Paths::Template> Paths::compile(std::string_view text, const PathOptions& options,
                                         const Kind& kind) {
  auto pieces = parse(text, options, kind);
  if (!pieces) return pieces;
  const auto has = [&](Piece::Kind wanted) {
    return std::ranges::find(*pieces, wanted, &Piece::kind) != pieces->end();
  };
  const auto lacks = [&](std::string_view name) {
    return fail("expected {" + std::string(name) + "} in \"" + std::string(text) + "\", or all " +
                std::string(kind.scope) + " would share one path");
  };
  if (!kind.minor.empty() && !has(Piece::Kind::kMinor)) return lacks(kind.minor);
  if (kind.needs_major && !has(Piece::Kind::kMajor)) return lacks(kind.major);
  if (!is_metric_path(render(*pieces, "a", "b"))) {
    return fail("expected nodes of [A-Za-z0-9_-] joined by dots, found \"" + std::string(text) +
                '"');
  }
  return pieces;
}

Expected<Paths::Template> Paths::parse(std::string_view text, const PathOptions& options,
                                       const Kind& kind) {
  Template pieces;
  const std::string whole(text);
  const auto append_text = [&pieces](std::string_view fixed) {
    if (pieces.empty() || pieces.back().kind != Piece::Kind::kText) pieces.push_back({});
    pieces.back().text += fixed;
  };
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    if (open > 0) append_text(text.substr(0, open));
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos)
      return fail("expected a '}' after '{' in \"" + whole + '"');
    const std::string_view name = text.substr(open + 1, close - open - 1);
    if (name == "prefix") {
      append_text(options.prefix);
    } else if (name == "instance") {
      append_text(to_path_node(options.instance));
    } else if (name == kind.major && !name.empty()) {
      pieces.push_back({{}, Piece::Kind::kMajor});
    } else if (name == kind.minor && !name.empty()) {
      pieces.push_back({{}, Piece::Kind::kMinor});
    } else {
      std::string known = "{prefix}, {instance}";
      for (const std::string_view one : {kind.major, kind.minor}) {
        if (!one.empty()) known += ", {" + std::string(one) + '}';
      }
      return fail("expected " + known + ", found \"{" + std::string(name) + "}\" in \"" + whole +
                  '"');
    }
    text.remove_prefix(close + 1);
  }
  return pieces;
}

std::string Paths::render(const Template& pieces, std::string_view major, std::string_view minor) {
  std::string path;
  for (const Piece& piece : pieces) {
    switch (piece.kind) {
      case Piece::Kind::kText:
        path += piece.text;
        break;
      case Piece::Kind::kMajor:
        append_path_node(path, major);
        break;
      case Piece::Kind::kMinor:
        append_path_node(path, minor);
        break;
    }
  }
  return path;
}

std::string Paths::host(std::string_view cluster, std::string_view host) const {
  return render(hosts_, cluster, host);
}
std::string Paths::cluster(std::string_view cluster) const {
  return render(clusters_, cluster, {});
}
std::string Paths::group(std::string_view group, std::string_view value) const {
  return render(groups_, group, value);
}
std::string Paths::all() const { return render(all_, {}, {}); }
std::string Paths::relay() const { return render(relays_, {}, {}); }

}  // namespace sluice
