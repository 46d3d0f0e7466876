#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/carbon_storage.h"
#include "sluice/base/error.h"
#include "sluice/rules/pattern.h"

namespace sluice {

// What carbon would do with a path: the first section whose pattern is found in it, as in carbon
// 1.1.7, else carbon's own default (60s:7d; average, xFilesFactor 0.5).
class StorageRules {
 public:
  // Reads storage-schemas.conf and, where it exists, storage-aggregation.conf in `folder`.
  [[nodiscard]] static Expected<StorageRules> load_folder(const std::string& folder);
  // storage-schemas.conf alone.
  [[nodiscard]] static Expected<StorageRules> load_schemas(const std::string& file);

  [[nodiscard]] const StorageSchema& schema_of(std::string_view path) const;
  [[nodiscard]] const StorageAggregation& aggregation_of(std::string_view path) const;
  // Sections whose pattern RE2 cannot read (Python's can do more); they are taken for no match.
  [[nodiscard]] const std::vector<std::string>& unreadable() const noexcept { return unreadable_; }

 private:
  template <typename Section>
  struct Entry {
    Section section;
    Pattern pattern;
  };

  // Keeps the order; a pattern that RE2 refuses goes to unreadable_.
  template <typename Section>
  void add(std::vector<Section> sections, std::vector<Entry<Section>>& entries,
           std::string_view file);

  std::vector<Entry<StorageSchema>> schemas_;
  std::vector<Entry<StorageAggregation>> aggregations_;
  std::vector<std::string> unreadable_;
};

}  // namespace sluice
