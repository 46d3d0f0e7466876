#include "app/freed_memory.h"

#ifdef __GLIBC__
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <fstream>
#endif

namespace sluice {

#ifdef __GLIBC__
namespace {

constexpr int kMiB = 1024 * 1024;
constexpr int kTopKept = 4 * kMiB;

// Of the whole process; 0 if it is not told.
std::size_t resident_bytes() {
  std::size_t all = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

// Every tick frees what the next one needs again. By default glibc gives each thread an arena that
// grows and shrinks by pages, a system call and a page fault each: a tenth of what publishing cost.
void FreedMemory::keep() {
  mallopt(M_ARENA_MAX, 1);  // The ingest threads hardly allocate, so nobody waits for its lock.
  mallopt(M_TOP_PAD, kTopKept);
  mallopt(M_TRIM_THRESHOLD, 32 * kMiB);
  mallopt(M_MMAP_THRESHOLD, 8 * kMiB);
}

// What was given back counts as free with the allocator, so the pages that are there tell how much
// can be gained, but for pieces smaller than a page: what the last time left. Twice a minute at
// most, because whoever needs it again pays a page fault for every page.
void FreedMemory::give_back(Timestamp now) {
  constexpr std::chrono::seconds kEvery{30};
  constexpr std::size_t kKept = std::size_t{64} * kMiB;  // Ticks of a large fleet need that.
  if (now < last_look_ + kEvery && now >= last_look_) return;
  last_look_ = now;
  const auto unused = [] {
    const struct mallinfo2 known = mallinfo2();
    const std::size_t used = known.uordblks + known.hblkhd;
    return std::max(resident_bytes(), used) - used;
  };
  const std::size_t now_unused = unused();
  left_ = std::min(left_, now_unused);
  if (now_unused <= left_ + kKept) return;
  malloc_trim(kTopKept);
  left_ = unused();
}
#else
void FreedMemory::keep() {}
void FreedMemory::give_back(Timestamp) {}
#endif

}  // namespace sluice
