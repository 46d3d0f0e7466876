#include "config/pack_files.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "config/duration.h"
#include "base/nearest.h"
#include "config/pack_reader.h"
#include "config/quote.h"
#include "config/text_file.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

Expected<PackDefinition> load_pack(const std::string& file) {
  const auto text = read_text_file(file);
  if (!text) return at(file, text.error());
  return decode_pack(*text, file);
}

// "a, b", for messages.
std::string joined(const std::vector<std::string>& dirs) {
  return dirs.empty() ? "no folder (\"pack_dirs\" is empty)"
                      : fmt::format("{}", fmt::join(dirs, ", "));
}

// Names of the packs that could have been meant.
std::vector<std::string> packs_in(const std::vector<std::string>& dirs) {
  std::vector<std::string> names;
  for (const std::string& dir : dirs) {
    std::error_code ignored;  // A folder that cannot be listed suggests nothing.
    for (const auto& entry : fs::directory_iterator(dir, ignored)) {
      if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
    }
  }
  return names;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& names) {
  const std::vector<std::string_view> views(names.begin(), names.end());
  return did_you_mean(word, views);
}

// "; known here: a, b": for lists that people can take in.
std::string listing(std::vector<std::string> names) {
  constexpr std::size_t kListedMax = 20;
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  if (names.empty() || names.size() > kListedMax) return {};
  return fmt::format("; known here: {}", fmt::join(names, ", "));
}

Expected<std::string> find_pack(const std::string& name, const std::vector<std::string>& dirs) {
  for (const std::string& dir : dirs) {
    const fs::path file = fs::path(dir) / (name + ".json");
    std::error_code ignored;  // Not there, or not to be looked at: the next folder.
    if (fs::exists(file, ignored)) return file.string();
  }
  const auto known = packs_in(dirs);
  return fail(fmt::format("no pack {} in {}{}{}", quote(name), joined(dirs), listing(known),
                          suggestion(name, known)));
}

Expected<PackDefinition> load_named_pack(const std::string& name,
                                         const std::vector<std::string>& dirs) {
  const auto file = find_pack(name, dirs);
  if (!file) return std::unexpected(file.error());
  auto pack = load_pack(*file);
  if (pack && pack->name != name) {
    return at(*file, at("/pack", Error{{},
                                       fmt::format("expected {} as the file is called, got {}",
                                                   quote(name), quote(pack->name))})
                         .error());
  }
  return pack;
}

// Owns what glob() found.
class GlobResult {
 public:
  explicit GlobResult(const std::string& pattern)
      : status_(glob(pattern.c_str(), 0, nullptr, &found_)) {}
  ~GlobResult() { globfree(&found_); }
  GlobResult(const GlobResult&) = delete;
  GlobResult& operator=(const GlobResult&) = delete;

  [[nodiscard]] std::vector<std::string> files() const {
    if (status_ != 0) return {};
    return {found_.gl_pathv, found_.gl_pathv + found_.gl_pathc};
  }

 private:
  glob_t found_{};
  int status_;
};

Expected<std::vector<std::string>> expand(const std::string& pattern) {
  auto files = GlobResult(pattern).files();
  if (files.empty()) return fail("no file matches " + quote(pattern));
  return files;
}

// Collects packs and sees that each name comes once.
class PackList {
 public:
  Expected<void> add(Expected<PackDefinition> pack) {
    if (!pack) return std::unexpected(std::move(pack).error());
    for (const PackDefinition& other : packs_) {
      if (other.name != pack->name) continue;
      if (other.file == pack->file) {
        return at(other.file, Error{{}, "this file is named twice; remove one"});
      }
      return at(pack->file,
                at("/pack", Error{{},
                                  fmt::format("the pack {} is also in {}; rename or remove one",
                                              quote(other.name), other.file)})
                    .error());
    }
    packs_.push_back(std::move(*pack));
    return {};
  }

  // "pack/rule".
  Expected<void> disable(const std::string& id) {
    const std::size_t slash = id.find('/');
    const auto pack = std::find_if(packs_.begin(), packs_.end(), [&](const PackDefinition& known) {
      return known.name == std::string_view(id).substr(0, slash);
    });
    if (pack != packs_.end() && slash != std::string::npos &&
        std::erase_if(pack->rules, [&](const RuleDefinition& rule) {
          return rule.name == std::string_view(id).substr(slash + 1);
        }) > 0) {
      return {};
    }
    return fail(fmt::format("no rule {}{}", quote(id), suggestion(id, ids())));
  }

  [[nodiscard]] std::vector<PackDefinition> take() && { return std::move(packs_); }

 private:
  [[nodiscard]] std::vector<std::string> ids() const {
    std::vector<std::string> ids;
    for (const PackDefinition& pack : packs_) {
      for (const RuleDefinition& rule : pack.rules) ids.push_back(pack.name + "/" + rule.name);
    }
    return ids;
  }

  std::vector<PackDefinition> packs_;
};

// Places an error of an entry of one of the configuration's lists. Errors of files name the file.
std::unexpected<Error> at_entry(const Config& config, const char* list, std::size_t index,
                                Error error) {
  if (!error.where.empty()) return std::unexpected(std::move(error));
  std::string place = fmt::format("/{}/{}", list, index);
  if (!config.file.empty()) place = config.file + ": " + place;
  return at(place, std::move(error));
}

Expected<void> add_named(const Config& config, PackList& packs) {
  for (std::size_t i = 0; i < config.packs.size(); ++i) {
    auto added = packs.add(load_named_pack(config.packs[i], config.pack_dirs));
    if (!added) return at_entry(config, "packs", i, std::move(added).error());
  }
  return {};
}

Expected<void> add_files(const Config& config, PackList& packs) {
  for (std::size_t i = 0; i < config.rules.size(); ++i) {
    const auto files = expand(config.rules[i]);
    if (!files) return at_entry(config, "rules", i, files.error());
    for (const std::string& file : *files) {
      if (auto added = packs.add(load_pack(file)); !added) return added;
    }
  }
  return {};
}

// What the configuration says of a sign of life goes before what its packs say.
Expected<void> override_presence(const Config& config, std::vector<PackDefinition>& packs) {
  for (const auto& [name, every] : config.presence) {
    std::vector<std::string> known;
    bool is_known = false;
    for (PackDefinition& pack : packs) {
      if (!pack.presence) continue;
      known.push_back(pack.presence->name);
      if (pack.presence->name != name) continue;
      pack.presence->every = every;
      is_known = true;
    }
    if (is_known) continue;
    const std::string place = "/presence/" + name;
    return at(config.file.empty() ? place : config.file + ": " + place,
              Error{{}, "no pack has this sign of life" + suggestion(name, known)});
  }
  return {};
}

// Packs may share a sign of life when they agree on it.
Expected<void> check_presence(const std::vector<PackDefinition>& packs) {
  std::map<std::string_view, const PackDefinition*> seen;
  for (const PackDefinition& pack : packs) {
    if (!pack.presence) continue;
    const auto [first, is_new] = seen.try_emplace(pack.presence->name, &pack);
    if (is_new || *first->second->presence == *pack.presence) continue;
    if (first->second->presence->every == pack.presence->every) {
      return at(
          pack.file,
          at("/presence",
             Error{{}, "expected the same \"hosts\" and \"clusters\" as in " + first->second->file})
              .error());
    }
    return at(pack.file,
              at("/presence/every",
                 Error{{},
                       fmt::format("expected {} as in {}, got {}; or say it for both in "
                                   "\"presence\" of the configuration",
                                   format_duration(first->second->presence->every),
                                   first->second->file, format_duration(pack.presence->every))})
                  .error());
  }
  return {};
}

}  // namespace

std::vector<std::string> default_pack_dirs() {
  std::error_code ignored;  // Without /proc only the built-in folder is left.
  const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  // Beside the program, in the source tree above its build folder, in its installation.
  for (const char* const place : {"rules", "../rules", "../../rules", "../share/sluice/rules"}) {
    const fs::path dir = (folder / place).lexically_normal();
    if (!folder.empty() && fs::exists(dir / "puppet-agent.json", ignored)) return {dir.string()};
  }
  return {SLUICE_RULES_DIR};
}

Expected<std::vector<PackDefinition>> load_packs(const Config& config) {
  PackList packs;
  if (auto added = add_named(config, packs); !added) return std::unexpected(added.error());
  if (auto added = add_files(config, packs); !added) return std::unexpected(added.error());
  for (std::size_t i = 0; i < config.disable.size(); ++i) {
    if (auto done = packs.disable(config.disable[i]); !done) {
      return at_entry(config, "disable", i, std::move(done).error());
    }
  }
  std::vector<PackDefinition> taken = std::move(packs).take();
  if (auto done = override_presence(config, taken); !done) return std::unexpected(done.error());
  if (auto done = check_presence(taken); !done) return std::unexpected(done.error());
  return taken;
}

}  // namespace sluice
