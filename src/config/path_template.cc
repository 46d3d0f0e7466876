#include "config/path_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/nearest.h"
#include "config/quote.h"
#include "sluice/base/check.h"
#include "sluice/values/path_node.h"

namespace sluice {
namespace {

struct Scope {
  std::string_view name;
  std::string_view fallback;  // The default template.
  std::array<bool, 4> may;    // Which of kPlaceholders have a meaning here.
  std::string_view must;      // The placeholder that tells its series apart, or "".
};

constexpr std::array<std::string_view, 4> kPlaceholders{"prefix", "instance", "cluster", "host"};

constexpr std::array<Scope, 4> kScopes{{
    {"hosts", "{prefix}.hosts.{cluster}.{host}", {true, true, true, true}, "{host}"},
    {"clusters", "{prefix}.clusters.{cluster}", {true, true, true, false}, "{cluster}"},
    {"all", "{prefix}.all", {true, true, false, false}, ""},
    {"relays", "{prefix}.relays.{instance}", {true, true, false, false}, ""},
}};

const Scope& scope_of(std::string_view name) {
  const auto found = std::find_if(kScopes.begin(), kScopes.end(),
                                  [&](const Scope& scope) { return scope.name == name; });
  SLUICE_CHECK(found != kScopes.end(), "callers name scopes that exist");
  return *found;
}

Expected<void> check_placeholder(const Scope& scope, std::string_view name) {
  const auto found = std::find(kPlaceholders.begin(), kPlaceholders.end(), name);
  if (found == kPlaceholders.end()) {
    return fail(
        fmt::format("unknown placeholder {{{}}}; known are {{prefix}}, {{instance}}, "
                    "{{cluster}} and {{host}}{}",
                    name, did_you_mean(name, kPlaceholders)));
  }
  if (!scope.may[static_cast<std::size_t>(found - kPlaceholders.begin())]) {
    return fail(fmt::format("{{{}}} has no meaning in a path of \"{}\"", name, scope.name));
  }
  return {};
}

// `text` with "x" for each placeholder: a path if the template is one.
Expected<std::string> without_placeholders(const Scope& scope, std::string_view text) {
  std::string path;
  while (true) {
    const std::size_t open = text.find('{');
    path += text.substr(0, open);
    if (open == std::string_view::npos) return path;
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) return fail("a '{' without its '}' in " + quote(text));
    if (auto known = check_placeholder(scope, text.substr(open + 1, close - open - 1)); !known) {
      return std::unexpected(std::move(known).error());
    }
    path += 'x';
    text.remove_prefix(close + 1);
  }
}

std::string replaced(std::string text, std::string_view placeholder, std::string_view value) {
  for (std::size_t i = text.find(placeholder); i != std::string::npos;
       i = text.find(placeholder, i + value.size())) {
    text.replace(i, placeholder.size(), value);
  }
  return text;
}

// Equal for templates that can give the same path.
std::string shape_of(std::string text, std::string_view prefix) {
  text = replaced(std::move(text), "{prefix}", prefix);
  for (const std::string_view placeholder : {"{instance}", "{cluster}", "{host}"}) {
    text = replaced(std::move(text), placeholder, "*");
  }
  return text;
}

}  // namespace

Expected<std::string> parse_path_node(std::string_view text) {
  if (is_metric_path(text) && text.find('.') == std::string_view::npos) return std::string(text);
  return fail("expected one path node, [A-Za-z0-9_-] and at most 200 bytes, got " + quote(text));
}

Expected<std::string> parse_prefix(std::string_view text) {
  if (is_metric_path(text)) return std::string(text);
  return fail("expected path nodes of [A-Za-z0-9_-] joined by dots, got " + quote(text));
}

Expected<std::string> parse_path_template(std::string_view scope_name, std::string_view text) {
  const Scope& scope = scope_of(scope_name);
  const auto path = without_placeholders(scope, text);
  if (!path) return std::unexpected(path.error());
  if (!is_metric_path(*path)) {
    return fail(
        fmt::format("expected path nodes of [A-Za-z0-9_-] and placeholders joined by dots, "
                    "such as \"{}\", got {}",
                    scope.fallback, quote(text)));
  }
  if (text.find(scope.must) == std::string_view::npos) {
    return fail(fmt::format("without {} all {} would share one path; got {}", scope.must,
                            scope.name, quote(text)));
  }
  return std::string(text);
}

Expected<void> check_paths_differ(const std::map<std::string, std::string>& paths,
                                  std::string_view prefix) {
  std::map<std::string, std::string_view> scopes;  // By shape.
  for (const Scope& scope : kScopes) {
    const auto chosen = paths.find(std::string(scope.name));
    std::string text(chosen == paths.end() ? scope.fallback : chosen->second);
    const auto [other, is_new] = scopes.try_emplace(shape_of(std::move(text), prefix), scope.name);
    if (is_new) continue;
    return fail(
        fmt::format("the paths of \"{}\" and \"{}\" can be the same; add a node that tells "
                    "them apart",
                    other->second, scope.name));
  }
  return {};
}

}  // namespace sluice
