#pragma once

#include <string>
#include <utility>

#include "sluice/base/error.h"

namespace sluice {

// Keeps a second relay away from a state folder. Two that wrote the same journal and spools would
// publish each other's numbers. The kernel holds the lock for the process, so that it ends with it,
// however it ends; the file "lock" stays and says in plain text who had it last.
class StateLock {
 public:
  // Fails when another process holds it ("another sluice (pid 123) uses DIR") or the file cannot be
  // made. `state_dir` must exist.
  [[nodiscard]] static Expected<StateLock> take(const std::string& state_dir);

  // While the relay runs, its folder may be removed or replaced by another one: then the lock that
  // it holds is nobody's, and this makes the folder if need be and takes the lock in it. Fails like
  // take(), and may be tried again.
  [[nodiscard]] Expected<void> renew();

  StateLock(StateLock&& other) noexcept
      : state_dir_(std::move(other.state_dir_)), file_(std::exchange(other.file_, -1)) {}
  StateLock& operator=(StateLock&& other) noexcept {
    std::swap(state_dir_, other.state_dir_);
    std::swap(file_, other.file_);
    return *this;
  }
  ~StateLock();

 private:
  StateLock(std::string state_dir, int file) : state_dir_(std::move(state_dir)), file_(file) {}

  std::string state_dir_;
  int file_;
};

}  // namespace sluice
