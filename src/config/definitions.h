#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/json_reader.h"
#include "sluice/base/error.h"

namespace sluice {

// What a pack and the files it includes define by name ("define"): parts of patterns, and lists of
// programs. No name can be defined twice.
class Definitions {
 public:
  // Adds the members of a "define" that was read from `file`.
  [[nodiscard]] Expected<void> add(const JsonValue& define, std::string_view file);
  // Adds those of another file. One that both have from the same place is there once.
  [[nodiscard]] Expected<void> merge(const Definitions& other);

  // `pattern` with "(?:PART)" for each "(?&NAME)". Refuses names that are not defined, parts that
  // hold themselves, and patterns of more than 64 KiB.
  [[nodiscard]] Expected<std::string> expand(std::string_view pattern) const;

  // The programs of the list `name`.
  [[nodiscard]] Expected<std::vector<std::string>> apps(std::string_view name) const;

 private:
  using Value = std::variant<std::string, std::vector<std::string>>;
  struct Definition {
    Value value;
    std::string place;  // "common.json: /define/number"
  };

  [[nodiscard]] Expected<void> keep(const std::string& name, Definition definition);
  [[nodiscard]] Expected<void> expand_into(std::string_view pattern, int depth,
                                           std::string& out) const;
  template <typename Wanted>
  [[nodiscard]] Expected<const Wanted*> find(std::string_view name, std::string_view what) const;

  std::map<std::string, Definition, std::less<>> by_name_;
};

// Reads the files that an "include" of `file` names, relative to its folder, and those that they
// include. They may hold "define", "include" and "$schema". Refuses files that include each other
// in a circle.
[[nodiscard]] Expected<Definitions> include_definitions(const JsonValue& include,
                                                        std::string_view file);

// An APP-NAME of a rule, or a prefix and one '*'.
[[nodiscard]] Expected<std::string> parse_app(std::string_view text);

}  // namespace sluice
