#pragma once

#include <cstddef>
#include <string>

#include "sluice/base/error.h"

namespace sluice {

// No configuration, pack or cluster map comes near it; a wrong path (a log, a disk) ends here.
inline constexpr std::size_t kTextFileBytesMax = 16 * 1024 * 1024;

// The whole file, refused above kTextFileBytesMax. Errors name no file: the caller prepends it.
[[nodiscard]] Expected<std::string> read_text_file(const std::string& path);

}  // namespace sluice
