#include "app/storage_rules.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "config/text_file.h"

namespace sluice {
namespace {

constexpr const char* kSchemasFile = "storage-schemas.conf";
constexpr const char* kAggregationFile = "storage-aggregation.conf";

// The text of `file`, decoded; an error names it.
template <typename Decode>
auto read(const std::string& file, Decode decode) -> decltype(decode(std::string_view())) {
  const auto text = read_text_file(file);
  if (!text) return at(file, text.error());
  auto decoded = decode(*text);
  if (!decoded) return at(file, std::move(decoded).error());
  return decoded;
}

template <typename Entries>
const auto* first_match(const Entries& entries, std::string_view path) {
  std::vector<std::string_view> no_groups;
  for (const auto& entry : entries)
    if (entry.pattern.search(path, no_groups)) return &entry.section;
  return static_cast<decltype(&entries.front().section)>(nullptr);
}

}  // namespace

template <typename Section>
void StorageRules::add(std::vector<Section> sections, std::vector<Entry<Section>>& entries,
                       std::string_view file) {
  for (Section& section : sections) {
    auto pattern = Pattern::compile(section.pattern);
    if (pattern) {
      entries.push_back({std::move(section), std::move(*pattern)});
    } else {
      unreadable_.push_back(fmt::format("{}: section [{}]: pattern {} cannot be judged here: {}",
                                        file, section.name, section.pattern,
                                        pattern.error().message()));
    }
  }
}

Expected<StorageRules> StorageRules::load_schemas(const std::string& file) {
  auto schemas = read(file, decode_storage_schemas);
  if (!schemas) return std::unexpected(std::move(schemas).error());
  StorageRules rules;
  rules.add(std::move(*schemas), rules.schemas_, file);
  return rules;
}

Expected<StorageRules> StorageRules::load_folder(const std::string& folder) {
  const std::filesystem::path base(folder);
  auto rules = load_schemas(base / kSchemasFile);
  std::error_code ignored;
  const std::string file = base / kAggregationFile;
  if (!rules || !std::filesystem::exists(file, ignored)) return rules;
  auto aggregations = read(file, decode_storage_aggregation);
  if (!aggregations) return std::unexpected(std::move(aggregations).error());
  rules->add(std::move(*aggregations), rules->aggregations_, file);
  return rules;
}

const StorageSchema& StorageRules::schema_of(std::string_view path) const {
  static const StorageSchema carbons_own{.name = "carbon's own default",
                                         .pattern = "",
                                         .retentions = {{.step = 60, .points = 7 * 24 * 60}}};
  const StorageSchema* const found = first_match(schemas_, path);
  return found != nullptr ? *found : carbons_own;
}

const StorageAggregation& StorageRules::aggregation_of(std::string_view path) const {
  static const StorageAggregation carbons_own{.name = "carbon's own default", .pattern = ""};
  const StorageAggregation* const found = first_match(aggregations_, path);
  return found != nullptr ? *found : carbons_own;
}

}  // namespace sluice
