#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "sluice/base/error.h"

namespace sluice {

struct LoadOptions {
  bool allow_unknown = false;            // Unknown keys only warn: a newer version wrote the file.
  std::string host_name{};               // Of this machine; empty: the system is asked.
  std::vector<std::string> pack_dirs{};  // Default for "pack_dirs"; empty: default_pack_dirs().
};

struct LoadedConfig {
  Config config;
  std::vector<std::string> warnings;  // One line each, its place first.
};

// The configuration of a relay without a file: every default of docs/config.md.
[[nodiscard]] Config default_config(const LoadOptions& options = {});

// Reads the file at `path`. Relative paths in it are relative to its folder. The first mistake is
// the error, one line: "sluice.json: /destinations/0/carbon: expected ...".
[[nodiscard]] Expected<LoadedConfig> load_config(const std::string& path,
                                                 const LoadOptions& options = {});

// The same for text that was read from `file`.
[[nodiscard]] Expected<LoadedConfig> decode_config(std::string_view text, const std::string& file,
                                                   const LoadOptions& options = {});

}  // namespace sluice
