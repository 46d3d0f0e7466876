#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "sluice/base/error.h"
#include "sluice/rules/definition.h"

namespace sluice {

// Where packs are when the configuration names no place: the rules folder of the source tree or
// the installation that this program runs from, else the folder it was built for.
[[nodiscard]] std::vector<std::string> default_pack_dirs();

// Reads the packs of `config.packs` (NAME.json in the first of `config.pack_dirs` that has it) and
// of `config.rules` (files or globs, in the order of their names), and takes out the rules of
// `config.disable`. Every name must be found, every glob must match, no two packs may have one
// name.
[[nodiscard]] Expected<std::vector<PackDefinition>> load_packs(const Config& config);

}  // namespace sluice
