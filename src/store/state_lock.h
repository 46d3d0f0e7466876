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

  StateLock(StateLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  StateLock& operator=(StateLock&&) = delete;
  ~StateLock();

 private:
  explicit StateLock(int file) : file_(file) {}

  int file_;
};

}  // namespace sluice
