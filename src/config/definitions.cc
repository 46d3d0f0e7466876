#include "config/definitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "config/json_text.h"
#include "config/names.h"
#include "base/nearest.h"
#include "config/quote.h"
#include "config/text_file.h"
#include "sluice/rules/pattern.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

// Parts inside of parts; more is a part that holds itself.
constexpr int kDepthMax = 16;
// Parts that hold others several times can grow without end.
constexpr std::size_t kPatternBytesMax = 64 * 1024;
constexpr std::string_view kOpening = "(?&";

// Where the next reference opens: "(?&", unless a backslash makes the parenthesis a literal.
std::size_t find_reference(std::string_view pattern, std::size_t from) {
  for (std::size_t at = pattern.find(kOpening, from); at != std::string_view::npos;
       at = pattern.find(kOpening, at + 1)) {
    std::size_t backslashes = 0;
    while (backslashes < at && pattern[at - 1 - backslashes] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return at;
  }
  return std::string_view::npos;
}

Expected<std::vector<std::string>> decode_apps(const JsonValue& value) {
  auto apps =
      decode_list(value, [](const JsonValue& app) { return decode_parsed(app, parse_app); });
  if (apps && apps->empty()) return value.expected("at least one program");
  return apps;
}

// Reads included files, each once however many include it.
class Includer {
 public:
  Expected<Definitions> include(const JsonValue& list, const fs::path& file) {
    const auto names = decode_list(list, decode_text);
    if (!names) return std::unexpected(names.error());
    Definitions found;
    open_.push_back(file.lexically_normal());
    for (std::size_t i = 0; i < names->size(); ++i) {
      auto included = include_file((file.parent_path() / (*names)[i]).lexically_normal());
      auto merged = included ? found.merge(*included)
                             : Expected<void>(std::unexpected(std::move(included).error()));
      if (!merged) return at(list.item(i).pointer(), std::move(merged).error());
    }
    open_.pop_back();
    return found;
  }

 private:
  Expected<Definitions> include_file(const fs::path& file) {
    if (const auto again = std::ranges::find(open_, file); again != open_.end()) {
      std::string circle;
      for (auto step = again; step != open_.end(); ++step) circle += step->string() + " -> ";
      return fail("files that include each other in a circle: " + circle + file.string());
    }
    if (const auto known = done_.find(file.string()); known != done_.end()) return known->second;
    const auto text = read_text_file(file.string());
    if (!text) return at(file.string(), text.error());
    const auto json = parse_json(*text, file.string());
    if (!json) return std::unexpected(json.error());
    Notes notes;
    auto definitions = decode(JsonValue(*json, "", notes), file);
    if (!definitions) return at(file.string(), std::move(definitions).error());
    return done_.emplace(file.string(), std::move(*definitions)).first->second;
  }

  Expected<Definitions> decode(const JsonValue& root, const fs::path& file) {
    Definitions definitions;
    std::string schema;  // For editors only.
    ObjectReader reader(root);
    reader.read("$schema", schema, decode_any_text);
    reader.read("include", definitions, [&](const JsonValue& list) { return include(list, file); });
    reader.read("define", definitions, [&](const JsonValue& define) -> Expected<Definitions> {
      Definitions all = definitions;
      if (auto done = all.add(define, file.string()); !done) {
        return std::unexpected(std::move(done).error());
      }
      return all;
    });
    if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
    return definitions;
  }

  std::vector<fs::path> open_;  // The files that are being read, each included by the one before.
  std::map<std::string, Definitions> done_;
};

}  // namespace

Expected<void> Definitions::add(const JsonValue& define, std::string_view file) {
  if (!define.json().is_object()) {
    return define.expected("an object such as {\"number\": \"\\\\d+\"}");
  }
  for (const auto& [name, json] : define.json().items()) {
    const JsonValue value = define.member(name);
    if (auto known = parse_identifier(name); !known) {
      return at(value.pointer(), std::move(known).error());
    }
    Definition definition{{}, fmt::format("{}: {}", file, value.pointer())};
    if (json.is_array()) {
      auto apps = decode_apps(value);
      if (!apps) return std::unexpected(std::move(apps).error());
      definition.value = std::move(*apps);
    } else if (json.is_string() && !json.get_ref<const std::string&>().empty()) {
      definition.value = json.get<std::string>();
    } else {
      return value.expected("a part of a pattern, or a list of programs");
    }
    if (auto kept = keep(name, std::move(definition)); !kept) {
      return at(value.pointer(), std::move(kept).error());
    }
  }
  // Parts may stand in any order, so they are tried when all are there.
  for (const auto& [name, json] : define.json().items()) {
    if (!json.is_string()) continue;
    const auto expanded = expand(json.get_ref<const std::string&>());
    if (!expanded) return at(define.member(name).pointer(), expanded.error());
    if (auto tried = Pattern::compile(*expanded); !tried) {
      return at(define.member(name).pointer(), std::move(tried).error());
    }
  }
  return {};
}

Expected<void> Definitions::merge(const Definitions& other) {
  for (const auto& [name, definition] : other.by_name_) {
    if (auto kept = keep(name, definition); !kept) return kept;
  }
  return {};
}

Expected<void> Definitions::keep(const std::string& name, Definition definition) {
  const auto [known, is_new] = by_name_.try_emplace(name, definition);
  if (is_new || known->second.place == definition.place) return {};
  return fail(fmt::format("{} is defined twice, also in {}; rename or remove one", quote(name),
                          known->second.place));
}

Expected<std::string> Definitions::expand(std::string_view pattern) const {
  std::string expanded;
  if (auto done = expand_into(pattern, 0, expanded); !done) {
    return std::unexpected(std::move(done).error());
  }
  return expanded;
}

Expected<void> Definitions::expand_into(std::string_view pattern, int depth,
                                        std::string& out) const {
  std::size_t from = 0;
  for (std::size_t open = find_reference(pattern, 0); open != std::string_view::npos;
       open = find_reference(pattern, from)) {
    const std::size_t close = pattern.find(')', open);
    if (close == std::string_view::npos) return fail("a \"(?&\" without its \")\"");
    const std::string_view name =
        pattern.substr(open + kOpening.size(), close - open - kOpening.size());
    const auto part = find<std::string>(name, "a part of a pattern");
    if (!part) return std::unexpected(part.error());
    if (depth >= kDepthMax) {
      return fail(fmt::format("the part {} holds itself, or others deeper than {}", quote(name),
                              kDepthMax));
    }
    out += pattern.substr(from, open - from);
    out += "(?:";
    if (auto done = expand_into(**part, depth + 1, out); !done) return done;
    out += ')';
    from = close + 1;
    if (out.size() > kPatternBytesMax) break;
  }
  out += pattern.substr(from);
  if (out.size() <= kPatternBytesMax) return {};
  return fail(fmt::format("with its parts the pattern is longer than {} octets", kPatternBytesMax));
}

Expected<std::vector<std::string>> Definitions::apps(std::string_view name) const {
  const auto apps = find<std::vector<std::string>>(name, "a list of programs");
  if (!apps) return std::unexpected(apps.error());
  return **apps;
}

template <typename Wanted>
Expected<const Wanted*> Definitions::find(std::string_view name, std::string_view what) const {
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    if (const auto* value = std::get_if<Wanted>(&found->second.value)) return value;
    return fail(fmt::format("{} is not {}; see {}", quote(name), what, found->second.place));
  }
  std::vector<std::string_view> names;
  for (const auto& [known, definition] : by_name_) {
    if (std::holds_alternative<Wanted>(definition.value)) names.push_back(known);
  }
  return fail(fmt::format("expected {} under \"define\", found no {}{}", what, quote(name),
                          did_you_mean(name, names)));
}

Expected<Definitions> include_definitions(const JsonValue& include, std::string_view file) {
  return Includer().include(include, fs::path(file));
}

Expected<std::string> parse_app(std::string_view text) {
  const auto is_printable = [](char c) { return c > 0x20 && c < 0x7F; };
  const std::size_t star = text.find('*');
  const bool is_fine = std::all_of(text.begin(), text.end(), is_printable) && text != "*" &&
                       !text.starts_with('@') &&
                       (star == std::string_view::npos || star + 1 == text.size());
  if (is_fine) return std::string(text);
  return fail(
      "expected an APP-NAME, or a prefix and one '*' at its end (no \"app\" at all means every "
      "program), got " +
      quote(text));
}

}  // namespace sluice
