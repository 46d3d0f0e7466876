#include "net/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace sluice {
namespace {

// The page takes 256 connections, the rest of the program a few dozen files.
constexpr std::uint64_t kReserve = 512;

}  // namespace

Descriptors raise_descriptor_limit(std::uint64_t connections) noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {connections + kReserve, connections};
  const rlim_t wanted = connections + kReserve;
  if (limit.rlim_cur < wanted && limit.rlim_cur < limit.rlim_max) {
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = std::min(wanted, limit.rlim_max);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  }
  const std::uint64_t all = limit.rlim_cur;
  return {all, all - std::min(kReserve, all / 2)};
}

}  // namespace sluice
