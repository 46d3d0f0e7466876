#pragma once

#include <cstddef>

#include "sluice/base/time.h"

namespace sluice {

// How the process keeps memory that was freed, and when it gives it back. With another C library
// than glibc nothing happens here.
class FreedMemory {
 public:
  // To be called before any thread begins.
  static void keep();

  // To be called with every tick. Gives back what a backlog has left behind: its memory lies
  // between what is still in use, where the allocator keeps it for ever.
  void give_back(Timestamp now);

 private:
  Timestamp last_look_{};
  std::size_t left_ = 0;  // Octets that could not be given back the last time.
};

}  // namespace sluice
