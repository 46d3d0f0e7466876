#include "sluice/graphite/paths.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sluice/values/path_node.h"

namespace sluice {
namespace {

struct DefaultTemplate {
  std::string_view scope;
  std::string_view text;
};

constexpr std::array<DefaultTemplate, 4> kDefaultTemplates{{
    {"hosts", "{prefix}.hosts.{cluster}.{host}"},
    {"clusters", "{prefix}.clusters.{cluster}"},
    {"all", "{prefix}.all"},
    {"relays", "{prefix}.relays.{instance}"},
}};

std::string_view template_of(const PathOptions& options, std::string_view scope) {
  if (const auto found = options.templates.find(std::string(scope));
      found != options.templates.end())
    return found->second;
  return std::ranges::find(kDefaultTemplates, scope, &DefaultTemplate::scope)->text;
}

}  // namespace

Expected<Paths> Paths::make(const PathOptions& options) {
  for (const auto& [scope, text] : options.templates) {
    if (std::ranges::find(kDefaultTemplates, scope, &DefaultTemplate::scope) ==
        kDefaultTemplates.end()) {
      return fail("expected one of hosts, clusters, all, relays, found \"" + scope + '"');
    }
  }
  Paths paths;
  const auto compile_scope = [&](std::string_view scope, bool with_cluster, bool with_host,
                                 Template& out) -> Expected<void> {
    auto compiled = compile(template_of(options, scope), options, with_cluster, with_host);
    if (!compiled) return at(scope, std::move(compiled).error());
    out = std::move(*compiled);
    return {};
  };
  if (auto done = compile_scope("hosts", true, true, paths.hosts_); !done)
    return std::unexpected(done.error());
  if (auto done = compile_scope("clusters", true, false, paths.clusters_); !done)
    return std::unexpected(done.error());
  if (auto done = compile_scope("all", false, false, paths.all_); !done)
    return std::unexpected(done.error());
  if (auto done = compile_scope("relays", false, false, paths.relays_); !done)
    return std::unexpected(done.error());
  return paths;
}

Expected<Paths::Template> Paths::compile(std::string_view text, const PathOptions& options,
                                         bool with_cluster, bool with_host) {
  Template pieces;
  bool has_cluster = false;
  bool has_host = false;
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
    } else if (name == "cluster" && with_cluster) {
      pieces.push_back({{}, Piece::Kind::kCluster});
      has_cluster = true;
    } else if (name == "host" && with_host) {
      pieces.push_back({{}, Piece::Kind::kHost});
      has_host = true;
    } else {
      return fail("expected {prefix}, {instance}" + std::string(with_cluster ? ", {cluster}" : "") +
                  (with_host ? ", {host}" : "") + ", found \"{" + std::string(name) + "}\" in \"" +
                  whole + '"');
    }
    text.remove_prefix(close + 1);
  }
  if (with_host && !has_host)
    return fail("expected {host} in \"" + whole + "\", or all hosts would share one path");
  if (with_cluster && !with_host && !has_cluster) {
    return fail("expected {cluster} in \"" + whole + "\", or all clusters would share one path");
  }
  if (!is_metric_path(render(pieces, "c", "h"))) {
    return fail("expected nodes of [A-Za-z0-9_-] joined by dots, found \"" + whole + '"');
  }
  return pieces;
}

std::string Paths::render(const Template& pieces, std::string_view cluster, std::string_view host) {
  std::string path;
  for (const Piece& piece : pieces) {
    switch (piece.kind) {
      case Piece::Kind::kText:
        path += piece.text;
        break;
      case Piece::Kind::kCluster:
        append_path_node(path, cluster);
        break;
      case Piece::Kind::kHost:
        append_path_node(path, host);
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
std::string Paths::all() const { return render(all_, {}, {}); }
std::string Paths::relay() const { return render(relays_, {}, {}); }

}  // namespace sluice
