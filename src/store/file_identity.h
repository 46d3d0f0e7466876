#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>

namespace sluice {

// Which file a path leads to. It changes when the file is replaced by another, be it a copy; what
// is written to the one that was opened before is then seen by nobody else.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;

  // Nothing when no file is there.
  [[nodiscard]] static std::optional<FileIdentity> of(const std::string& path) {
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0) return std::nullopt;
    return FileIdentity{found.st_dev, found.st_ino};
  }
  [[nodiscard]] static std::optional<FileIdentity> of(int file) {
    struct stat found{};
    if (::fstat(file, &found) != 0) return std::nullopt;
    return FileIdentity{found.st_dev, found.st_ino};
  }

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

}  // namespace sluice
